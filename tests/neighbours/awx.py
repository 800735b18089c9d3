# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does what AWX does with a job: fills credentials into a private data directory, and runs it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import ansible_runner
from awx_plugins.interfaces._temporary_private_api import ManagedCredentialType
from awx_plugins.interfaces._temporary_private_credential_api import Credential
from awx_plugins.interfaces._temporary_private_inject_api import inject_credential


def inject(form: dict[str, Any], given: dict[str, Any], directory: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The environment that a credential of this type makes, and what AWX keeps of it. Files go below the directory."""
    (directory / "env").mkdir(exist_ok=True)
    kind = ManagedCredentialType(
        namespace="falcon", name=form["name"], kind=form["kind"], inputs=form["inputs"], injectors=form["injectors"]
    )
    env: dict[str, str] = {}
    shown: dict[str, str] = {}
    inject_credential(kind, Credential(given), env, shown, [], str(directory))
    # There the directory is /runner.
    return {name: value.replace("/runner", str(directory)) for name, value in env.items()}, shown


if __name__ == "__main__":
    # In a process of its own, since ansible-runner takes its environment from there.
    sys.exit(ansible_runner.run(**json.loads(sys.argv[1])).rc)

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide for the first ten minutes is followed from top to bottom, and what one sees is what it says."""

from __future__ import annotations

import re
import textwrap

import yaml

from emulator.scopes import ALL
from integration.harness import User
from integration.pages import FIRST_STEPS
from integration.terminal import Terminal

# What differs from run to run; of what came from a vault, ansible-core 2.22 shows as little.
VARIES = {
    r"[0-9a-f]{32}|\$REDACTED\$": "ID",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ": "TIME",
    r"\d\d min": "LEFT",
    r"\*{3,}": "***",
}


def steps() -> list[tuple[str, str]]:
    """Language and text of each block, in the order of the page."""
    found = re.findall(r"^\.\. code-block:: (\w+)\n\n((?:(?: {4}.*)?\n)+)", FIRST_STEPS.read_text(), re.MULTILINE)
    return [(kind, textwrap.dedent(text).strip("\n") + "\n") for kind, text in found]


def lines(text: str) -> list[str]:
    for pattern, name in VARIES.items():
        text = re.sub(pattern, name, text)
    return [line for line in text.splitlines() if line.strip()]


def test_the_first_ten_minutes(user: User) -> None:
    blocks = steps()
    written = {match[1]: text for kind, text in blocks if kind == "yaml" and (match := re.match(r"# (\S+)\n", text))}
    client = {key.removeprefix("falcon_"): value for key, value in yaml.safe_load(written["falcon_vault.yml"]).items()}
    user.api_client(cloud="us-2", scopes=ALL, **client)
    # What is typed into the editor.
    typed = user.write("typed", written["falcon_vault.yml"], clear=True)
    user.write("windows.yml", written["windows.yml"])
    del user.environment["ANSIBLE_VAULT_PASSWORD_FILE"]
    user.environment |= {"EDITOR": f"cp {typed}", "CI_PIPELINE_ID": "42"}
    password = user.home / ".falcon-vault-password"
    ran, shown, exports, seen = 0, 0, "", ""
    for kind, text in blocks:
        if kind == "shell" and "pip install" not in text:
            # A pipeline runs on another machine.
            pipeline = "printenv VAULT_PASSWORD" in text
            exports = "" if pipeline else exports
            env = {"VAULT_PASSWORD": password.read_text().strip()} if pipeline else {}
            command = ("/bin/bash", "-euo", "pipefail", "-c", exports + text)
            if "ansible-vault create" in text:
                with Terminal(user, *command, env=env) as terminal:
                    run = terminal.wait().ok()
            else:
                run = user.command(*command, env=env).wait().ok()
            exports += "".join(f"{line}\n" for line in text.splitlines() if line.startswith("export"))
            seen, ran = run.stdout, ran + 1
        elif kind == "text":
            missing = [line for line in lines(text) if line not in lines(seen)]
            assert missing == [], seen
            shown += 1
    assert (ran, shown) == (5, 4)
    # At us-1 and where it was sent on to, and once more for the session of the pipeline.
    assert user.asked(status=201) == 2
    assert len(user.emulator.live_tokens()) == 1

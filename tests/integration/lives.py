# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks for the whole life of a token, each with its result in a variable of its own."""

from __future__ import annotations

import json
from typing import Any

from emulator.world import ApiClient
from integration.harness import User


def get(register: str, **arguments: Any) -> str:
    """A task that wants a token."""
    return _task("falcon_token", register, arguments)


def revoke(register: str, **arguments: Any) -> str:
    """A task that revokes. It may fail."""
    return _task("falcon_token_revoke", register, arguments) + "  ignore_errors: true\n"


def info(register: str, **arguments: Any) -> str:
    """A task that tells what there is. It may fail."""
    return _task("falcon_token_info", register, arguments) + "  ignore_errors: true\n"


def dump(*names: str) -> str:
    """Hands these variables to the test."""
    return f"- dump: {json.dumps({name: f'{{{{ {name} }}}}' for name in names})}\n"


def stored(user: User, **clients: ApiClient) -> None:
    """Clients by name, in vaulted variables."""
    user.vault("group_vars/all.yml", {"falcon_clients": {name: pair(client) for name, client in clients.items()}})


def pair(client: ApiClient) -> dict[str, str]:
    """Id and secret as a stored client has them."""
    return {"client_id": client.client_id, "client_secret": client.client_secret}


def _task(module: str, register: str, arguments: dict[str, Any]) -> str:
    # JSON is YAML, and strings of templates need no thought about quotes.
    return f"- falconops.auth.{module}: {json.dumps(arguments)}\n  register: {register}\n"

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""Asking from the machine that a task is delegated to, where it alone may reach the cloud."""

from __future__ import annotations

import contextlib
import time
import typing as t

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible_collections.falconops.auth.plugins.module_utils._argspec import CONNECTION_SPEC
from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.module_utils._token import Token
from ansible_collections.falconops.auth.plugins.plugin_utils._options import Options


def is_elsewhere(action: ActionBase) -> bool:
    """Whether the task is delegated to a machine other than the control node."""
    return bool(action._task.delegate_to) and action._connection.transport != "local"


def ask_there(action: ActionBase, variables: dict[str, t.Any], client: Client, options: Options) -> Token:
    """Run the real module on that machine, with options that are resolved and checked."""
    there = action._task.delegate_to
    if C.DEFAULT_KEEP_REMOTE_FILES:
        raise FalconError(
            f"keep_remote_files is on, so that the secret of {client} would stay in a file on {there}; switch it off "
            "(ANSIBLE_KEEP_REMOTE_FILES, or keep_remote_files in ansible.cfg)."
        )
    # The connection shows at -vvv what a module says, unless it knows better.
    kept, action._play_context.no_log, action._task.no_log = action._task.no_log, True, True
    try:
        result = action._execute_module(
            module_name="falconops.auth.falcon_token",
            module_args={
                "client_id": client.client_id,
                "client_secret": client.client_secret,
                "hostname": client.hostname,
                "member_cid": client.member_cid,
                **{name: options.value(name) for name in CONNECTION_SPEC},
            },
            task_vars=variables,
        )
    finally:
        action._play_context.no_log = action._task.no_log = kept
    with contextlib.suppress(ValueError):
        return Token.from_answer(result, hostname=str(result.get("hostname")), now=time.time())
    if "refused" in result:
        raise FalconError(f"On {there}: {result['msg']}", refused=bool(result["refused"]))
    # Whatever else went wrong is Ansible's or Python's to tell, in words that may hold what was sent there.
    raise FalconError(
        f"Asking {client.hostname} from {there} failed before anything was sent: the module did not run there; it "
        "needs Python 3.8 or newer with the library requests there, see ansible_python_interpreter."
    )

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import time
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.falconops.auth.plugins.module_utils._argspec import TOKEN_MODULE_SPEC
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils._context import context_fact
from ansible_collections.falconops.auth.plugins.plugin_utils._delegate import ask_there, is_elsewhere
from ansible_collections.falconops.auth.plugins.plugin_utils._door import (
    Door,
    ask_here,
    forms,
    register_secrets,
    shown,
    unexpected,
)


class ActionModule(ActionBase):
    """A valid token for a client, from the store or from the API."""

    _requires_connection = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        try:
            with _environment(self._task.environment):
                return self._token(task_vars or {})
        except AnsibleConnectionFailure:
            raise  # the machine that the task is delegated to cannot be reached
        except FalconError as error:
            message = error.message
        except Exception as error:
            message = unexpected(error)
        # Built outside of the except blocks, since ansible-core shows what an exception came from.
        return {"failed": True, "changed": False, "msg": message}

    def _token(self, variables: dict[str, t.Any]) -> dict[str, t.Any]:
        door = Door(
            TOKEN_MODULE_SPEC,
            kind="task",
            arguments=self._task.args,
            variables=variables,
            templar=self._templar,
            loader=self._loader,
            task=self._task._uuid,
            ask=partial(ask_there, self, variables) if is_elsewhere(self) else ask_here,
        )
        register_secrets(door.client.client_secret)
        force = door.options.value("force")
        if self._task.check_mode:
            token = None if force else door.cached()
            if token is None:
                return {
                    "changed": True,
                    "msg": f"Would ask {door.client.hostname} for a new token of {door.client}.",
                    "ansible_facts": context_fact(door.client),
                    **shown(door.client, None, time.time()),
                }
            cached = True
        else:
            token, cached = door.token(force=force)
        client = door.client.at(token.hostname)
        register_secrets(token.access_token)
        told = forms(token)
        # The result is whole for register and censored for callbacks, on every version: some forget the first of these.
        self._task.no_log = True
        return {
            "_ansible_no_log": True,
            "changed": not cached,
            "cached": cached,
            "access_token": told["token"],
            "token_type": token.token_type,
            "headers": told["headers"],
            "auth": told["auth"],
            "ansible_facts": context_fact(client),
            **shown(client, token, time.time()),
        }


@contextmanager
def _environment(overlays: list[dict[str, str]] | None) -> Iterator[None]:
    """The task's and play's environment keyword in this process, which serves this task alone."""
    before = dict(os.environ)
    for overlay in overlays or ():
        os.environ.update({str(name): str(value) for name, value in overlay.items()})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)

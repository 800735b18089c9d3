# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""What the action plugins share: the task as a door, and failures as results."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.falconops.auth.plugins.module_utils._argspec import Spec
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils import _preload
from ansible_collections.falconops.auth.plugins.plugin_utils._api import ApiFromHere, ApiFromThere, is_elsewhere
from ansible_collections.falconops.auth.plugins.plugin_utils._door import Door, unexpected
from ansible_collections.falconops.auth.plugins.plugin_utils._options import Options, plain

# Arguments that are secrets, by all of their names.
_SECRETS = ("client_secret", "falcon_client_secret", "access_token")
Result = dict[str, t.Any]

# Action plugins are imported in Ansible's main process, before it forks.
_preload.prepare()


class FalconAction(ActionBase):
    """An action on the control node, in process, unless the task is delegated to another machine."""

    _requires_connection = False
    # Whose arguments they are, as messages name it.
    _door = "task"

    def run(self, tmp: t.Any = None, task_vars: Result | None = None) -> Result:
        super().run(tmp, task_vars)
        self._secrets = [self._task.args[name] for name in _SECRETS if name in self._task.args]
        result = self._answered(task_vars or {})
        if self._task.loop is not None and self._is_told_by_item(task_vars or {}):
            # ansible-core prints the item beside the result, at -v whole whatever its label says.
            return self.hidden(result)
        return result

    def _answered(self, variables: Result) -> Result:
        message = ""
        try:
            with _environment(self._task.environment):
                return self.answer(variables)
        except FalconError as error:
            message = error.message
        except AnsibleConnectionFailure:
            raise  # the machine that the task is delegated to cannot be reached
        except Exception as error:
            message = unexpected(error)
        # Built outside of the except blocks, since ansible-core shows what an exception came from.
        return {"failed": True, "changed": False, "msg": message}

    def answer(self, variables: Result) -> Result:
        """The task's result. Raises FalconError."""
        raise NotImplementedError

    def options(self, spec: Spec, variables: Result) -> Options:
        """The task's options."""
        return Options(spec, door=self._door, arguments=self._task.args, variables=variables, templar=self._templar)

    def door(self, options: Options) -> Door:
        """The task's way to the tokens of its client."""
        api = partial(ApiFromThere, self, options.variables) if is_elsewhere(self) else ApiFromHere
        door = Door(options, loader=self._loader, task=self._task._uuid, api=api)
        self._secrets.append(door.client.client_secret)
        return door

    def hidden(self, result: Result) -> Result:
        """The same, whole for register and censored for callbacks, on every version: some forget the first of these."""
        self._task.no_log = result["_ansible_no_log"] = True
        return result

    def _is_told_by_item(self, variables: Result) -> bool:
        """Whether the item of the task's loop holds a secret of the task, or what is called one."""
        try:
            secrets = [each for each in map(plain, self._secrets) if each]
            return _tells(plain(variables.get(self._task.loop_control.loop_var or "item")), secrets)
        except Exception:
            return True  # an item that cannot be read may be anything


def _tells(value: t.Any, secrets: list[t.Any]) -> bool:
    if isinstance(value, dict):
        return any("secret" in name.lower() or _tells(each, secrets) for name, each in value.items())
    if isinstance(value, list):
        return any(_tells(each, secrets) for each in value)
    return value in secrets


@contextmanager
def _environment(overlays: list[dict[str, str]] | None) -> Iterator[None]:
    """The task's and play's environment keyword in this process, which serves this task alone."""
    if not any(overlays or ()):
        yield
        return
    before = dict(os.environ)
    try:
        for overlay in overlays or ():
            for name, value in overlay.items():
                _set(str(name), value)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _set(name: str, value: t.Any) -> None:
    try:
        os.environ[name] = str(value)
        return
    except (OSError, ValueError):
        pass
    raise FalconError(
        f"environment: the name or the value of {name!r} is none that an environment can hold; take out what is in it "
        "beside printable characters."
    )

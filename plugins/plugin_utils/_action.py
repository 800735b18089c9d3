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

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.falconops.auth.plugins.module_utils._argspec import Spec
from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils import _preload
from ansible_collections.falconops.auth.plugins.plugin_utils._api import ApiFromHere, ApiFromThere, is_elsewhere
from ansible_collections.falconops.auth.plugins.plugin_utils._door import Door, unexpected
from ansible_collections.falconops.auth.plugins.plugin_utils._item import tells_a_secret
from ansible_collections.falconops.auth.plugins.plugin_utils._options import Options

Result = dict[str, t.Any]

# Action plugins are imported in Ansible's main process, before it forks.
_preload.prepare()


class FalconAction(ActionBase):
    """An action on the control node, in process, unless the task is delegated to another machine."""

    _requires_connection = False
    # Whose arguments they are, as messages name it.
    _door = "task"

    def run(self, tmp: t.Any = None, task_vars: Result | None = None) -> Result:
        variables = task_vars or {}
        self._secrets: list[str] = []
        if self._task.loop is None:
            return self._ran(tmp, variables)
        try:
            result = self._ran(tmp, variables)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # as the timeout of a task is, which nobody shall catch by chance
            if not self._item_tells_a_secret(variables):
                raise
            return self.hidden(self._in_ansibles_words(error))
        return self.hidden(result) if self._item_tells_a_secret(variables) else result

    def _ran(self, tmp: t.Any, variables: Result) -> Result:
        super().run(tmp, variables)
        return self._answered(variables)

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

    def door(self, options: Options, client: Client | None = None) -> Door:
        """The task's way to the tokens of its client, or of another one."""
        api = partial(ApiFromThere, self, options.variables) if is_elsewhere(self) else ApiFromHere
        door = Door(options, loader=self._loader, task=self._task._uuid, client=client, api=api)
        self._secrets.append(door.client.client_secret)
        return door

    def hidden(self, result: Result) -> Result:
        """The same, whole for register and censored for callbacks, on every version: some forget the first of these."""
        self._task.no_log = result["_ansible_no_log"] = True
        return result

    def _item_tells_a_secret(self, variables: Result) -> bool:
        return tells_a_secret(self._task, variables, self._templar, self._secrets)

    def _in_ansibles_words(self, error: BaseException) -> Result:
        """What Ansible makes of an exception: it would print the item beside it."""
        if isinstance(error, AnsibleConnectionFailure):
            return {"unreachable": True, "changed": False, "msg": error.message}
        if isinstance(error, AnsibleError):  # async and the like are refused before anything is done
            return {"failed": True, "changed": False, "msg": error.message}
        seconds = self._task.timeout
        message = f"The task did not end within its timeout of {seconds} seconds."
        return {"failed": True, "changed": False, "msg": message, "timedout": {"period": seconds}}


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

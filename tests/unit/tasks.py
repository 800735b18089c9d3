# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks that are not there, for the action plugins: one host after another, whose facts are kept."""

from __future__ import annotations

import json
import typing as t
from unittest.mock import MagicMock

from ansible_collections.falconops.auth.tests.unit.controller import loader_with, templar_of


class Run:
    """One task for one host after another, whose facts are kept as a strategy keeps them."""

    def __init__(self, plugin: t.Any) -> None:
        self.variables: dict[str, t.Any] = {"inventory_hostname": "web1", "ansible_facts": {}}
        self._plugin = plugin

    def action(self, args, *, check=False, uuid="task-1", environment=None, elsewhere=None, play="play-1"):
        task = MagicMock(args=dict(args), check_mode=check, _uuid=uuid, environment=environment or [])
        task.async_val, task.delegate_to, task.no_log = 0, elsewhere, False
        task.action = self._plugin.__module__.rsplit(".", 1)[-1]
        task.timeout = task.diff = 0
        task.get_play.return_value._uuid = play
        connection = MagicMock(transport="ssh" if elsewhere else "local", become=None)
        loader = loader_with()
        return self._plugin(
            task=task,
            connection=connection,
            play_context=MagicMock(check_mode=check, no_log=False),
            loader=loader,
            templar=templar_of(self.variables, loader),
            shared_loader_obj=None,
        )

    def __call__(self, args, **how):
        self.last = self.action(args, **how)
        result = self.last.run(task_vars=self.variables)
        json.dumps(result)
        self.variables["ansible_facts"].update(result.get("ansible_facts", {}))
        return result

    def afresh(self, args, **how):
        """The same for a host without a context, whose choice would count."""
        self.variables["ansible_facts"].clear()
        return self(args, **how)

    def of(self, plugin: t.Any) -> Run:
        """Tasks of another plugin in the same play."""
        run = Run(plugin)
        run.variables = self.variables
        return run

    def delegated(self, answer, args, **how):
        """The result of a delegated task whose module answers so, and its action."""
        action = self.action(args, elsewhere="bastion", **how)
        action._execute_module = MagicMock(
            side_effect=answer if isinstance(answer, Exception) else None, return_value=answer
        )
        return action.run(task_vars=self.variables), action

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`dump: {name: value, ...}` hands values of a play to the test, past every output and every file of the user."""

from __future__ import annotations

import json
import os

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        line = json.dumps([task_vars["inventory_hostname"], self._task.args], default=str) + "\n"
        # One write, so that forks do not mix their lines.
        handle = os.open(os.environ["FALCONOPS_TEST_DUMP"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(handle, line.encode())
        os.close(handle)
        return {"changed": False}

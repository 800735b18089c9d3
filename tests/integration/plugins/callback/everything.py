# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A careless callback: it shows whatever it is handed, the tasks with their arguments too."""

from __future__ import annotations

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: everything
type: notification
short_description: Shows whatever it is handed
description: Shows whatever it is handed.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "everything"

    def _show(self, result, **_more):
        # What a class keeps from all others is not handed to anybody: in 2.21 that is the result before it is hidden.
        handed = {name: getattr(result, name) for name in dir(result) if "__" not in name}
        self._display.display(f"everything: {handed!r} {vars(result._task)!r}")

    v2_runner_on_ok = v2_runner_on_failed = v2_runner_item_on_ok = _show

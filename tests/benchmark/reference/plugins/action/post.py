# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One bare request for a token: what asking costs whoever does no more than that."""

from __future__ import annotations

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        import requests  # where falcon_token imports it: who asks needs it, and nobody else

        form = {name: str(task_vars[f"falcon_{name}"]) for name in ("client_id", "client_secret")}
        answer = requests.post("https://api.crowdstrike.com/oauth2/token", data=form, timeout=30)
        answer.raise_for_status()
        return {"changed": True, "access_token": answer.json()["access_token"], "_ansible_no_log": True}

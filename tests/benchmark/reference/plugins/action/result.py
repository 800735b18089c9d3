# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Returns what falcon_token returns, and does nothing for it: what Ansible itself makes of such a result."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

TOKEN = "t" * 900
FACT = {"client": None, "cloud": "us-1", "hostname": "https://api.crowdstrike.com", "member_cid": None, "session": None}


class ActionModule(ActionBase):
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        self._task.no_log = True
        return {
            "_ansible_no_log": True,
            "changed": False,
            "cached": True,
            "access_token": TOKEN,
            "token_type": "bearer",
            "headers": {"Authorization": f"Bearer {TOKEN}"},
            "auth": {"access_token": TOKEN, "cloud": "us-1"},
            "ansible_facts": {"falcon_context": {**FACT, "sealed": "s" * 400}},
            **FACT,
            "client_id": "0" * 32,
            "expires_at": "2026-01-01T00:00:00Z",
            "expires_in": 1799,
        }

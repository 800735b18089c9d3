# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only what cryptography has to do for a warm token: derive the key, name the entry, open it, seal the context."""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible_collections.bench.reference.plugins.plugin_utils.clock import timed
from ansible_collections.falconops.auth.plugins.plugin_utils._seal import Sealer

# Made once, before Ansible forks, as falcon_token's are.
CONTENT = {"access_token": "t" * 900, "hostname": "https://api.crowdstrike.com"}
ENTRY = Sealer.from_secret("", "").seal(CONTENT, place="here")
KEY = Sealer.random_key()


class ActionModule(ActionBase):
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        with timed():
            sealer = Sealer.from_secret("", "")
            sealer.name("token", "https://api.crowdstrike.com", None, None)
            sealer.open(ENTRY, place="here")
            Sealer(KEY).seal(CONTENT, place="there")
        return {"changed": False}

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only the two templates of credentials that chain once, rendered by Ansible."""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible_collections.bench.reference.plugins.plugin_utils.clock import timed
from ansible_collections.falconops.auth.plugins.plugin_utils import _preload

# Before Ansible forks, as falcon_token does.
_preload.prepare()


class ActionModule(ActionBase):
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        with timed():
            for name in ("falcon_client_id", "falcon_client_secret"):
                self._templar.template(task_vars[name])
        return {"changed": False}

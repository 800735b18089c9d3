# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only the look for one key in the user's fact cache, through Ansible's cache plugin."""

from __future__ import annotations

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import cache_loader
from ansible_collections.bench.reference.plugins.plugin_utils.clock import timed

cache_loader.get(C.CACHE_PLUGIN, class_only=True)


class ActionModule(ActionBase):
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        with timed():
            cache_loader.get(C.CACHE_PLUGIN, _prefix="bench_").contains("0" * 64)
        return {"changed": False}

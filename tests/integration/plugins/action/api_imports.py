# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`api_imports:` is falcon_api, and its result says what the worker had to import for it."""

from __future__ import annotations

import sys

from ansible_collections.falconops.auth.plugins.action import falcon_api


class ActionModule(falcon_api.ActionModule):
    def run(self, tmp=None, task_vars=None):
        before = set(sys.modules)
        result = super().run(tmp, task_vars)
        return {**result, "imported": sorted(set(sys.modules) - before)}

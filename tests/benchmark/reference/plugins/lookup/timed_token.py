# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup falcon_token, and what its run() takes in the worker."""

from __future__ import annotations

from ansible_collections.bench.reference.plugins.plugin_utils.clock import timed
from ansible_collections.falconops.auth.plugins.lookup import falcon_token


class LookupModule(falcon_token.LookupModule):
    def run(self, terms, variables=None, **kwargs):
        with timed():
            return super().run(terms, variables, **kwargs)

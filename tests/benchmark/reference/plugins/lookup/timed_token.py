# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup falcon_token, and what it takes in the worker: first what Ansible does to load it, then its run()."""

from __future__ import annotations

from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase
from ansible_collections.bench.reference.plugins.plugin_utils.clock import timed


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        with timed():
            lookup = lookup_loader.get("falconops.auth.falcon_token", loader=self._loader, templar=self._templar)
        with timed():
            return lookup.run(terms, variables, **kwargs)

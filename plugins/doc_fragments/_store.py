# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""Options of the token store."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  min_ttl:
    description:
      - No token with fewer seconds left is handed out, from 0 to 1200, though never more than half of a token's life is
        asked for.
      - For modules, if it is not given, the variable V(falcon_min_ttl) is used.
    type: int
    default: 240
    version_added: 1.0.0
  cache:
    description:
      - Whether tokens are kept in the store and taken from there. With V(false), one is asked for each task and client
        (each evaluation, for a lookup).
      - For modules, if it is not given, the variable V(falcon_cache), the environment variable E(FALCON_CACHE) or the
        ini
        entry C([falconops_auth] cache) is used.
    type: bool
    default: true
    version_added: 1.0.0
  cache_plugin:
    description:
      - Cache plugin that keeps the tokens, such as V(community.general.redis). Without it they lie, sealed, in the fact
        cache that is configured for Ansible.
      - Where that is V(memory), which no second process sees, they lie in files of a private directory in the user's
        Ansible home.
      - For modules, if it is not given, the variable V(falcon_cache_plugin), the environment variable
        E(FALCON_CACHE_PLUGIN) or the ini entry C([falconops_auth] cache_plugin) is used.
    type: str
    version_added: 1.0.0
  cache_connection:
    description:
      - What this cache plugin connects to. Without it the plugin's own configuration counts.
      - For modules, if it is not given, the variable V(falcon_cache_connection), the environment variable
        E(FALCON_CACHE_CONNECTION) or the ini entry C([falconops_auth] cache_connection) is used.
    type: str
    version_added: 1.0.0
  cache_prefix:
    description:
      - What the keys of all entries begin with, 1 to 64 letters, digits and characters of V(._-).
      - For modules, if it is not given, the variable V(falcon_cache_prefix), the environment variable
        E(FALCON_CACHE_PREFIX) or the ini entry C([falconops_auth] cache_prefix) is used.
    type: str
    default: falconops_auth_
    version_added: 1.0.0
"""

    PLUGIN = r"""
options:
  min_ttl:
    vars: [{name: falcon_min_ttl, version_added: 1.0.0}]
  cache:
    vars: [{name: falcon_cache, version_added: 1.0.0}]
    env: [{name: FALCON_CACHE, version_added: 1.0.0}]
    ini: [{section: falconops_auth, key: cache, version_added: 1.0.0}]
  cache_plugin:
    vars: [{name: falcon_cache_plugin, version_added: 1.0.0}]
    env: [{name: FALCON_CACHE_PLUGIN, version_added: 1.0.0}]
    ini: [{section: falconops_auth, key: cache_plugin, version_added: 1.0.0}]
  cache_connection:
    vars: [{name: falcon_cache_connection, version_added: 1.0.0}]
    env: [{name: FALCON_CACHE_CONNECTION, version_added: 1.0.0}]
    ini: [{section: falconops_auth, key: cache_connection, version_added: 1.0.0}]
  cache_prefix:
    vars: [{name: falcon_cache_prefix, version_added: 1.0.0}]
    env: [{name: FALCON_CACHE_PREFIX, version_added: 1.0.0}]
    ini: [{section: falconops_auth, key: cache_prefix, version_added: 1.0.0}]
"""

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: it can change in any release.

"""The options that modules, lookups and action plugins share: their types, defaults and choices."""

from __future__ import annotations

import typing as t

from ansible_collections.falconops.auth.plugins.module_utils._call import METHODS
from ansible_collections.falconops.auth.plugins.module_utils._clouds import CLOUDS

Spec = t.Dict[str, t.Dict[str, t.Any]]

CLIENT_SPEC: Spec = {
    "client": {"type": "str"},
    "clients": {"type": "dict", "no_log": True},
    "clients_file": {"type": "path"},
    "client_id": {"type": "str", "aliases": ["falcon_client_id"]},
    "client_secret": {"type": "str", "no_log": True, "aliases": ["falcon_client_secret"]},
    "cloud": {"type": "str", "choices": list(CLOUDS)},
    "hostname": {"type": "str"},
    "member_cid": {"type": "str"},
    "session": {"type": "str"},
}

CONNECTION_SPEC: Spec = {
    "timeout": {"type": "int", "default": 10},
    "retries": {"type": "int", "default": 3},
    "proxy": {"type": "str"},
    "ca_path": {"type": "path"},
    "validate_certs": {"type": "bool", "default": True},
    "user_agent": {"type": "str"},
}

STORE_SPEC: Spec = {
    "min_ttl": {"type": "int", "default": 240},
    "cache": {"type": "bool", "default": True},
    "cache_plugin": {"type": "str"},
    "cache_connection": {"type": "str"},
    "cache_prefix": {"type": "str", "default": "falconops_auth_"},
}

# What every door has. The default of cloud is not in its spec, since hostname stands in its place.
SHARED_SPEC: Spec = {**CLIENT_SPEC, **CONNECTION_SPEC, **STORE_SPEC}

TOKEN_MODULE_SPEC: Spec = {**SHARED_SPEC, "force": {"type": "bool", "default": False}}
TOKEN_LOOKUP_SPEC: Spec = {
    **SHARED_SPEC,
    "format": {"type": "str", "default": "token", "choices": ["token", "bearer", "headers", "auth"]},
}

REVOKE_SPEC: Spec = {
    **SHARED_SPEC,
    "access_token": {"type": "str", "no_log": True},
    "all": {"type": "bool", "default": False},
}
INFO_SPEC: Spec = {
    **SHARED_SPEC,
    "access_token": {"type": "str", "no_log": True},
    "all": {"type": "bool", "default": False},
    "verify": {"type": "bool", "default": False},
    "query": {"type": "str"},
}
# Beside the shared ones, what falcon_api is told of a call. A lookup has no files.
CALL_SPEC: Spec = {
    "path": {"type": "str", "required": True},
    "method": {"type": "str", "default": "GET", "choices": list(METHODS)},
    "params": {"type": "dict"},
    "body": {"type": "raw"},
    "body_format": {"type": "str", "default": "json", "choices": ["json", "form", "multipart", "raw"]},
    "headers": {"type": "dict"},
    "ids": {"type": "list", "elements": "str"},
    "batch_size": {"type": "int"},
    "paginate": {"type": "bool", "default": False},
    "max_items": {"type": "int"},
    "query": {"type": "str"},
    "read_only": {"type": "bool"},
    "allow_partial": {"type": "bool", "default": False},
    "ignore_codes": {"type": "list", "elements": "int"},
    "max_wait": {"type": "int", "default": 90},
}
FILES_SPEC: Spec = {
    "src": {"type": "path"},
    "dest": {"type": "path"},
    "mode": {"type": "raw"},
    "checksum": {"type": "str"},
}
API_SPEC: Spec = {**SHARED_SPEC, **CALL_SPEC, **FILES_SPEC, "access_token": {"type": "str", "no_log": True}}
API_LOOKUP_SPEC: Spec = {**SHARED_SPEC, **CALL_SPEC, "path": {"type": "str"}}
TOKEN_FILE_SPEC: Spec = {**SHARED_SPEC, "dest": {"type": "path", "required": True}}
SESSION_GATE_SPEC: Spec = {
    **SHARED_SPEC,
    "state": {"type": "str", "required": True, "choices": ["current", "named", "entered", "left"]},
    "tasks": {"type": "path"},
    "within": {"type": "str"},
}

# Smallest and largest value of each number.
RANGES: dict[str, tuple[int, int]] = {
    "timeout": (1, 300),
    "retries": (0, 10),
    "min_ttl": (0, 1200),
    "batch_size": (1, 5000),
    "max_items": (1, 10_000_000),
    "max_wait": (0, 3600),
}

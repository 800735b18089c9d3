# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.falconops.auth.plugins.module_utils._argspec import CLIENT_SPEC, Spec
from ansible_collections.falconops.auth.plugins.module_utils._client import STORED_CHECKS, check_client_id
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils._action import FalconAction, Result
from ansible_collections.falconops.auth.plugins.plugin_utils._client_file import kept_file, stored_values
from ansible_collections.falconops.auth.plugins.plugin_utils._door import register_secrets, warn
from ansible_collections.falconops.auth.plugins.plugin_utils._options import (
    ENVIRONMENT,
    VARIABLES,
    Found,
    Level,
    Options,
)

SPEC: Spec = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "vault_id": {"type": "str"},
    **{key: CLIENT_SPEC[key] for key in ("clients_file", *STORED_CHECKS)},
}


class ActionModule(FalconAction):
    """One client in a vaulted file of stored clients: what the role falcon_client does.

    Id and secret are best not among the arguments, which Ansible hands to callbacks; it finds them where
    falcon_token does.
    """

    _door = "role falcon_client"

    def answer(self, variables: Result) -> Result:
        options = self.options(SPEC, variables)
        name, path = options.find("name"), options.find("clients_file")
        if name.empty:
            raise FalconError("The client to store has no name; give falcon_client_name.")
        if path.empty:
            raise FalconError(
                f"There is no file to store the client '{name.value}' in; give falcon_client_file, or "
                f"{VARIABLES['clients_file']} or, in the environment, {ENVIRONMENT['clients_file']}."
            )
        absent = options.value("state") == "absent"
        with kept_file(path, self._loader, options.value("vault_id"), warn) as file:
            before = file.client(name.value)
            after = None if absent else _client(options, name, before)
            result: Result = {"changed": before != after or file.rekeyed}
            if result["changed"]:
                file.put(name.value, after)
                file.write(only_try=self._task.check_mode)
        if self._task.diff:
            result["diff"] = {
                "before_header": path.value,
                "after_header": path.value,
                "before": {} if before is None else {name.value: _shown(before)},
                "after": {} if after is None else {name.value: _shown(after, before)},
            }
        return result


def _client(options: Options, name: Found, before: t.Any) -> dict[str, str]:
    """The client to store: what is given and, of one with the same id that is stored already, what is not."""
    given = _given(options)
    values = {**_own(name, before, given.get("client_id")), **given}
    for one, other in (("cloud", "hostname"), ("hostname", "cloud")):
        if one in given and other not in given and not given[one].empty:
            values.pop(other, None)  # they are one choice
    kept = {key: values[key] for key in STORED_CHECKS if key in values and not values[key].empty}
    for key in ("client_id", "client_secret"):
        if key not in kept:
            raise FalconError(
                f"There is no {key} to store for the client '{name.value}'; give {VARIABLES[key]} or, in the "
                f"environment, {ENVIRONMENT[key]}."
            )
    if "cloud" in kept and "hostname" in kept:
        raise FalconError(f"The client '{name.value}' has both cloud and hostname; give it one of them.")
    register_secrets(kept["client_secret"].value)
    checked = {key: found.checked(STORED_CHECKS[key]) for key, found in kept.items()}
    return {**checked, **{key: kept[key].value for key in ("cloud",) if key in kept}}


def _given(options: Options) -> dict[str, Found]:
    """What is given; an empty cloud, host or member is one that is to be taken away."""
    given = {key: options.at(Level.ARGUMENT, key) for key in STORED_CHECKS}
    for key in ("client_id", "client_secret"):
        found = options.find(key)
        given[key] = None if found.empty else found
    return {key: found for key, found in given.items() if found}


def _own(name: Found, before: t.Any, client_id: Found | None) -> dict[str, Found]:
    """What is stored already, if it is of the client with this id. Of another one nothing is kept."""
    if not isinstance(before, Mapping):
        return {}
    if client_id and client_id.checked(check_client_id) != str(before.get("client_id")).strip().lower():
        return {}
    return stored_values(name, f"The stored client '{name.value}'", before)


def _shown(client: t.Any, before: t.Any = None) -> t.Any:
    """A client as a diff shows it. What is no good may be a secret in the wrong place."""
    if not isinstance(client, Mapping):
        return "(hidden)"
    shown = {}
    for key, check in STORED_CHECKS.items():
        if key in client:
            try:
                check(str(client[key]))
                shown[key] = str(client[key])
            except ValueError:
                shown[key] = "(hidden, not valid)"
    if "client_secret" in client:
        another = isinstance(before, Mapping) and before.get("client_secret") != client["client_secret"]
        shown["client_secret"] = "(hidden, another one)" if another else "(hidden)"
    return shown

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: falcon_api
author:
  - falconops contributors (@falconops)
short_description: What the CrowdStrike Falcon API answers, as a value
version_added: 1.0.0
description:
  - Gives what an operation of the CrowdStrike Falcon API answers. It is the module M(falconops.auth.falcon_api) for what only
    reads, with the same options but for those of files.
  - It asks in check mode too.
extends_documentation_fragment:
  - falconops.auth._call
  - falconops.auth._client
  - falconops.auth._client.plugin
  - falconops.auth._connection
  - falconops.auth._connection.plugin
  - falconops.auth._store
  - falconops.auth._store.plugin
options:
  _terms:
    description: Paths of operations. What they give comes one after the other.
    type: list
    elements: str
    required: true
  path:
    description: Not for a lookup, whose terms are the paths.
    required: false
notes:
  - Ansible evaluates a variable that holds a lookup each time it is used, and each time the API is asked. Use the module with
    C(register) and C(run_once) for what many hosts or tasks need.
  - C(module_defaults) do not reach lookups. Variables and the context do.
seealso:
  - module: falconops.auth.falcon_api
"""

EXAMPLES = r"""
- name: Tell how many hosts are contained
  ansible.builtin.debug:
    msg: "{{ contained | length }} hosts are contained."
  vars:
    contained: >-
      {{ query('falconops.auth.falcon_api', '/devices/queries/devices/v1', params={'filter': filter}, paginate=true) }}
    filter: "status:'contained'"
  run_once: true
"""

RETURN = r"""
_raw:
  description: The resources that the API gave, of an answer that has none all of it, or what O(query) has found in the result.
  type: list
  elements: raw
"""

import typing as t
import uuid

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.falconops.auth.plugins.module_utils._argspec import API_LOOKUP_SPEC
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils._calling import call_of, result_of
from ansible_collections.falconops.auth.plugins.plugin_utils._door import Door, unexpected
from ansible_collections.falconops.auth.plugins.plugin_utils._options import Options
from ansible_collections.falconops.auth.plugins.plugin_utils._query import Query


class LookupModule(LookupBase):
    """What the API answers, as a value."""

    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        try:
            if not terms or "path" in kwargs:
                raise FalconError(
                    "The path of the operation is to be given as a term, as in '/devices/queries/devices/v1'."
                )
            return [each for term in terms for each in self._found({**kwargs, "path": term}, variables or {})]
        except FalconError as error:
            message = error.message
        except Exception as error:
            message = unexpected(error)
        # Raised outside of the except blocks, since ansible-core shows what an exception came from.
        raise AnsibleLookupError(message)

    def _found(self, arguments: dict[str, t.Any], variables: dict[str, t.Any]) -> list[t.Any]:
        options = Options(
            API_LOOKUP_SPEC, door="lookup", arguments=arguments, variables=variables, templar=self._templar
        )
        call = call_of(options)
        if not call.reads:
            raise FalconError(f"{call} may change something, which a lookup must not; use the module falcon_api.")
        if call.files:
            raise FalconError("body has a part with src, and a lookup reads no files; use the module falcon_api.")
        query = Query(options.value("query")) if options.value("query") else None
        door = Door(options, loader=self._loader, task=str(uuid.uuid4()))
        result = result_of(door, call)
        found = query.of(result) if query else _worth(result)
        return found if isinstance(found, list) else [found]


def _worth(result: dict[str, t.Any]) -> t.Any:
    """The resources, whatever stands beside them; of an answer that has none, all of it."""
    whole = result.get("json", result.get("content"))
    has_resources = isinstance(whole, dict) and not {"resources", "Resources"}.isdisjoint(whole)
    return result["resources"] if whole is None or has_resources else whole

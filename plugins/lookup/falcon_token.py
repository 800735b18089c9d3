# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: falcon_token
author:
  - falconops contributors (@falconops)
short_description: A valid CrowdStrike Falcon API token
version_added: 1.0.0
description:
  - Gives a valid OAuth2 bearer token of the CrowdStrike Falcon API, the same one that the module
    M(falconops.auth.falcon_token) gives for the same options, from the same store, and by the context that it has set
    for the host.
  - It gives a valid token in check mode too.
extends_documentation_fragment:
  - falconops.auth._client
  - falconops.auth._client.plugin
  - falconops.auth._connection
  - falconops.auth._connection.plugin
  - falconops.auth._store
  - falconops.auth._store.plugin
options:
  _terms:
    description: Names of stored clients, one token for each. Without any, the options say whose token it is.
    type: list
    elements: str
    required: false
  format:
    description:
      - The form in which the token is wanted.
      - V(token) is the token itself.
      - V(bearer) is C(Bearer) and the token, as the value of an C(Authorization) header.
      - V(headers) is a dictionary of HTTP headers, for M(ansible.builtin.uri). Set C(no_log=true) on the task.
      - V(auth) is what the modules of the collection C(crowdstrike.falcon) take in their option C(auth).
    type: str
    default: token
    choices:
      - token
      - bearer
      - headers
      - auth
    version_added: 1.0.0
notes:
  - C(module_defaults) do not reach lookups. Variables and the context do.
  - The C(environment) keyword does not reach lookups. They read the environment of the process.
  - Ansible evaluates a variable that holds a lookup each time it is used. That costs no request, since the token is
    cached.
  - A lookup is a value like any other. Whoever prints it prints the token.
seealso:
  - module: falconops.auth.falcon_token
    description: Gets the token in a task, tells what it is for and until when it is valid, and sets the context.
"""

EXAMPLES = r"""
- name: Call the API with a token of the client in the vaulted variables
  ansible.builtin.uri:
    url: https://api.us-2.crowdstrike.com/sensors/queries/installers/ccid/v1  # the client's own cloud
    headers: "{{ lookup('falconops.auth.falcon_token', format='headers') }}"
  register: ccid
  no_log: true  # or the token shows in the output

- name: Hand the token of a stored client to a program, but not in its environment or arguments, which others can see
  ansible.builtin.command:
    cmd: wc -c
    stdin: "{{ lookup('falconops.auth.falcon_token', 'production', clients_file='vault/falcon_clients.yml') }}"
  changed_when: false
  no_log: true
"""

RETURN = r"""
_raw:
  description: The token, in the form that was asked for, once for each term.
  type: list
  elements: raw
"""

import typing as t
import uuid

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.falconops.auth.plugins.module_utils._argspec import TOKEN_LOOKUP_SPEC
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils._door import Door, forms, unexpected
from ansible_collections.falconops.auth.plugins.plugin_utils._options import Options


class LookupModule(LookupBase):
    """A valid token as a value."""

    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        try:
            if terms and "client" in kwargs:
                raise FalconError("A client's name is given both as a term and as client; give it once.")
            return [self._token({**kwargs, "client": term}, variables or {}) for term in terms] or [
                self._token(kwargs, variables or {})
            ]
        except FalconError as error:
            message = error.message
        except Exception as error:
            message = unexpected(error)
        # Raised outside of the except blocks, since ansible-core shows what an exception came from.
        raise AnsibleLookupError(message)

    def _token(self, arguments: dict[str, t.Any], variables: dict[str, t.Any]) -> t.Any:
        options = Options(
            TOKEN_LOOKUP_SPEC, door="lookup", arguments=arguments, variables=variables, templar=self._templar
        )
        door = Door(options, loader=self._loader, task=str(uuid.uuid4()))
        form = options.value("format")
        return forms(door.token().token)[form]

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: falcon_token_info
short_description: Tell which CrowdStrike Falcon API tokens there are
version_added: 1.0.0
description:
  - Tells whether there is a valid token, for what, and until when, without showing it. It asks for none.
  - It never fails because there is no token, nor because there are no credentials.
extends_documentation_fragment:
  - falconops.auth._client
  - falconops.auth._connection
  - falconops.auth._store
  - falconops.auth._attributes
  - falconops.auth._attributes.group
options:
  verify:
    description:
      - Ask the API itself whether it still takes the token, by a cheap call that needs no scope. A token that is dead leaves
        the store.
    type: bool
    default: false
    version_added: 1.0.0
  access_token:
    description: Ask the API about this token rather than the cached one. This implies O(verify=true).
    type: str
    version_added: 1.0.0
  all:
    description:
      - List every token of the client in the store, in RV(tokens).
      - What another control node has put into a shared store at the very same moment may be missing.
    type: bool
    default: false
    version_added: 1.0.0
  query:
    description: A JMESPath expression over the result. What it finds comes back in RV(result).
    type: str
    version_added: 1.0.0
requirements:
  - jmespath >= 1.0 (Python library, on the control node, only for O(query))
attributes:
  check_mode:
    support: full
    details:
      - Does the same in check mode.
  facts:
    support: none
  idempotent:
    support: full
seealso:
  - module: falconops.auth.falcon_token
    description: Gets a token.
  - module: falconops.auth.falcon_token_revoke
    description: Revokes tokens.
author:
  - falconops contributors (@falconops)
"""

EXAMPLES = r"""
- name: See whether there is a valid token
  falconops.auth.falcon_token_info:
  register: status

- name: Tell until when
  ansible.builtin.debug:
    msg: "{{ status.expires_at if status.token else 'There is no token.' }}"

- name: Ask the API itself
  falconops.auth.falcon_token_info:
    verify: true

- name: List the members that tokens are cached for
  falconops.auth.falcon_token_info:
    all: true
    query: tokens[].member_cid
  register: members
"""

RETURN = r"""
token:
  description: Whether there is a valid token.
  returned: success
  type: bool
  sample: true
expires_at:
  description: When it expires, in UTC by ISO 8601. Null without a token.
  returned: success, when there are credentials
  type: str
  sample: "2026-11-24T12:30:00Z"
expires_in:
  description: Seconds until then. Null without a token.
  returned: success, when there are credentials
  type: int
  sample: 1200
cloud:
  description: The cloud that issued it, or that would be asked. Null for a host that is no known cloud's.
  returned: success, when there are credentials
  type: str
  sample: us-2
hostname:
  description: Base URL of this cloud's API.
  returned: success, when there are credentials
  type: str
  sample: https://api.us-2.crowdstrike.com
client:
  description: Name of the stored client, if it is one.
  returned: success, when there are credentials
  type: str
  sample: production
client_id:
  description: Id of the API client.
  returned: success, when there are credentials
  type: str
  sample: 0123456789abcdef0123456789abcdef
member_cid:
  description: The Flight Control child that the token is for. Null for the client's own customer.
  returned: success, when there are credentials
  type: str
  sample: 9876543210abcdef9876543210abcdef
session:
  description: The session that the token belongs to, if one was named.
  returned: success, when there are credentials
  type: str
  sample: pipeline-42
tokens:
  description: Every live token of the client in the store, described as above.
  returned: success, with O(all=true)
  type: list
  elements: dict
  sample:
    - client: production
      client_id: 0123456789abcdef0123456789abcdef
      cloud: us-2
      expires_at: "2026-11-24T12:30:00Z"
      expires_in: 1200
      hostname: https://api.us-2.crowdstrike.com
      member_cid: null
      session: null
result:
  description: What O(query) has found.
  returned: success, with O(query)
  type: raw
  sample: [null, 9876543210abcdef9876543210abcdef]
msg:
  description: Why nothing can be told, or what went wrong.
  returned: without credentials, and on failure
  type: str
"""

import typing as t

from ansible_collections.falconops.auth.plugins.module_utils._argspec import INFO_SPEC
from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._module import run_module
from ansible_collections.falconops.auth.plugins.module_utils._oauth2 import is_live
from ansible_collections.falconops.auth.plugins.module_utils._wire import Wire


def ask(wire: Wire, client: Client, given: dict[str, t.Any]) -> dict[str, t.Any]:
    """Ask the API from here about a token."""
    return {"changed": False, "token": is_live(wire, client, given["access_token"])}


def main() -> None:
    """Run on a machine that the task is delegated to."""
    run_module(INFO_SPEC, ask)


if __name__ == "__main__":
    main()

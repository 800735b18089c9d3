# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: falcon_token
short_description: Get a valid CrowdStrike Falcon API token
version_added: 1.0.0
description:
  - Gives a valid OAuth2 bearer token of the CrowdStrike Falcon API. It comes from the token store if one lies there,
    else from the API. Whatever number of hosts, forks and runs ask for the token of the same API client, one of them
    asks the API and the others use what it got.
  - The token is sealed in the store under a key that is derived from the client's secret, and is of no use to anyone
    without it. It is renewed before it expires.
  - What the task was given is remembered for the host until the end of the run, or until the next
    M(falconops.auth.falcon_token) - the choice of client, cloud, member and session, and the credentials. Later tasks
    and lookups need not repeat it.
  - Results that carry the token are not shown by callbacks, and are complete in C(register).
extends_documentation_fragment:
  - falconops.auth._client
  - falconops.auth._connection
  - falconops.auth._store
  - falconops.auth._attributes
  - falconops.auth._attributes.group
options:
  force:
    description:
      - Ask for a new token, although the one in the store is valid. However many hosts run the task, it asks once for
        each
        client. Older tokens stay alive.
    type: bool
    default: false
    version_added: 1.0.0
attributes:
  check_mode:
    support: partial
    details:
      - Asks for nothing. A valid token in the store comes back as always; without one the task says that it would ask,
        and returns no token. Set C(check_mode=false) on the task where what follows needs a token in check mode too.
  facts:
    support: full
    details:
      - Sets RV(ansible_facts.falcon_context), whatever the state of the store.
  idempotent:
    support: partial
    details:
      - RV(ignore:changed) is true only when a new token was issued, thus again when the old one is about to expire,
        and with
        O(force=true).
notes:
  - On a task that is delegated to another machine, the request is sent from there. That machine needs Python 3.8 or
    newer
    with requests. The secret travels to it in the arguments of the module, which Ansible keeps in a short-lived file
    unless
    pipelining is on; with C(keep_remote_files), the task refuses to run.
  - The API does not ask for any scope to issue a token. What a token may do is what the scopes of its client allow.
seealso:
  - plugin: falconops.auth.falcon_token
    plugin_type: lookup
    description: The same token as a value in templates.
author:
  - falconops contributors (@falconops)
"""

EXAMPLES = r"""
- name: Get a token with the client in falcon_client_id and falcon_client_secret, from a vaulted vars file
  falconops.auth.falcon_token:
  register: falcon

- name: Tell what it is for, and until when
  ansible.builtin.debug:
    msg: "Token for {{ falcon.cloud }}, valid until {{ falcon.expires_at }}"

- name: Call the API with it
  ansible.builtin.uri:
    url: "{{ falcon.hostname }}/sensors/queries/installers/ccid/v1"
    headers: "{{ falcon.headers }}"
  register: ccid
  no_log: true  # or the token shows in the output

- name: Get a token for a stored client, and for a Flight Control child of it
  falconops.auth.falcon_token:
    clients_file: vault/falcon_clients.yml
    client: production
    member_cid: 9876543210ABCDEF9876543210ABCDEF-12

- name: Say nothing more, since the choice is remembered for the rest of the run
  falconops.auth.falcon_token:
  register: of_the_child

- name: Get a token that a pipeline can revoke without taking anybody else's
  falconops.auth.falcon_token:
    session: "pipeline-{{ pipeline_id | default('42') }}"

- name: Get a new token, once for all hosts of the play
  falconops.auth.falcon_token:
    force: true
"""

RETURN = r"""
cached:
  description: Whether the token was in the store. V(false) means that this task asked the API for it.
  returned: success, when there is a token
  type: bool
  sample: true
access_token:
  description: The token.
  returned: success, when there is a token
  type: str
  sample: eyJhbGciOiJSUzI1NiIsImtpZCI6InB1YmxpYzo...
token_type:
  description: Its type, always V(bearer).
  returned: success, when there is a token
  type: str
  sample: bearer
headers:
  description: The token as HTTP headers. Set C(no_log=true) on tasks that use them.
  returned: success, when there is a token
  type: dict
  sample:
    Authorization: Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6InB1YmxpYzo...
auth:
  description: The token as the modules of the collection C(crowdstrike.falcon) take it in their option C(auth).
  returned: success, when there is a token
  type: dict
  contains:
    access_token:
      description: The token.
      type: str
    cloud:
      description: The cloud's name, or its URL if FalconPy does not know the name.
      type: str
  sample:
    access_token: eyJhbGciOiJSUzI1NiIsImtpZCI6InB1YmxpYzo...
    cloud: us-1
expires_at:
  description: When the token expires, in UTC by ISO 8601. Null in check mode without a token.
  returned: success
  type: str
  sample: "2026-11-24T12:30:00Z"
expires_in:
  description: Seconds until then. Null in check mode without a token.
  returned: success
  type: int
  sample: 1799
cloud:
  description: The cloud that issued the token. Null for a host that is no known cloud's.
  returned: success
  type: str
  sample: us-2
hostname:
  description: Base URL of the API that issued the token.
  returned: success
  type: str
  sample: https://api.us-2.crowdstrike.com
client:
  description: Name of the stored client, if it is one.
  returned: success
  type: str
  sample: production
client_id:
  description: Id of the API client.
  returned: success
  type: str
  sample: 0123456789abcdef0123456789abcdef
member_cid:
  description: The Flight Control child that the token is for. Null for the client's own customer.
  returned: success
  type: str
  sample: 9876543210abcdef9876543210abcdef
session:
  description: The session that the token belongs to, if one was named.
  returned: success
  type: str
  sample: pipeline-42
msg:
  description: What would be done, or what went wrong.
  returned: in check mode without a token, and on failure
  type: str
  sample: Would ask https://api.crowdstrike.com for a new token of client 0123456789abcdef0123456789abcdef.
ansible_facts:
  description: The fact that later tasks and lookups of this run are served from.
  returned: success
  type: dict
  contains:
    falcon_context:
      description:
        - The choice of client, cloud, member and session, and the sealed credentials, which only this run can open.
      type: dict
      sample:
        client: production
        cloud: us-2
        hostname: https://api.us-2.crowdstrike.com
        member_cid: null
        session: null
        sealed: fa1.QkVyZ...
"""

import time
import typing as t

from ansible_collections.falconops.auth.plugins.module_utils._argspec import TOKEN_MODULE_SPEC
from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._module import run_module
from ansible_collections.falconops.auth.plugins.module_utils._oauth2 import request_token
from ansible_collections.falconops.auth.plugins.module_utils._wire import Wire


def ask(wire: Wire, client: Client, given: dict[str, t.Any]) -> dict[str, t.Any]:
    """Ask for a token from here."""
    token = request_token(wire, client)
    return {
        "changed": True,
        "access_token": token.access_token,
        "token_type": token.token_type,
        "expires_in": int(token.seconds_left(time.time())),
        "hostname": token.hostname,
    }


def main() -> None:
    """Run on a machine that the task is delegated to."""
    run_module(TOKEN_MODULE_SPEC, ask)


if __name__ == "__main__":
    main()

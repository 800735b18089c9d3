# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: falcon_token_revoke
short_description: Revoke CrowdStrike Falcon API tokens
version_added: 1.0.0
description:
  - Revokes a token at the API that issued it, then drops it from the token store, then forgets the context of the host. It
    asks for no second token to do so.
  - Without O(access_token) and O(all) it is exactly the cached token that M(falconops.auth.falcon_token) would return for
    the same options. Other sessions, members and clients keep theirs.
  - Where nothing is cached, nothing is sent and nothing changes.
  - When the API cannot be reached, or something else answers in its place, the task fails and keeps the token in the store,
    so that it can be tried again.
extends_documentation_fragment:
  - falconops.auth._client
  - falconops.auth._connection
  - falconops.auth._store
  - falconops.auth._attributes
  - falconops.auth._attributes.group
options:
  access_token:
    description:
      - Revoke this token of the client rather than the cached one.
      - It cannot be given together with O(all=true).
    type: str
    version_added: 1.0.0
  all:
    description:
      - Revoke every cached token of the client, for whichever cloud, member and session.
      - What another control node has put into a shared store at the very same moment may be missed.
      - If some of them cannot be revoked, the others are revoked all the same, and the task fails with both.
    type: bool
    default: false
    version_added: 1.0.0
attributes:
  check_mode:
    support: full
    details:
      - Revokes nothing and keeps the context. Says V(changed) where there is something to revoke.
  facts:
    support: full
    details:
      - Empties RV(ansible_facts.falcon_context) if it names this client, also when nothing was cached.
  idempotent:
    support: partial
    details:
      - With O(access_token) it always says V(changed), since the API does not tell whether it knew the token.
seealso:
  - module: falconops.auth.falcon_token
    description: Gets a token.
  - module: falconops.auth.falcon_token_info
    description: Tells which tokens there are.
author:
  - falconops contributors (@falconops)
"""

EXAMPLES = r"""
- name: Revoke the token that the play has used, and forget its credentials
  falconops.auth.falcon_token_revoke:

- name: Revoke the token of a pipeline, and nobody else's
  falconops.auth.falcon_token_revoke:
    session: "pipeline-{{ pipeline_id | default('42') }}"

- name: Revoke every cached token of a stored client
  falconops.auth.falcon_token_revoke:
    clients_file: vault/falcon_clients.yml
    client: production
    all: true
"""

RETURN = r"""
revoked:
  description: The tokens that were revoked.
  returned: success, and with O(all) on failure as well
  type: list
  elements: dict
  contains:
    expires_at:
      description: When it would have expired, in UTC by ISO 8601. Null for O(access_token).
      type: str
    expires_in:
      description: Seconds until then.
      type: int
    cloud:
      description: The cloud that had issued it. Null for a host that is no known cloud's.
      type: str
    hostname:
      description: Base URL of the API that had issued it.
      type: str
    client:
      description: Name of the stored client, if it is one.
      type: str
    client_id:
      description: Id of the API client.
      type: str
    member_cid:
      description: The Flight Control child that it was for.
      type: str
    session:
      description: The session that it belonged to.
      type: str
  sample:
    - client: null
      client_id: 0123456789abcdef0123456789abcdef
      cloud: us-2
      expires_at: "2026-11-24T12:30:00Z"
      expires_in: 1200
      hostname: https://api.us-2.crowdstrike.com
      member_cid: null
      session: pipeline-42
msg:
  description: What would be done, or what went wrong.
  returned: in check mode, and on failure
  type: str
ansible_facts:
  description: The context, emptied.
  returned: success, if the context of the host was this client's
  type: dict
  contains:
    falcon_context:
      description: An empty dictionary.
      type: dict
      sample: {}
"""

import typing as t

from ansible_collections.falconops.auth.plugins.module_utils._argspec import REVOKE_SPEC
from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._module import run_module
from ansible_collections.falconops.auth.plugins.module_utils._oauth2 import revoke_token
from ansible_collections.falconops.auth.plugins.module_utils._wire import Wire


def revoke(wire: Wire, client: Client, given: dict[str, t.Any]) -> dict[str, t.Any]:
    """Revoke a token from here."""
    revoke_token(wire, client, given["access_token"])
    return {"changed": True}


def main() -> None:
    """Run on a machine that the task is delegated to."""
    run_module(REVOKE_SPEC, revoke)


if __name__ == "__main__":
    main()

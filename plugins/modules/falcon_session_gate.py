# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: falcon_session_gate
short_description: "[INTERNAL] Let hosts into a session of a CrowdStrike Falcon API client and out of it"
version_added: 1.0.0
description:
  - Belongs to the role P(falconops.auth.falcon_session#role), and can change in any release.
  - Hosts that enter a session get its token, and the last one that leaves it revokes it. Which hosts are in stands in the
    temporary directory of the run.
extends_documentation_fragment:
  - falconops.auth._client
  - falconops.auth._connection
  - falconops.auth._store
  - falconops.auth._attributes
  - falconops.auth._attributes.group
options:
  state:
    description:
      - V(current) changes nothing and says in which session the token in use is, if the context says so.
      - V(named) changes nothing and says what the session is called.
      - V(entered) lets the host in and sees to it that there is a token.
      - V(left) lets the host out. When no host of the batch that can be reached is in any more, every token of the client
        in this session is revoked.
    type: str
    choices: [current, named, entered, left]
    required: true
    version_added: 1.0.0
  tasks:
    description:
      - The file with the tasks of the session, for V(named).
      - A relative path is relative to the playbook.
    type: path
    version_added: 1.0.0
  within:
    description: The session in which this one is, for V(named). To be given that one is to be given none.
    type: str
    version_added: 1.0.0
attributes:
  check_mode:
    support: full
    details:
      - Asks for nothing. Revokes only what lookups have asked for in a session of the run's own.
  facts:
    support: full
    details:
      - Leaving puts back the C(falcon_context) of before, if the one there names this client and session.
  idempotent:
    support: full
seealso:
  - module: falconops.auth.falcon_token
    description: Gets a token.
  - module: falconops.auth.falcon_token_revoke
    description: Revokes it.
author:
  - falconops contributors (@falconops)
"""

EXAMPLES = r"""
- name: Enter a session
  falconops.auth.falcon_session_gate:
    state: entered
    session: night

- name: Leave it, and revoke its token
  falconops.auth.falcon_session_gate:
    state: left
    session: night
"""

RETURN = r"""
client:
  description: Name of the stored client.
  returned: when O(state) is V(named) or V(entered)
  type: str
  sample: production
session:
  description: The session. Empty for a token without one, with O(state=current).
  returned: when O(state) is V(named) or V(entered), and with V(current) where the context says it
  type: str
  sample: ansible-local-4711abcdefgh/0123abcd
tasks:
  description: The absolute path of the file with the tasks.
  returned: when O(state=named)
  type: str
  sample: /home/user/project/rotate.yml
client_id:
  description: Id of the API client.
  returned: when O(state=entered)
  type: str
  sample: 0123456789abcdef0123456789abcdef
cloud:
  description: The cloud that issued the token. Null for a host that is no known cloud's.
  returned: when O(state=entered)
  type: str
  sample: us-2
hostname:
  description: Base URL of the API that issued the token.
  returned: when O(state=entered)
  type: str
  sample: https://api.us-2.crowdstrike.com
member_cid:
  description: The Flight Control child that the token is for. Null for the client's own customer.
  returned: when O(state=entered)
  type: str
  sample: 9876543210abcdef9876543210abcdef
expires_at:
  description: When the token expires, in UTC by ISO 8601. Null in check mode without a token.
  returned: when O(state=entered)
  type: str
  sample: "2026-11-24T12:30:00Z"
expires_in:
  description: Seconds until then. Null in check mode without a token.
  returned: when O(state=entered)
  type: int
  sample: 1799
revoked:
  description: The tokens that were revoked, as M(falconops.auth.falcon_token_revoke) describes them.
  returned: when O(state=left)
  type: list
  elements: dict
msg:
  description: What would be done, or what went wrong.
  returned: in check mode when there is something to do, and on failure
  type: str
"""

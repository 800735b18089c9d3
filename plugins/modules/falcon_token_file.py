# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: falcon_token_file
short_description: "[INTERNAL] Write a CrowdStrike Falcon API token into a file"
version_added: 1.0.0
description:
  - Belongs to the playbook C(falconops.auth.request_token), and can change in any release.
  - Writes the token that M(falconops.auth.falcon_token) would give, from the token store or else from the API, into a
    file on the control node, for a program that knows nothing of Ansible.
  - The file has the mode 0600 and is replaced in one step. It holds the token alone, without a newline. It is as good
    as the token, for whoever reads it, until the token expires.
  - In a playbook of your own, M(falconops.auth.falcon_token) gives the token without a file.
extends_documentation_fragment:
  - falconops.auth._client
  - falconops.auth._connection
  - falconops.auth._store
  - falconops.auth._attributes
  - falconops.auth._attributes.group
options:
  dest:
    description:
      - The file. Its directory must exist.
      - A relative path is relative to the directory in which Ansible was started.
    type: path
    required: true
    version_added: 1.0.0
attributes:
  check_mode:
    support: full
    details:
      - Asks for nothing and writes nothing. Says V(changed) where it would write.
  facts:
    support: none
  idempotent:
    support: partial
    details:
      - RV(ignore:changed) is true again when the old token was about to expire.
seealso:
  - module: falconops.auth.falcon_token
    description: Gives the token to a playbook.
author:
  - falconops contributors (@falconops)
"""

EXAMPLES = r"""
- name: Hand the token to another program
  falconops.auth.falcon_token_file:
    dest: falcon_token
"""

RETURN = r"""
dest:
  description: The absolute path of the file.
  returned: success
  type: str
  sample: /home/user/falcon_token
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
  returned: in check mode when there is something to do, and on failure
  type: str
"""

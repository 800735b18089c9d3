# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: falcon_client_file
short_description: "[INTERNAL] Keep an API client in a vaulted file"
version_added: 1.0.0
description:
  - Belongs to the role P(falconops.auth.falcon_client#role), and can change in any release.
  - Stores, changes or removes one client, as the role explains it.
extends_documentation_fragment:
  - falconops.auth._attributes
options:
  name:
    description: See O(falconops.auth.falcon_client#role:main:falcon_client_name).
    type: str
    required: true
    version_added: 1.0.0
  state:
    description: See O(falconops.auth.falcon_client#role:main:falcon_client_state).
    type: str
    choices: [present, absent]
    default: present
    version_added: 1.0.0
  clients_file:
    description: See O(falconops.auth.falcon_client#role:main:falcon_client_file).
    type: path
    version_added: 1.0.0
  vault_id:
    description: See O(falconops.auth.falcon_client#role:main:falcon_client_vault_id).
    type: str
    version_added: 1.0.0
  client_id:
    description:
      - See O(falconops.auth.falcon_client#role:main:falcon_client_id). The role leaves it to this module to find it.
    type: str
    aliases: [falcon_client_id]
    version_added: 1.0.0
  client_secret:
    description:
      - See O(falconops.auth.falcon_client#role:main:falcon_client_secret). The role leaves it to this module to find it, since
        Ansible hands the arguments of tasks to callbacks.
    type: str
    aliases: [falcon_client_secret]
    version_added: 1.0.0
  cloud:
    description: See O(falconops.auth.falcon_client#role:main:falcon_client_cloud).
    type: str
    choices: [us-1, us-2, us-3, eu-1, us-gov-1, us-gov-2]
    version_added: 1.0.0
  hostname:
    description: See O(falconops.auth.falcon_client#role:main:falcon_client_hostname).
    type: str
    version_added: 1.0.0
  member_cid:
    description: See O(falconops.auth.falcon_client#role:main:falcon_client_member_cid).
    type: str
    version_added: 1.0.0
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Of the secret it shows only whether it is another one.
  facts:
    support: none
  idempotent:
    support: full
seealso:
  - module: falconops.auth.falcon_token
    description: Uses the clients.
author:
  - falconops contributors (@falconops)
"""

EXAMPLES = r"""
- name: Store an API client, with falcon_client_id and falcon_client_secret from a vaulted vars file
  ansible.builtin.include_role:
    name: falconops.auth.falcon_client
  vars:
    falcon_client_name: staging
    falcon_client_file: vault/falcon_clients.yml
"""

RETURN = r"""
msg:
  description: What went wrong.
  returned: failure
  type: str
"""

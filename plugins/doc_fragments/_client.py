# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""Options that say who asks for a token."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  client:
    description:
      - Name of a stored API client, one of O(clients) or of those in O(clients_file).
      - It takes the place of O(client_id) and O(client_secret). What the stored client says of its cloud and member
        beats everything that is given at a lower level than its name.
      - For modules, if it is not given, the variable V(falcon_client) or the environment variable E(FALCON_CLIENT) is
        used.
    type: str
    version_added: 1.0.0
  clients:
    description:
      - Stored API clients, by name. Each is a dictionary with the keys V(client_id) and V(client_secret), and if need
        be V(cloud) or V(hostname), and V(member_cid).
      - Normally this is the variable V(falcon_clients) in a vars file that is encrypted with Ansible Vault.
    type: dict
    version_added: 1.0.0
  clients_file:
    description:
      - A YAML file that holds what O(clients) describes, encrypted with Ansible Vault as a whole or value by value. It is
        read only where O(client) names one that is not among O(clients), and holds at most 1 MB.
      - A relative path is relative to the playbook or, for the playbooks of this collection, to the directory in which
        Ansible was started.
      - For modules, if it is not given, the variable V(falcon_clients_file) or the environment variable
        E(FALCON_CLIENTS_FILE) is used.
    type: path
    version_added: 1.0.0
  client_id:
    description:
      - Id of the API client, 32 hexadecimal digits.
      - For modules, if it is not given, the variable V(falcon_client_id) or the environment variable
        E(FALCON_CLIENT_ID) is used.
    type: str
    aliases: [falcon_client_id]
    version_added: 1.0.0
  client_secret:
    description:
      - Secret of the API client. Keep it in a file that is encrypted with Ansible Vault.
      - For modules, if it is not given, the variable V(falcon_client_secret) or the environment variable
        E(FALCON_CLIENT_SECRET) is used.
    type: str
    aliases: [falcon_client_secret]
    version_added: 1.0.0
  cloud:
    description:
      - The Falcon cloud in which the client lives. Without it and without O(hostname), V(us-1) is asked, which sends
        clients of the other commercial clouds on to their own; clients of a government cloud must name it.
      - V(us-1) is V(https://api.crowdstrike.com), V(us-2) is V(https://api.us-2.crowdstrike.com),
        V(us-3) is V(https://api.us-3.crowdstrike.com), V(eu-1) is V(https://api.eu-1.crowdstrike.com),
        V(us-gov-1) is V(https://api.laggar.gcw.crowdstrike.com), V(us-gov-2) is V(https://api.us-gov-2.crowdstrike.mil).
      - O(cloud) and O(hostname) are one choice. The highest level that gives either of them wins, and giving both at
        one level is an error.
      - For modules, if it is not given, the variable V(falcon_cloud) or the environment variable E(FALCON_CLOUD) is
        used.
    type: str
    choices: [us-1, us-2, us-3, eu-1, us-gov-1, us-gov-2]
    version_added: 1.0.0
  hostname:
    description:
      - Full URL of the API instead of O(cloud), such as V(https://api.us-2.crowdstrike.com). It must begin with
        V(https://); V(http://) is for addresses of this machine only.
      - For modules, if it is not given, the variable V(falcon_hostname) or the environment variable E(FALCON_HOSTNAME)
        is used.
    type: str
    version_added: 1.0.0
  member_cid:
    description:
      - Customer id of a Flight Control child, for a token that is good for this child. The checksum that the Falcon
        console appends may be left on.
      - An empty string stands for the parent where an earlier task or the environment names a child, but not where a
        variable or the stored client does.
      - For modules, if it is not given, the variable V(falcon_member_cid) or the environment variable
        E(FALCON_MEMBER_CID) is used.
    type: str
    version_added: 1.0.0
  session:
    description:
      - Keeps this token apart from others of the same client, so that whoever revokes it takes nobody else's. The id of
        a pipeline is a good name. It consists of up to 128 letters, digits and characters of V(._:@/+-).
      - For modules, if it is not given, the variable V(falcon_session_name) or the environment variable
        E(FALCON_SESSION) is used.
    type: str
    version_added: 1.0.0
notes:
  - Each option is taken from the first place that gives it, in this order - the argument (which C(module_defaults) can
    set for modules), the variable, the context that an earlier M(falconops.auth.falcon_token) of this run has set for
    the host, the environment, C(ansible.cfg), the default.
  - An empty string counts as not given and ends the search before the context.
  - No option is taken from the facts of a host.
seealso:
  - name: Falcon API documentation
    description: How API clients are made, and the scopes that they need.
    link: https://developer.crowdstrike.com/docs/openapi/
"""

    # What plugins, which read variables and the environment by themselves, have beside that.
    PLUGIN = r"""
options:
  client:
    vars: [{name: falcon_client, version_added: 1.0.0}]
    env: [{name: FALCON_CLIENT, version_added: 1.0.0}]
  clients:
    vars: [{name: falcon_clients, version_added: 1.0.0}]
  clients_file:
    vars: [{name: falcon_clients_file, version_added: 1.0.0}]
    env: [{name: FALCON_CLIENTS_FILE, version_added: 1.0.0}]
  client_id:
    vars: [{name: falcon_client_id, version_added: 1.0.0}]
    env: [{name: FALCON_CLIENT_ID, version_added: 1.0.0}]
  client_secret:
    vars: [{name: falcon_client_secret, version_added: 1.0.0}]
    env: [{name: FALCON_CLIENT_SECRET, version_added: 1.0.0}]
  cloud:
    vars: [{name: falcon_cloud, version_added: 1.0.0}]
    env: [{name: FALCON_CLOUD, version_added: 1.0.0}]
  hostname:
    vars: [{name: falcon_hostname, version_added: 1.0.0}]
    env: [{name: FALCON_HOSTNAME, version_added: 1.0.0}]
  member_cid:
    vars: [{name: falcon_member_cid, version_added: 1.0.0}]
    env: [{name: FALCON_MEMBER_CID, version_added: 1.0.0}]
  session:
    vars: [{name: falcon_session_name, version_added: 1.0.0}]
    env: [{name: FALCON_SESSION, version_added: 1.0.0}]
"""

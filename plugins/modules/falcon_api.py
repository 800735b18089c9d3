# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: falcon_api
short_description: Any call of the CrowdStrike Falcon API, with a token that nobody sees
version_added: 1.0.0
description:
  - Calls any operation of the CrowdStrike Falcon API. The token is that of M(falconops.auth.falcon_token), from the same
    store, and is asked for if there is none. It is in no result, argument, header or log.
  - A token that has died in between is renewed, once for all hosts, and the call is repeated. The rate limit is waited for.
    What may change something is never sent twice if it may have arrived.
  - Whether something has changed is told by the API's own count, where it gives one.
extends_documentation_fragment:
  - falconops.auth._call
  - falconops.auth._client
  - falconops.auth._connection
  - falconops.auth._store
  - falconops.auth._attributes
  - falconops.auth._attributes.group
options:
  src:
    description: A file on the control node that is the body of the request. A relative path is relative to the playbook.
    type: path
    version_added: 1.0.0
  dest:
    description:
      - A file on the control node that the answer is written to as it comes, with O(paginate) or O(ids) one item on a line,
        as JSON. It takes its place when it is whole; where nothing comes, what stands there stays.
      - A relative path is relative to the playbook.
    type: path
    version_added: 1.0.0
  mode:
    description: Permissions of O(dest), such as V('0640'). Without them a new file has V('0600').
    type: raw
    version_added: 1.0.0
  checksum:
    description:
      - Checksum of O(dest), of SHA-256 or with its kind before it, as in V(sha1:...). A file that has it already is not asked
        for again, and one that comes with another is thrown away.
    type: str
    version_added: 1.0.0
  access_token:
    description:
      - Belongs to the action plugin, which hands the token over to the machine that a task is delegated to. Do not set it.
    type: str
    version_added: 1.0.0
attributes:
  check_mode:
    support: partial
    details:
      - What only reads does the same in check mode. What may change something is not sent, and RV(request) shows it.
  facts:
    support: none
  idempotent:
    support: partial
    details:
      - What only reads is, O(dest) included. Whether anything else is depends on the operation.
notes:
  - What a call does is the business of the API. Its reference lists operations, parameters, and the scopes that the API client
    needs for them.
  - Answers of operations that are known to tell secrets are hidden from callbacks. Set C(no_log=true) on the task for others.
seealso:
  - module: falconops.auth.falcon_token
    description: Gets the token by itself, for other programs, and sets the context.
  - plugin: falconops.auth.falcon_api
    plugin_type: lookup
    description: The same for what only reads, as a value.
author:
  - falconops contributors (@falconops)
"""

EXAMPLES = r"""
- name: List the ids of all Windows hosts
  falconops.auth.falcon_api:
    path: /devices/queries/devices/v1
    params:
      filter: "platform_name:'Windows'"
      limit: 5000
    paginate: true
  register: windows
  run_once: true

- name: Get what is known of them
  falconops.auth.falcon_api:
    method: POST
    path: /devices/entities/devices/v2
    ids: "{{ windows.resources }}"
    query: "resources[].{name: hostname, seen: last_seen}"
  register: details
  run_once: true
  when: windows.resources | length > 0

- name: Make a host group
  falconops.auth.falcon_api:
    method: POST
    path: /devices/entities/host-groups/v1
    body:
      resources:
        - name: Laptops
          group_type: static
          description: Made by Ansible
  run_once: true
"""

RETURN = r"""
status:
  description: HTTP status of the last answer.
  returned: when something was answered
  type: int
  sample: 200
resources:
  description: What the API gave, of all pages and batches. A list, or the object that a single answer held instead.
  returned: when something was answered, without O(dest)
  type: raw
  sample: ["a1b2c3"]
meta:
  description: What the last answer told beside that.
  returned: when something was answered
  type: dict
  sample: {"query_time": 0.01, "powered_by": "device-api", "trace_id": "8ea1ae1c-5f5e-4b2c-9a6e-5ee7d9d5ac3f"}
errors:
  description: What the API could not do, of all pages and batches.
  returned: when something was answered
  type: list
  elements: dict
  sample: []
total:
  description: How many items there are, as far as the last answer tells.
  returned: when something was answered
  type: int
  sample: 1234
count:
  description: How many of them came.
  returned: when something was answered
  type: int
  sample: 1234
pages:
  description: In how many answers they came.
  returned: when something was answered
  type: int
  sample: 1
truncated:
  description: Whether there are more.
  returned: when something was answered
  type: bool
  sample: false
json:
  description: The whole answer, if it is JSON but not, or not only, C(meta), C(errors) and C(resources).
  returned: when the answer has such a shape
  type: raw
content:
  description: The answer, if it is a text, up to a million characters.
  returned: when the answer is no JSON
  type: str
dest:
  description: The file.
  returned: with O(dest), if something came
  type: str
  sample: /srv/falcon/installer.rpm
checksum:
  description: Its checksum.
  returned: with O(dest), if something came
  type: str
  sample: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
size:
  description: Its size in bytes.
  returned: with O(dest), if something came
  type: int
  sample: 300000000
result:
  description: What O(query) has found.
  returned: with O(query)
  type: raw
request:
  description: What would be sent.
  returned: in check mode, if the call may change something
  type: dict
  sample: {"method": "DELETE", "path": "/devices/entities/host-groups/v1", "params": {}, "body": null, "ids": ["a1b2c3"]}
msg:
  description: What would be done, or what went wrong.
  returned: in check mode, if the call may change something, and on failure
  type: str
  sample: Would send DELETE /devices/entities/host-groups/v1.
hidden:
  description: That callbacks were not shown this result, so that whoever goes on with it takes care of what it holds.
  returned: when the operation is known to tell secrets, and has given something; if it failed, a warning says why
  type: bool
  sample: true
trace_id:
  description: What CrowdStrike's support asks for.
  returned: when something was answered
  type: str
  sample: 8ea1ae1c-5f5e-4b2c-9a6e-5ee7d9d5ac3f
ratelimit:
  description: How many calls the customer has in a minute, and how many of them are left.
  returned: when something was answered
  type: dict
  sample: {"limit": 6000, "remaining": 5999}
cloud:
  description: The cloud that was asked. Null for a host that is no known cloud's.
  returned: when something was answered
  type: str
  sample: us-2
member_cid:
  description: The Flight Control child that was asked about.
  returned: when something was answered
  type: str
session:
  description: The session of the token.
  returned: when something was answered
  type: str
"""

import dataclasses
import typing as t

from ansible_collections.falconops.auth.plugins.module_utils._argspec import API_SPEC
from ansible_collections.falconops.auth.plugins.module_utils._call import Call
from ansible_collections.falconops.auth.plugins.module_utils._calls import perform
from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._errors import DeadToken, FalconError
from ansible_collections.falconops.auth.plugins.module_utils._module import run_module
from ansible_collections.falconops.auth.plugins.module_utils._wire import Wire


def main() -> None:
    run_module(API_SPEC, _call)


def _call(wire: Wire, client: Client, given: dict[str, t.Any]) -> dict[str, t.Any]:
    fields = {field.name: given.get(field.name) for field in dataclasses.fields(Call)}
    fields["reads"] = given["read_only"]
    call = Call(**{name: value for name, value in fields.items() if value is not None})
    return perform(wire, client, call, _Given(given["access_token"] or ""))


class _Given:
    """The token that came with the arguments. Another one is the action plugin's to get."""

    def __init__(self, access_token: str) -> None:
        self._access_token = access_token

    def current(self) -> str:
        return self._access_token

    def renewed(self, dead: str) -> str:
        raise DeadToken

    def in_vain(self, failure: FalconError) -> None:
        """There is never another one here."""


if __name__ == "__main__":
    main()

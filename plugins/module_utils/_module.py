# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""What the modules share when they really run: on a machine that a task is delegated to.

Their action plugins have resolved and checked all options, looked into the store and hold the lock; they keep the
result.
"""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.falconops.auth.plugins.module_utils._argspec import CONNECTION_SPEC, Spec
from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._connection import Connection
from ansible_collections.falconops.auth.plugins.module_utils._errors import CallFailed, DeadToken, FalconError
from ansible_collections.falconops.auth.plugins.module_utils._wire import Wire


def run_module(spec: Spec, work: t.Callable[[Wire, Client, dict[str, t.Any]], dict[str, t.Any]]) -> None:
    """Do the work with the wire, the client and the parameters of the module, and exit with its result."""
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    given = module.params
    # What an action plugin wants to have done in check mode, it runs as in any other.
    if module.check_mode or not (given["client_id"] and given["client_secret"] and given["hostname"]):
        module.fail_json(msg="This module is run by its action plugin, with client_id, client_secret and hostname.")
    client = Client(
        client_id=given["client_id"],
        client_secret=given["client_secret"],
        hostname=given["hostname"],
        member_cid=given["member_cid"],
    )
    try:
        result = work(Wire(Connection(**{name: given[name] for name in CONNECTION_SPEC})), client, given)
    except DeadToken:
        module.exit_json(changed=False, dead=True)
    except CallFailed as error:
        module.fail_json(msg=error.message, refused=error.refused, lasting=error.lasting, done=error.result)
    except FalconError as error:
        module.fail_json(msg=error.message, refused=error.refused, lasting=error.lasting)
    module.exit_json(**result)

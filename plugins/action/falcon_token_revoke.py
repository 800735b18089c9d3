# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
import time

from ansible_collections.falconops.auth.plugins.module_utils._argspec import REVOKE_SPEC
from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.module_utils._token import Token
from ansible_collections.falconops.auth.plugins.plugin_utils._action import FalconAction, Result
from ansible_collections.falconops.auth.plugins.plugin_utils._broker import what_is_left
from ansible_collections.falconops.auth.plugins.plugin_utils._context import cleared_fact
from ansible_collections.falconops.auth.plugins.plugin_utils._door import register_secrets, shown
from ansible_collections.falconops.auth.plugins.plugin_utils._options import Level


class ActionModule(FalconAction):
    """Tokens of a client made dead, at the API, in the store, and out of the context."""

    def answer(self, variables: Result) -> Result:
        door = self.door(self.options(REVOKE_SPEC, variables))
        given, everything = door.options.find("access_token"), door.options.value("all")
        if given.empty and door.options.at(Level.ARGUMENT, "access_token"):
            raise FalconError("access_token is empty, so nothing was revoked; leave it out for the cached token.")
        if everything and not given.empty:
            raise FalconError(
                "all and access_token were both given; revoke either every token of the client or this one."
            )
        if not given.empty:
            register_secrets(given.checked(Token.checked_text))
        if self._task.check_mode:
            known = len(door.broker.all(door.client)) if everything else int(bool(door.broker.alive(door.client)))
            number = known if given.empty else 1
            whose = door.client
            if everything or not given.empty:
                whose = dataclasses.replace(whose, member_cid=None, session=None)
            would = f"revoke {number} token{'s' if number > 1 else ''}" if number else "find nothing to revoke"
            return {"changed": number > 0, "revoked": [], "msg": f"Would {would} of {whose}."}
        revoked: list[tuple[Client, Token | None]]
        failures: list[FalconError] = []
        if not given.empty:
            revoked = [(door.broker.revoke_given(door.client, given.value), None)]
        elif everything:
            found, failures = door.broker.revoke_all(door.client)
            revoked = [*found]
        else:
            revoked = [*door.broker.revoke(door.client)]
        for owner, token in revoked:
            if token:
                door.tell("revoked", token, owner=owner)
        result: Result = {
            "changed": bool(revoked),
            "revoked": [shown(owner, token, time.time()) for owner, token in revoked],
        }
        if failures:  # which keep the context
            result.update(failed=True, msg=what_is_left(revoked, failures))
        elif door.remembered and door.remembered.client_id == door.client.client_id:
            result["ansible_facts"] = cleared_fact()
        return result

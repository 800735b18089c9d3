# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time

from ansible_collections.falconops.auth.plugins.module_utils._argspec import INFO_SPEC
from ansible_collections.falconops.auth.plugins.module_utils._token import Token
from ansible_collections.falconops.auth.plugins.plugin_utils._action import FalconAction, Result
from ansible_collections.falconops.auth.plugins.plugin_utils._credentials import NoCredentials
from ansible_collections.falconops.auth.plugins.plugin_utils._door import Door, register_secrets, shown
from ansible_collections.falconops.auth.plugins.plugin_utils._query import Query


class ActionModule(FalconAction):
    """Whether there is a valid token, for what, and until when."""

    def answer(self, variables: Result) -> Result:
        options = self.options(INFO_SPEC, variables)
        expression = options.value("query")
        query = Query(expression) if expression else None
        result: Result = {"changed": False}
        try:
            result.update(self._known(self.door(options)))
        except NoCredentials as error:
            result.update(token=False, msg=error.message)
            if options.value("all"):
                result["tokens"] = []
        if query:
            # Of a copy: what is found may be the whole of it.
            result["result"] = query.of({**result})
        return result

    @staticmethod
    def _known(door: Door) -> Result:
        verify, everything = (door.options.value(name) for name in ("verify", "all"))
        given = door.options.find("access_token")
        if given.empty:
            token = door.cached()
            if token and verify and not door.broker.verified(door.client):
                token = None
            client = door.client.at(token.hostname) if token else door.client
            result = {"token": token is not None, **shown(client, token, time.time())}
        else:
            register_secrets(given.checked(Token.checked_text))
            owner, live = door.broker.is_live(door.client, given.value)
            result = {"token": live, **shown(owner, None, time.time())}
        if everything:
            result["tokens"] = [
                shown(owner, token, time.time())
                for owner, token in door.broker.all(door.client)
                if not verify or door.broker.verified(owner)
            ]
        return result

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time

from ansible_collections.falconops.auth.plugins.module_utils._argspec import INFO_SPEC
from ansible_collections.falconops.auth.plugins.module_utils._token import Token
from ansible_collections.falconops.auth.plugins.plugin_utils._action import FalconAction, Result
from ansible_collections.falconops.auth.plugins.plugin_utils._credentials import NoCredentials
from ansible_collections.falconops.auth.plugins.plugin_utils._door import register_secrets, shown
from ansible_collections.falconops.auth.plugins.plugin_utils._query import Query


class ActionModule(FalconAction):
    """Whether there is a valid token, for what, and until when."""

    def answer(self, variables: Result) -> Result:
        try:
            door = self.door(INFO_SPEC, variables)
        except NoCredentials as error:
            return {"changed": False, "token": False, "msg": error.message}
        expression = door.options.value("query")
        query = Query(expression) if expression else None
        verify = door.options.value("verify")
        given = door.options.find("access_token")
        if given.empty:
            token = door.cached()
            client = door.client.at(token.hostname) if token else door.client
            known = token is not None and (not verify or door.broker.is_live(client, token.access_token))
            result = {"token": known, **shown(client, token if known else None, time.time())}
        else:
            register_secrets(given.checked(Token.checked_text))
            result = {"token": door.broker.is_live(door.client, given.value), **shown(door.client, None, time.time())}
        if door.options.value("all"):
            result["tokens"] = [
                shown(owner, token, time.time())
                for owner, token in door.broker.all(door.client)
                if not verify or door.broker.is_live(owner, token.access_token)
            ]
        if query:
            result["result"] = query.of(result)
        return {"changed": False, **result}

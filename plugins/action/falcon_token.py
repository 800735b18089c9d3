# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time

from ansible_collections.falconops.auth.plugins.module_utils._argspec import TOKEN_MODULE_SPEC
from ansible_collections.falconops.auth.plugins.plugin_utils._action import FalconAction, Result
from ansible_collections.falconops.auth.plugins.plugin_utils._context import context_fact
from ansible_collections.falconops.auth.plugins.plugin_utils._door import forms, shown


class ActionModule(FalconAction):
    """A valid token for a client, from the store or from the API."""

    def answer(self, variables: Result) -> Result:
        door = self.door(self.options(TOKEN_MODULE_SPEC, variables))
        force = door.options.value("force")
        if self._task.check_mode:
            token = None if force else door.cached()
            if token is None:
                return {
                    "changed": True,
                    "msg": f"Would ask {door.client.hostname} for a new token of {door.client}.",
                    "ansible_facts": context_fact(door.client),
                    **shown(door.client, None, time.time()),
                }
            door.tell("taken from the cache", token)
            cached = True
        else:
            token, cached = door.token(force=force)
        client = door.client.at(token.hostname)
        told = forms(token)
        return self.hidden(
            {
                "changed": not cached,
                "cached": cached,
                "access_token": told["token"],
                "token_type": token.token_type,
                "headers": told["headers"],
                "auth": told["auth"],
                "ansible_facts": context_fact(client),
                **shown(client, token, time.time()),
            }
        )

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a broker works with: a real store and a real lock. Only the API is not there."""

from __future__ import annotations

import os

from ansible_collections.falconops.auth.plugins.plugin_utils._backend import Backend, StoreSettings
from ansible_collections.falconops.auth.plugins.plugin_utils._broker import Broker
from ansible_collections.falconops.auth.plugins.plugin_utils._lock import Lock
from ansible_collections.falconops.auth.plugins.plugin_utils._seal import Sealer
from ansible_collections.falconops.auth.plugins.plugin_utils._store import Store
from ansible_collections.falconops.auth.tests.unit.examples import CLIENT, ID, SECRET, token

SEALER = Sealer.from_secret(ID, SECRET)
LOCK_NAME = SEALER.name("lock", None, None)


class World:
    """The API, and the brokers of the processes that come to it."""

    def __init__(self, tmp_path, warnings):
        self.warnings, self.answer = warnings, token("fresh")
        self.asked, self.revoked, self.checked = [], [], []
        self.revocation, self.dead = None, set()
        self._files = str(tmp_path / "tokens")
        os.mkdir(self._files)
        self.settings = StoreSettings("ansible.builtin.jsonfile", self._files, "p_")

    # The API. What is asked of it is kept in asked, revoked and checked.

    def request(self, client):
        self.asked.append(client)
        raise_if_error(self.answer)
        return self.answer

    def revoke(self, client, access_token):
        self.revoked.append((client, access_token))
        raise_if_error(self.revocation)
        self.dead.add(access_token)

    def is_live(self, client, access_token):
        self.checked.append((client, access_token))
        return access_token not in self.dead

    def store(self):
        return Store(Backend(self.settings, self.warnings.append), SEALER, self.lock(), self.warnings.append)

    def lock(self):
        return Lock(SEALER, self.warnings.append)

    def broker(self, *, run="run-1", cache=True, patience=0.1, api=None, way="way", node="node-1"):
        api = api or self
        api.way = way
        return Broker(
            store=self.store() if cache else None,
            lock=self.lock(),
            lock_name=lambda client: SEALER.name("lock", client.member_cid, client.session),
            api=api,
            run=run,
            node=node,
            patience=patience,
            warn=self.warnings.append,
        )

    def token(self, min_ttl=240, own=None, client=CLIENT, **settings):
        return self.broker(**settings).token(client, min_ttl=min_ttl, own=own)

    def files(self):
        return os.listdir(self._files)


def raise_if_error(answer):
    if isinstance(answer, Exception):
        raise answer

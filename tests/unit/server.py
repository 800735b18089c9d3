# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An API for many processes, of which any may be killed: what it knows lies in a file that only grows."""

from __future__ import annotations

import dataclasses
import json
import os
import time

from ansible_collections.falconops.auth.plugins.module_utils import _token
from ansible_collections.falconops.auth.plugins.plugin_utils._pace import PACE
from ansible_collections.falconops.auth.tests.unit.examples import token
from ansible_collections.falconops.auth.tests.unit.world import raise_if_error

# What no file may hold, since it is part of every token.
MARK = "tokenOfTheSharedServer"


class Server:
    """Gives a new token to each request.

    answer: the error that it answers with instead; meanwhile: what happens between a client's request and its answer;
    left: how many more requests it says that it would take.
    """

    way = "way"

    def __init__(self, path):
        self.answer, self.meanwhile, self.left, self.life = None, None, None, 1799
        self.homes = {}  # where clients live that do not live where they are asked for
        self._path, self._read = path, 0
        self._asked, self._dies_at, self._revoked = [], {}, set()
        path.touch()

    # What a broker asks of it.

    def request(self, client):
        with PACE.turn(client.hostname):
            self._note("asked", _who(client))
            if self.meanwhile:
                self.meanwhile(client)
            PACE.heard(client.hostname, remaining=self.left, wait=None)
            raise_if_error(self.answer)
            text = f"{MARK}.{os.urandom(12).hex()}"
            hostname = self.homes.get(client.client_id, client.hostname)
            issued = token(text, life=self.life, left=self.life, hostname=hostname)
            issued = dataclasses.replace(issued, boot=_token.this_boot(), uptime=_token.since_boot())
            self._note("issued", [issued.access_token, self.now() + self.life])
            return issued

    def revoke(self, client, access_token):
        raise_if_error(self.answer)
        self._note("revoked", access_token)

    def is_live(self, client, access_token):
        raise_if_error(self.answer)
        return self.lives(access_token)

    # What a test asks of it.

    now = staticmethod(time.time)

    def asked(self, client=None):
        """How often it was asked for a token, by anybody or for this client, member and session."""
        self._catch_up()
        return len(self._asked) if client is None else self._asked.count(_who(client))

    def was_revoked(self, access_token):
        self._catch_up()
        return access_token in self._revoked

    def lives(self, access_token):
        self._catch_up()
        return access_token not in self._revoked and self._dies_at[access_token] > self.now()

    def _note(self, what, value):
        with open(self._path, "a") as file:
            file.write(json.dumps([what, value]) + "\n")

    def _catch_up(self):
        with open(self._path) as file:
            file.seek(self._read)
            for what, value in map(json.loads, file.read().splitlines()):
                if what == "asked":
                    self._asked.append(value)
                elif what == "issued":
                    self._dies_at[value[0]] = value[1]
                else:
                    self._revoked.add(value)
            self._read = file.tell()


def _who(client):
    return [client.client_id, client.hostname, client.member_cid, client.session]

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""The sealed token store: one entry for each API host, client, member CID and session."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._clouds import CLOUDS, DEFAULT_CLOUD, cloud_at
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.module_utils._token import Token
from ansible_collections.falconops.auth.plugins.plugin_utils._backend import Backend
from ansible_collections.falconops.auth.plugins.plugin_utils._lock import Lock
from ansible_collections.falconops.auth.plugins.plugin_utils._private import Warn
from ansible_collections.falconops.auth.plugins.plugin_utils._seal import BrokenSeal, Sealer

# Seconds that another process may take to write the index; then it is written all the same.
_INDEX_PATIENCE = 5.0


class Store:
    """Tokens of one API client, which only holders of its secret can find, read or forge.

    A token lies under the host that issued it. A sign leads there from the cloud that was asked, if the API sent the
    client on, and from the default cloud, if it would have done so: so that both who asks there and who names the right
    one find the token.
    """

    def __init__(self, backend: Backend, sealer: Sealer, lock: Lock, warn: Warn) -> None:
        self._backend = backend
        self._sealer = sealer
        self._lock = lock
        self._warn = warn

    def home_of(self, client: Client) -> Client:
        """The client at its own cloud, as far as an earlier answer told which one that is."""
        sign = self._read(self._place(client))
        moved = sign.get("moved_to") if isinstance(sign, dict) else None
        return client.at(moved) if isinstance(moved, str) and cloud_at(moved) else client

    def get(self, client: Client) -> Token | None:
        """The client's token, dead or alive, or None."""
        content = self._read(self._place(client))
        if isinstance(content, dict) and "moved_to" in content:
            content = self._read(self._place(self.home_of(client)))
        if content is None:
            return None
        try:
            return Token.from_dict(content)
        except ValueError:
            return None

    def put(self, client: Client, token: Token) -> None:
        """Keep a token that was issued to this client, in place of the one before."""
        home = client.at(token.hostname)
        # First: who is killed in between leaves a row without a token rather than a token that nobody can list.
        row = [home.hostname, home.member_cid, home.session, token.expires_at]
        self._index(lambda rows: [*(each for each in rows if each[:3] != row[:3]), row])
        self._write(self._place(home), token.to_dict())
        cloud, default = cloud_at(home.hostname), client.at(CLOUDS[DEFAULT_CLOUD].url)
        asked = {client}
        if cloud and not cloud.must_be_named and home != default and self.get(default) is None:
            asked.add(default)
        for other in asked - {home}:
            self._write(self._place(other), {"moved_to": home.hostname})

    def delete(self, client: Client) -> None:
        """Forget the client's token, and the sign that led there."""
        home = self.home_of(client)
        for owner in (home, client):
            self._backend.delete(self._place(owner))
        key = [home.hostname, home.member_cid, home.session]
        self._index(lambda rows: [each for each in rows if each[:3] != key])

    def all(self, client: Client) -> list[tuple[Client, Token]]:
        """Every token of this API client that is known, whatever its host, member and session."""
        owners = [
            dataclasses.replace(client, hostname=hostname, member_cid=member_cid, session=session)
            for hostname, member_cid, session, _expires_at in self._rows()
        ]
        return [(owner, token) for owner in owners if (token := self.get(owner))]

    # Backends cannot be listed reliably, so each client has an index of its own. Across control nodes it is best
    # effort: two that write it at the same moment may lose a row, which costs a token nothing but its place there.

    def _rows(self) -> list[list[t.Any]]:
        rows = self._read(self._sealer.name("index"))
        return [row for row in rows if _is_row(row)] if isinstance(rows, list) else []

    def _index(self, change: t.Callable[[list[list[t.Any]]], list[list[t.Any]]]) -> None:
        place = self._sealer.name("index")
        try:
            with self._lock.held(place, seconds=_INDEX_PATIENCE):
                self._write(place, [row for row in change(self._rows()) if row[3] > time.time()])
        except FalconError as error:
            self._warn(f"The index of the falconops.auth token store could not be written: {error.message}")

    def _read(self, place: str) -> t.Any:
        sealed = self._backend.get(place)
        if sealed is None:
            return None
        try:
            return self._sealer.open(sealed, place=place)
        except BrokenSeal:
            pass
        self._warn(
            "An entry of the falconops.auth token store is damaged, can be written by others, was moved there or comes "
            "from another version; it is not used, and the next token takes its place."
        )
        return None

    def _write(self, place: str, content: t.Any) -> None:
        self._backend.set(place, self._sealer.seal(content, place=place))

    def _place(self, client: Client) -> str:
        return self._sealer.name("token", client.hostname, client.member_cid, client.session)


def _is_row(row: t.Any) -> bool:
    """Whether it is a row of this version's index: hostname, member, session, end of its life."""
    if not isinstance(row, list) or len(row) != 4 or not isinstance(row[0], str):
        return False
    return all(part is None or isinstance(part, str) for part in row[1:3]) and isinstance(row[3], (int, float))

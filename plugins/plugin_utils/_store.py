# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""The sealed token store: one entry for each API host, client, member CID and session."""

from __future__ import annotations

import typing as t

from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._clouds import cloud_at
from ansible_collections.falconops.auth.plugins.module_utils._token import Token
from ansible_collections.falconops.auth.plugins.plugin_utils._backend import Backend
from ansible_collections.falconops.auth.plugins.plugin_utils._private import Warn
from ansible_collections.falconops.auth.plugins.plugin_utils._seal import BrokenSeal, Sealer


class Store:
    """Tokens of one API client, which only holders of its secret can find, read or forge.

    A token lies under the host that issued it. Where the API sent the client on from another cloud, a sign under the
    cloud that was asked leads there, so that both who asks at the default cloud and who names the right one find it.
    """

    def __init__(self, backend: Backend, sealer: Sealer, warn: Warn) -> None:
        self._backend = backend
        self._sealer = sealer
        self._warn = warn

    def home_of(self, client: Client) -> Client:
        """The client at its own cloud, as far as an earlier answer told which one that is."""
        sign = self._read(client)
        moved = sign.get("moved_to") if isinstance(sign, dict) else None
        return client.at(moved) if isinstance(moved, str) and cloud_at(moved) else client

    def get(self, client: Client) -> Token | None:
        """The client's token, dead or alive, or None."""
        content = self._read(client)
        if isinstance(content, dict) and "moved_to" in content:
            content = self._read(self.home_of(client))
        if content is None:
            return None
        try:
            return Token.from_dict(content)
        except ValueError:
            return None

    def put(self, client: Client, token: Token) -> None:
        """Keep a token that was issued to this client, in place of the one before."""
        home = client.at(token.hostname)
        self._write(home, token.to_dict())
        if home.hostname != client.hostname:
            self._write(client, {"moved_to": home.hostname})

    def _read(self, client: Client) -> t.Any:
        place = self._place(client)
        sealed = self._backend.get(place)
        if sealed is None:
            return None
        try:
            return self._sealer.open(sealed, place=place)
        except BrokenSeal:
            pass
        self._warn(
            "An entry of the falconops.auth token store is damaged, was moved there or comes from another version; "
            "it is not used, and the next token takes its place."
        )
        return None

    def _write(self, client: Client, content: dict[str, t.Any]) -> None:
        place = self._place(client)
        self._backend.set(place, self._sealer.seal(content, place=place))

    def _place(self, client: Client) -> str:
        return self._sealer.name("token", client.hostname, client.member_cid, client.session)

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""The broker answers one question: a valid token for this client.

From the store if it can, else from the API, where on one control node one process asks and the others wait for it.
"""

from __future__ import annotations

import time
import typing as t

from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.module_utils._token import Token
from ansible_collections.falconops.auth.plugins.plugin_utils._lock import Lock, Notes
from ansible_collections.falconops.auth.plugins.plugin_utils._private import Warn
from ansible_collections.falconops.auth.plugins.plugin_utils._store import Store

# A token is renewed so many seconds before min_ttl would make it useless, but at most in the last tenth of its life,
# so that one process can renew it while the others go on with what they have.
_RENEW_EARLY = 60.0
# When it cannot be renewed, a token is still handed out with so many seconds left.
_LAST_SECONDS = 30.0


class Issued(t.NamedTuple):
    """A valid token, and whether it was there already."""

    token: Token
    cached: bool


class Broker:
    """Valid tokens of one API client.

    store: None neither reads nor keeps a token; ask: requests a new one from the API; run: names this run of Ansible;
    patience: the longest time in seconds that another process may take to ask.
    """

    def __init__(
        self,
        *,
        store: Store | None,
        lock: Lock,
        lock_name: str,
        ask: t.Callable[[Client], Token],
        run: str,
        patience: float,
        warn: Warn,
    ) -> None:
        self._store = store
        self._lock = lock
        self._lock_name = lock_name
        self._ask = ask
        self._run = run
        self._patience = patience
        self._warn = warn

    def cached(self, client: Client, *, min_ttl: float) -> Token | None:
        """The token in the store, if it is good for so many seconds. Asks nobody."""
        token = self._store.get(client) if self._store else None
        return token if token and _left(token) >= _least(token, min_ttl) else None

    def token(self, client: Client, *, min_ttl: float, own: str | None = None) -> Issued:
        """A token that is good for min_ttl seconds, or for half of its life if that is less.

        own names a task that wants a token of its own rather than the cached one; however many hosts run the task, it
        gets one. Raises FalconError.
        """
        current = None if own else self.cached(client, min_ttl=min_ttl)
        if current and not _soon_due(current, min_ttl):
            return Issued(current, cached=True)
        waiting_since = time.monotonic()
        # Who still has a token waits for nobody: another process renews it just now.
        with self._lock.held(self._lock_name, seconds=0 if current else self._patience) as notes:
            if notes is None and current:
                return Issued(current, cached=True)
            if notes is None:
                raise FalconError(
                    f"Another process has been asking {client.hostname} for a token of {client} for more than "
                    f"{self._patience:.0f} seconds; end it or try again later."
                )
            there = notes.token_of(own) if own else self.cached(client, min_ttl=min_ttl)
            if there and not _soon_due(there, min_ttl):
                return Issued(there, cached=True)
            return self._asked(client, notes, waiting_since, own)

    def _asked(self, client: Client, notes: Notes, waiting_since: float, own: str | None) -> Issued:
        failure = notes.failure_for(self._run, waiting_since)
        if failure is None:
            try:
                token = self._ask(self._store.home_of(client) if self._store else client)
            except FalconError as error:
                failure = error
                notes.failed(error, self._run)
            else:
                notes.failure = None
                if own:
                    notes.issued(own, token)
                if self._store:
                    self._store.put(client, token)
                return Issued(token, cached=False)
        old = None if own or failure.refused or not self._store else self._store.get(client)
        if old and _left(old) >= _LAST_SECONDS:
            self._warn(f"A token could not be renewed and is used while it lasts: {failure.message}")
            return Issued(old, cached=True)
        raise failure


def _left(token: Token) -> float:
    return token.seconds_left(time.time())


def _least(token: Token, min_ttl: float) -> float:
    return min(min_ttl, token.expires_in / 2)


def _soon_due(token: Token, min_ttl: float) -> bool:
    return _left(token) < _least(token, min_ttl) + min(_RENEW_EARLY, token.expires_in / 10)

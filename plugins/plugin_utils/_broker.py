# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""The broker answers one question: a valid token for this client.

From the store if it can, else from the API, where on one control node one process asks and the others wait for it.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import math
import time
import typing as t

from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.module_utils._token import Token
from ansible_collections.falconops.auth.plugins.plugin_utils._api import Api
from ansible_collections.falconops.auth.plugins.plugin_utils._lock import Lock, Notes
from ansible_collections.falconops.auth.plugins.plugin_utils._private import Warn
from ansible_collections.falconops.auth.plugins.plugin_utils._store import Store

_LOG = logging.getLogger(__name__)

# A token is renewed at most so many seconds before min_ttl would make it useless, or a tenth of its life if that is
# less, so that one process can renew it while the others go on with what they have.
_RENEW_EARLY = 60.0
# Of so many control nodes that share a store, one renews before the others.
_MANY_NODES = 1000
# When it cannot be renewed, a token is still handed out with so many seconds left.
_LAST_SECONDS = 30.0


class Issued(t.NamedTuple):
    """A valid token, and whether it was there already."""

    token: Token
    cached: bool


class Broker:
    """Valid tokens of one API client.

    store: None neither reads nor keeps a token; lock_name: of a client's tokens; run: names this run of Ansible, and
    node this control node; patience: the longest time in seconds that another process may take to ask.
    """

    def __init__(
        self,
        *,
        store: Store | None,
        lock: Lock,
        lock_name: t.Callable[[Client], str],
        api: Api,
        run: str,
        node: str,
        patience: float,
        warn: Warn,
    ) -> None:
        self._store = store
        self._lock = lock
        self._lock_name = lock_name
        self._api = api
        self._run = run
        self._node = node
        self._patience = patience
        self._warn = warn

    def cached(self, client: Client, *, min_ttl: float, dead: str | None = None) -> Token | None:
        """The token in the store, if it is good for so many seconds, and not the dead one. Asks nobody."""
        token = self._store.get(client) if self._store else None
        return token if token and token.access_token != dead and _good_for(token, min_ttl) >= 0 else None

    def token(self, client: Client, *, min_ttl: float, own: str | None = None, dead: str | None = None) -> Issued:
        """A token that is good for min_ttl seconds, or for half of its life if that is less.

        own names a task that wants a token of its own rather than the cached one; however many hosts run the task, it
        gets one. dead: one that the API did not take, which may lie where nobody can remove it. Raises FalconError.
        """
        current = None if own else self.cached(client, min_ttl=min_ttl, dead=dead)
        if current and not self._soon_due(current, min_ttl):
            return Issued(current, cached=True)
        waiting_since = time.monotonic()
        with contextlib.ExitStack() as held:
            # Who still has a token waits for nobody: another process renews it just now.
            lock = self._lock.held(self._lock_name(client), seconds=0 if current else self._patience)
            try:
                notes = held.enter_context(lock)
            except FalconError as error:
                if current is None:
                    raise
                return self._bridged(client, current, error)
            _LOG.debug("the lock took %.1f ms", (time.monotonic() - waiting_since) * 1000)
            if notes is None and current:
                return Issued(current, cached=True)
            if notes is None:
                raise self._too_long(client)
            there = notes.token_of(own) if own else self.cached(client, min_ttl=min_ttl, dead=dead)
            if there and there.access_token != dead and not self._soon_due(there, min_ttl):
                return Issued(there, cached=True)
            return self._asked(client, notes, waiting_since, own, dead)

    def alive(self, client: Client) -> Token | None:
        """The token in the store, however little of its life is left."""
        token = self._store.get(client) if self._store else None
        return token if token and token.may_live(time.time()) else None

    def verified(self, client: Client) -> bool:
        """Whether the API still takes the cached token; one that is dead leaves the store.

        One process asks at a time, so that a dead token is shown to the API once and not by every host.
        """
        with self._held(client):
            token = self.alive(client)
            if token is None or self._store is None:
                return False
            live = self._api.is_live(client.at(token.hostname), token.access_token)
            if not live:
                self._store.delete(client)
            return live

    def is_live(self, client: Client, access_token: str) -> tuple[Client, bool]:
        """Whose this token of the client is, as far as the store knows, and whether the API still takes it.

        One that is dead leaves the store.
        """
        owners = self._owners(client, access_token)
        live = self._api.is_live(owners[0], access_token)
        if not live:
            self._forget(owners, access_token)
        return owners[0], live

    def in_vain(self, client: Client, call: str, error: FalconError) -> None:
        """Note that the API took a new token for this call no more than the one before it."""
        # What is not noted costs another token, and is no reason to hide the failure.
        with contextlib.suppress(FalconError), self._held(client) as notes:
            notes.failed(error, self._way_of(client, call), self._run)

    def forget(self, client: Client, access_token: str, *, call: str | None = None) -> None:
        """Drop a dead token from the store and from the notes, unless it has been replaced by another.

        call: for which it was not taken. Raises the failure of another process that got a new one for it in vain.
        """
        waiting_since = time.monotonic()
        with self._held(client) as notes:
            if call and (failure := notes.failure_for(self._way_of(client, call), self._run, waiting_since)):
                raise failure
            token = self._store.get(client) if self._store else None
            if token and token.access_token == access_token and self._store:
                self._store.delete(client)
            for task in [name for name, each in notes.tasks.items() if each["access_token"] == access_token]:
                del notes.tasks[task]

    def all(self, client: Client) -> list[tuple[Client, Token]]:
        """Every live token of the client that the store knows of, for whichever host, member and session."""
        return [
            (owner, token)
            for owner, token in (self._store.all(client) if self._store else ())
            if token.may_live(time.time())
        ]

    def revoke(self, client: Client) -> list[tuple[Client, Token]]:
        """Make the client's cached token dead, at the API that issued it and then in the store.

        Nothing is asked where nothing is cached. A failure keeps the entry, so that it can be tried again.
        """
        if self._store is None or self._store.get(client) is None:
            return []
        waiting_since = time.monotonic()
        with self._held(client) as notes:
            token = self._store.get(client)  # another run may have revoked it in the meantime
            if token is None:
                return []
            owner = client.at(token.hostname)
            alive = token.may_live(time.time())
            if alive:
                way = self._way_of(owner, "revoke")
                failure = notes.failure_for(way, self._run, waiting_since)
                if failure:
                    raise failure
                try:
                    self._api.revoke(owner, token.access_token)
                except FalconError as error:
                    notes.failed(error, way, self._run)
                    raise
            self._store.delete(client)
            notes.tasks.clear()  # the token may be the one that a task had for its own
            return [(owner, token)] if alive else []

    def revoke_all(self, client: Client) -> tuple[list[tuple[Client, Token]], list[FalconError]]:
        """The same for every cached token of the client."""
        return self.revoke_each(owner for owner, _token in self.all(client))

    def revoke_each(self, clients: t.Iterable[Client]) -> tuple[list[tuple[Client, Token]], list[FalconError]]:
        """The same for each of these, though others fail: what was revoked, and why the rest was not."""
        revoked, failures = [], []
        for client in clients:
            try:
                revoked += self.revoke(client)
            except FalconError as error:
                failures.append(error)
        return revoked, failures

    def revoke_given(self, client: Client, access_token: str) -> Client:
        """Make this token of the client dead, and forget it if it is a cached one; whose it was, as far as is known."""
        owners = self._owners(client, access_token)
        self._api.revoke(owners[0], access_token)
        self._forget([*owners, client], access_token)
        return owners[0]

    def _owners(self, client: Client, access_token: str) -> list[Client]:
        """For whom this token was issued; the client at its own cloud if the store does not know."""
        owners = [owner for owner, token in self.all(client) if token.access_token == access_token]
        return owners or [self.home_of(client)]

    def home_of(self, client: Client) -> Client:
        """The client at its own cloud, as far as the store knows."""
        return self._store.home_of(client) if self._store else client

    def _forget(self, clients: list[Client], access_token: str) -> None:
        for client in clients if self._store else ():
            self.forget(client, access_token)

    @contextlib.contextmanager
    def _held(self, client: Client) -> t.Iterator[Notes]:
        with self._lock.held(self._lock_name(client), seconds=self._patience) as notes:
            if notes is None:
                raise self._too_long(client)
            yield notes

    def _asked(self, client: Client, notes: Notes, waiting_since: float, own: str | None, dead: str | None) -> Issued:
        way = self._way_of(client, "token")
        old = self._store.get(client) if self._store and not own else None
        if old and old.access_token == dead:
            old = None
        if old and old.seconds_left(time.time(), clocks_differ=_LAST_SECONDS) < _LAST_SECONDS:
            old = None
        # Who has a token to go on with does not try in vain again and again.
        failure = notes.failure_for(way, self._run, waiting_since, any_holds=old is not None)
        if failure is None:
            try:
                token = self._api.request(self.home_of(client))
            except FalconError as error:
                failure = error
                notes.failed(error, way, self._run)
            else:
                notes.failure = None
                if self._store:
                    self._store.put(client, token)
                if own:
                    notes.issued(own, token)
                return Issued(token, cached=False)
        if old and not failure.refused:
            return self._bridged(client, old, failure)
        raise failure

    def _bridged(self, client: Client, old: Token, failure: FalconError) -> Issued:
        """The old token. The warning has nothing in it that changes, or it would be another one each time."""
        _LOG.debug("the token could not be renewed: %s", failure.message)
        self._warn(f"A token of {client} could not be renewed and is used while it lasts; see why with -vvv.")
        return Issued(old, cached=True)

    def _soon_due(self, token: Token, min_ttl: float) -> bool:
        """Whether it is for this control node to renew it now, somewhere between half and all of the time for that.

        Each node has another moment for each token. They are spread by the logarithm of an even number, since then the
        first of them is well ahead of the second, however many there are: it has the new token before they ask.
        """
        margin, good_for = min(_RENEW_EARLY, token.expires_in / 10), _good_for(token, min_ttl)
        if good_for >= margin:
            return False
        digest = hashlib.sha256(f"{self._node} {token.issued_at}".encode()).digest()
        even = (int.from_bytes(digest[:6], "big") + 1) / 2**48
        ahead = min(-math.log(even) / math.log(_MANY_NODES), 1.0)
        return good_for < margin * (1 + ahead) / 2

    def _way_of(self, client: Client, what: str) -> str:
        return f"{what} at {client.hostname} {self._api.way}"

    def _too_long(self, client: Client) -> FalconError:
        return FalconError(
            f"Another process has been asking {client.hostname} about a token of {client} for more than "
            f"{self._patience:.0f} seconds; end it or try again later."
        )


def what_is_left(revoked: t.Sized, failures: t.Sequence[FalconError]) -> str:
    """A sentence on what could not be revoked."""
    words = " ".join(error.message for error in failures)
    if not revoked and len(failures) == 1:
        return words
    return FalconError(f"{len(revoked)} tokens were revoked, and {len(failures)} were not: {words}").message


def _good_for(token: Token, min_ttl: float) -> float:
    """Seconds until it is handed out no more. Clocks may differ by what is kept back: so nobody uses a dead token."""
    least = min(min_ttl, token.expires_in / 2)
    return token.seconds_left(time.time(), clocks_differ=least) - least

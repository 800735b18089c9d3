# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""What the doors share: from the options of a task or lookup to a token, and how a client and its token are shown."""

from __future__ import annotations

import logging
import os
import time
import traceback
import typing as t

from ansible import constants as C
from ansible.utils.display import Display
from ansible_collections.falconops.auth.plugins.module_utils._argspec import CONNECTION_SPEC
from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._clouds import cloud_at
from ansible_collections.falconops.auth.plugins.module_utils._connection import Connection
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.module_utils._token import Token
from ansible_collections.falconops.auth.plugins.plugin_utils._api import Api, ApiFromHere
from ansible_collections.falconops.auth.plugins.plugin_utils._backend import Backend, StoreSettings
from ansible_collections.falconops.auth.plugins.plugin_utils._broker import Broker, Issued
from ansible_collections.falconops.auth.plugins.plugin_utils._context import remembered_client, was_cleared
from ansible_collections.falconops.auth.plugins.plugin_utils._credentials import client_of
from ansible_collections.falconops.auth.plugins.plugin_utils._lock import Lock
from ansible_collections.falconops.auth.plugins.plugin_utils._options import Level, Options
from ansible_collections.falconops.auth.plugins.plugin_utils._private import ansible_home
from ansible_collections.falconops.auth.plugins.plugin_utils._seal import Sealer
from ansible_collections.falconops.auth.plugins.plugin_utils._store import Store

display = Display()
_LOG = logging.getLogger(__name__)
_COLLECTION = "ansible_collections.falconops.auth"
# Verbosity at which each step is told, for whoever looks for a fault.
_FOR_SUPPORT = 3

try:
    from ansible.module_utils.secrets import register_secret as _register_secret
except ImportError:
    _register_secret = None


class Door:
    """One task's or one lookup's way to the tokens of its client.

    loader: Ansible's, for stored clients; client: in place of the one that the options name; api: how the API is asked,
    given the way to it; task: names the task among those of all runs, so that it gets one token of its own for all of
    its hosts.
    """

    def __init__(
        self,
        options: Options,
        *,
        loader: t.Any,
        task: str,
        client: Client | None = None,
        api: t.Callable[[Connection], Api] = ApiFromHere,
    ) -> None:
        if display.verbosity >= _FOR_SUPPORT:
            _Shown.to_whom(options.host)
        self.options = options
        self.remembered = _remembered(options)
        cleared = was_cleared(options.variables)
        self.client, self._beaten = (
            (client, "") if client else client_of(options, self.remembered, loader, cleared=cleared)
        )
        register_secrets(self.client.client_secret)
        self._task = task
        self._min_ttl = self.options.value("min_ttl")
        self._cache = self.options.value("cache")
        connection = Connection(**{name: self.options.value(name) for name in CONNECTION_SPEC})
        # On a machine that the task is delegated to it would be a path there.
        if api is ApiFromHere and connection.ca_path and not os.access(connection.ca_path, os.R_OK):
            raise self.options.find("ca_path").wrong(f"is {connection.ca_path}, which does not exist or cannot be read")
        self.api = api(connection)
        self.broker = self._make_broker(connection, self.api)
        if _LOG.isEnabledFor(logging.DEBUG):
            stand = ", ".join(f"{name} from {origin}" for name, origin in options.origins().items())
            _LOG.debug("%s at %s: %s", self.client, self.client.hostname, stand or "no option is given")
            if self.remembered:
                _LOG.debug("the context is of %s at %s", self.remembered, self.remembered.hostname)

    def token(self, *, force: bool = False, dead: str | None = None) -> Issued:
        """A valid token. force: a new one, though one for all hosts of the task; dead: one that it must not be."""
        began = time.perf_counter()
        own = f"{run_id()} {self._task}" if force or not self._cache else None
        try:
            issued = self.broker.token(self.client, min_ttl=self._min_ttl, own=own, dead=dead)
        except FalconError as error:
            if error.refused and self._beaten:
                error.message = f"{error.message.rstrip('.')}; mind that {self._beaten}."
            raise
        register_secrets(issued.token.access_token)
        _LOG.debug("there is a token after %.1f ms", (time.perf_counter() - began) * 1000)
        self.tell("taken from the cache" if issued.cached else "issued by the API", issued.token)
        return issued

    def renewed(self, dead: str, call: str) -> Token:
        """A valid token in place of one that the API did not take for a call.

        Another process may have replaced it by now, or found out that another token does not help.
        """
        self.broker.forget(self.client, dead, call=call)
        return self.token(dead=dead).token

    def cached(self) -> Token | None:
        """The valid token in the store, if there is one. Asks nobody."""
        token = self.broker.cached(self.client, min_ttl=self._min_ttl)
        if token:
            register_secrets(token.access_token)
        return token

    def tell(self, what: str, token: Token, *, owner: Client | None = None) -> None:
        """A line at -v on what happened to a token; owner: whose it was, if it is gone."""
        if not display.verbosity:
            return
        cloud = cloud_at(token.hostname)
        where = cloud.name if cloud else token.hostname
        until = "" if owner else f", valid until {token.expires_at_text}"
        display.v(f"falconops.auth: token of {owner or self.client} at {where} {what}{until}", host=self.options.host)

    def _make_broker(self, connection: Connection, api: Api) -> Broker:
        option = self.options.value
        sealer = Sealer.from_secret(self.client.client_id, self.client.client_secret)
        lock = Lock(sealer, warn)
        settings = StoreSettings(option("cache_plugin"), option("cache_connection"), option("cache_prefix"))
        return Broker(
            store=Store(Backend(settings, warn), sealer, lock, warn) if self._cache else None,
            lock=lock,
            # Whichever cloud is asked, it is the same client's token: a redirect leads them together.
            lock_name=lambda client: sealer.name("lock", client.member_cid, client.session),
            api=api,
            run=run_id(),
            # Two homes on one machine share neither locks nor private files.
            node=f"{os.uname().nodename} {ansible_home()}",
            # Connecting and answering may take the timeout each, and each retry may follow a wait for the rate limit.
            patience=(connection.retries + 1) * (2 * connection.timeout + 90),
            warn=warn,
        )


class _Shown(logging.Handler):
    """Shows at -vvv what the files of this collection log: no secret, and nothing for anybody who has not asked."""

    def __init__(self, host: str) -> None:
        super().__init__()
        self._host = host

    def emit(self, record: logging.LogRecord) -> None:
        """Show it beside the host that it is for."""
        display.vvv(f"falconops.auth: {record.getMessage()}", host=self._host)

    @classmethod
    def to_whom(cls, host: str) -> None:
        """From now on all is told of this host, for which this process works."""
        logger = logging.getLogger(_COLLECTION)
        logger.handlers, logger.propagate = [cls(host)], False
        logger.setLevel(logging.DEBUG)


def run_id() -> str:
    """The same in every process of one run of Ansible, and in no other: the name of its temporary directory."""
    return os.path.basename(str(C.DEFAULT_LOCAL_TMP))


def own_session() -> str:
    """What the names begin with that the role falcon_session gives this run's own sessions."""
    return f"{run_id()}/"


def _remembered(options: Options) -> Client | None:
    """The client of the context, unless run_once has put the context of such a session on a host that is not in it."""
    client = remembered_client(options.variables)
    if client and (client.session or "").startswith(own_session()):
        within = options.at(Level.VARIABLE, "session")
        return client if within and within.value == client.session else None
    return client


def warn(message: str) -> None:
    """Tell the user once in a run, however many hosts come to say the same."""
    display.warning(message)


def shown(client: Client, token: Token | None, now: float) -> dict[str, t.Any]:
    """A client and its token as results show them, without what is secret."""
    return {
        "client": client.name,
        "client_id": client.client_id,
        "cloud": client.cloud,
        "hostname": client.hostname,
        "member_cid": client.member_cid,
        "session": client.session,
        "expires_at": token.expires_at_text if token else None,
        "expires_in": int(token.seconds_left(now)) if token else None,
    }


def forms(token: Token) -> dict[str, t.Any]:
    """The token in the forms that others take; auth is what the modules of crowdstrike.falcon want."""
    cloud = cloud_at(token.hostname)
    bearer = f"Bearer {token.access_token}"
    return {
        "token": token.access_token,
        "bearer": bearer,
        "headers": {"Authorization": bearer},
        "auth": {
            "access_token": token.access_token,
            "cloud": cloud.name if cloud and cloud.known_to_falconpy else token.hostname,
        },
    }


def unexpected(error: Exception) -> str:
    """What to say of a fault of our own: where it is, but not its text, which may hold anything."""
    frames = traceback.extract_tb(error.__traceback__)
    last = [frame for frame in frames if "falconops" in frame.filename][-1]
    return (
        f"falconops.auth has a fault: {type(error).__name__} in {os.path.basename(last.filename)}, line {last.lineno}; "
        "please report it."
    )


def register_secrets(*secrets: str) -> None:
    """Have Ansible itself mask these values in its output, where it knows how (ansible-core 2.22)."""
    for secret in secrets if _register_secret else ():
        _register_secret(secret)

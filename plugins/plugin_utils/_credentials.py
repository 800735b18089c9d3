# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""Who asks: from options, stored clients and the context to one API client."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.falconops.auth.plugins.module_utils import _client
from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._clouds import CLOUDS, DEFAULT_CLOUD
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils._client_file import read_clients, stored_values, tellable
from ansible_collections.falconops.auth.plugins.plugin_utils._options import (
    ENVIRONMENT,
    LEVELS,
    VARIABLES,
    Found,
    Level,
    Options,
    plain,
    readable,
)


class NoCredentials(FalconError):
    """Nothing says who asks."""


class Asking(t.NamedTuple):
    """Who asks, and where a stored client says another cloud than the one that is asked: how that came about."""

    client: Client
    beaten: str = ""


class _Who(t.NamedTuple):
    """Who asks, by the highest level that names the client; own: what a stored client says beside id and secret."""

    level: Level
    client_id: str
    client_secret: str
    name: str | None = None
    own: t.Mapping[str, Found] = {}


def client_of(options: Options, remembered: Client | None, loader: t.Any, *, cleared: bool = False) -> Asking:
    """The API client that the options describe. Raises FalconError.

    remembered: the client of the context, None without one; loader: Ansible's, which decrypts and reads files;
    cleared: whether a revocation has emptied the context.
    """
    who = _who(options, remembered, loader, cleared)
    chosen = remembered if remembered and remembered.client_id == who.client_id else None
    host = _choice(options, who, chosen, "hostname", "cloud")
    member = _choice(options, who, chosen, "member_cid")
    session = _choice(options, who, chosen, "session")
    hostname = _url(host) if host else CLOUDS[DEFAULT_CLOUD].url
    own = who.own.get("hostname") or who.own.get("cloud")
    beaten = ""
    if host and own and _url(own) != hostname:
        beaten = f"{host.name} ({host.origin}) beats {own.name} {own.value} of the stored client '{who.name}'"
    client = Client(
        client_id=who.client_id,
        client_secret=who.client_secret,
        hostname=hostname,
        member_cid=member.checked(_client.check_member_cid) if member else None,
        session=session.checked(_client.check_session) if session else None,
        name=who.name,
    )
    return Asking(client, beaten)


def _url(host: Found) -> str:
    return t.cast("str", host.checked(_client.check_cloud if host.name == "cloud" else _client.check_hostname))


def _who(options: Options, remembered: Client | None, loader: t.Any, cleared: bool) -> _Who:
    for level in (Level.ARGUMENT, Level.VARIABLE):
        who = _named_at(level, options, loader)
        if who:
            return who
    # Id and secret of the context go only together, and give way to whatever is given by hand.
    if remembered and not options.given("client", "client_id", "client_secret"):
        return _Who(Level.CONTEXT, remembered.client_id, remembered.client_secret, remembered.name)
    who = _named_at(Level.ENVIRONMENT, options, loader)
    if who:
        return who
    raise _nobody(options, remembered, cleared)


def _named_at(level: Level, options: Options, loader: t.Any) -> _Who | None:
    stored, client_id, secret = (_at(options, level, name) for name in ("client", "client_id", "client_secret"))
    if stored:
        other = client_id or secret
        if other:
            raise FalconError(
                f"client ({stored.origin}) and {other.name} ({other.origin}) both say who asks; give either the name "
                "of a stored client or client_id and client_secret."
            )
        return _stored(stored, options, loader)
    if not client_id:
        return None
    secret = options.find("client_secret")
    if secret.empty:
        empty = _empty(options, "client_secret")
        why = f"{empty[0]}, which ends the search" if empty else f"none was found; secrets {_places('client_secret')}"
        raise FalconError(f"client_id comes from the {client_id.origin}, but no client_secret goes with it: {why}.")
    return _Who(level, client_id.checked(_client.check_client_id), secret.checked(_client.check_client_secret))


def _at(options: Options, level: Level, name: str) -> Found | None:
    found = options.at(level, name)
    return found if found and not found.empty else None


def _stored(name: Found, options: Options, loader: t.Any) -> _Who:
    """A stored client by its name. A secret given at a higher level than the name beats the stored one."""
    values = _stored_values(name, options, loader)
    for key in ("client_id", "client_secret"):
        if key not in values:
            raise FalconError(f"The stored client '{name.value}' has no {key}; it needs client_id and client_secret.")
    if "cloud" in values and "hostname" in values:
        raise FalconError(f"The stored client '{name.value}' has both cloud and hostname; give it one of them.")
    higher = [_at(options, level, "client_secret") for level in LEVELS if level < name.level]
    secret = next((found for found in higher if found), values["client_secret"])
    return _Who(
        level=name.level,
        client_id=values["client_id"].checked(_client.check_client_id),
        client_secret=secret.checked(_client.check_client_secret),
        name=name.value,
        own={key: values[key] for key in values if key not in ("client_id", "client_secret")},
    )


def _stored_values(name: Found, options: Options, loader: t.Any) -> dict[str, Found]:
    known: set[str] = set()
    others = False
    for place, clients, rendered in _stores(options, loader):
        if name.value in clients:
            what = f"The stored client '{name.value}' in {place}"
            # What was rendered once, or stands in a file of values, is no template, whatever it looks like.
            read = plain if rendered else options.render
            return stored_values(name, what, readable(functools.partial(read, clients[name.value]), what))
        fit = {each for each, client in clients.items() if not rendered or isinstance(client, dict)}
        known |= fit
        others = others or len(fit) < len(clients)
    if known:
        advice = f"known are {', '.join(tellable(known)) or 'names that are not shown, since they may hold a secret'}"
    elif others:
        advice = "what is there is no client: each is a name, and below it client_id and client_secret"
    else:
        places = f"{VARIABLES['clients']} and {VARIABLES['clients_file']}"
        advice = f"no clients are known, since neither clients nor clients_file holds one (variables {places})"
    raise FalconError(f"There is no stored client '{name.value}' ({name.origin}); {advice}.")


def stored_names(options: Options, loader: t.Any) -> set[str]:
    """The names of all stored clients. Raises FalconError if they cannot be read."""
    return {str(name) for _place, clients, _rendered in _stores(options, loader) for name in clients}


def _stores(options: Options, loader: t.Any) -> t.Iterator[tuple[str, t.Mapping[str, t.Any], bool]]:
    """Where stored clients stand, in the order in which they are looked at, and whether they are rendered."""
    given = options.find("clients")
    if not given.empty:
        yield f"clients ({given.origin})", {str(name): client for name, client in given.value.items()}, given.rendered
    path = options.find("clients_file")
    if not path.empty:
        yield f"clients_file {path.value}", read_clients(path, loader).clients, True


def _choice(options: Options, who: _Who, chosen: Client | None, *names: str) -> Found | None:
    """The value at the highest level that gives one of these names; at the client's own level its stored values.

    chosen: the context's client if it is the one that asks. Its choice is whole: no member is a choice as well.
    """
    for level in LEVELS:
        found = [each for name in names if (each := _at(options, level, name))]
        if len(found) > 1:
            first, second = found
            raise FalconError(
                f"{first.name} ({first.origin}) and {second.name} ({second.origin}) are two ways to say the same; "
                "give one of them."
            )
        if level == who.level:
            found += [who.own[name] for name in names if name in who.own]
        if found:
            return found[0]
        if level == Level.CONTEXT and chosen and not options.given(*names):
            value = getattr(chosen, names[0])
            return Found(names[0], value, level, "context of an earlier falcon_token") if value else None
    return None


def _nobody(options: Options, remembered: Client | None, cleared: bool) -> NoCredentials:
    half = options.find("client_secret")
    start = "There are no Falcon credentials"
    if not half.empty:
        start = f"There is a client_secret (from the {half.origin}) but no client_id"
    empty = _empty(options, "client", "client_id", "client_secret")
    if remembered:
        context = "is set, but gives its id and secret only together"
    else:
        context = "is not set in this run"
        if cleared:
            context = "was cleared by falcon_token_revoke, in this run or, if facts are kept, before it"
    return NoCredentials(
        f"{start}: client_id and client_secret, or client with clients or clients_file, {_places('client_id')}; the "
        f"context of host {options.host} {context}"
        + (f"; {', '.join(empty)}" if empty else "")
        + ". Where another host or play gave them, use run_once or variables."
    )


def _empty(options: Options, *names: str) -> list[str]:
    """Which of these options stand somewhere, but empty."""
    return [
        f"{found.name} ({found.origin}) is empty"
        for name in names
        for found in (options.at(level, name) for level in (Level.ARGUMENT, Level.VARIABLE))
        if found and found.empty
    ]


def _places(name: str) -> str:
    return (
        f"were looked for in the arguments, in variables ({VARIABLES[name]} and so on), "
        f"and in the environment ({ENVIRONMENT[name]} and so on)"
    )

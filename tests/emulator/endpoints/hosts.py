# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts, to be read: ids by number and by scroll, whole records by cursor or by id."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.messages import Call, Refused, Reply, problem, some_ids, strings
from emulator.paging import Expired, by_cursor, by_number, limit_of
from emulator.records import Record, online
from emulator.routing import scoped
from emulator.scopes import HOSTS_READ
from emulator.state import State
from emulator.tokens import Token

_BY = "device-api"


@scoped("GET", "/devices/queries/devices/v1", HOSTS_READ)
def ids_by_number(state: State, call: Call, token: Token) -> Reply:
    return _ids_by_number(state, call, token, hidden=False)


@scoped("GET", "/devices/queries/devices-hidden/v1", HOSTS_READ)
def hidden_ids(state: State, call: Call, token: Token) -> Reply:
    return _ids_by_number(state, call, token, hidden=True)


def _ids_by_number(state: State, call: Call, token: Token, hidden: bool) -> Reply:
    ids, pagination = by_number(state, call, token, _chosen(state, call, token, hidden), default=100, maximum=5000)
    return call.envelope(200, ids, _BY, pagination=pagination)


@scoped("GET", "/devices/queries/devices-scroll/v1", HOSTS_READ)
def ids_by_scroll(state: State, call: Call, token: Token) -> Reply:
    limit = limit_of(call.param("limit"), 100, 10_000)
    try:
        page = by_cursor(state, call, _chosen(state, call, token), call.param("offset"), limit)
    except Expired:
        raise Refused(404, "scroll offset not found or expired") from None
    pagination = {
        "offset": page.cursor or "",
        "limit": limit,
        "total": page.total,
        "expires_at": int(state.shown(page.expires)) * 1_000_000_000,
    }
    return call.envelope(200, page.items, _BY, pagination=pagination)


@scoped("GET", "/devices/combined/devices/v1", HOSTS_READ)
def records_by_cursor(state: State, call: Call, token: Token) -> Reply:
    limit = limit_of(call.param("limit"), 100, 10_000)
    given = call.param("offset")
    try:
        page = by_cursor(state, call, _chosen(state, call, token), given, limit)
    except Expired:
        raise Refused(404, "pagination token not found or expired") from None
    pagination = {"offset": given, "limit": limit, "total": page.total}
    if page.cursor:
        pagination["next"] = page.cursor
    fields = [name for name in call.param("fields").split(",") if name]
    hosts = _shown(state, token, page.items)
    if fields:
        hosts = [{name: host[name] for name in fields if name in host} for host in hosts]
    return call.envelope(200, hosts, _BY, pagination=pagination)


@scoped("GET", "/devices/entities/devices/v2", HOSTS_READ)
def details(state: State, call: Call, token: Token) -> Reply:
    return _details(state, call, token, some_ids(call.query.get("ids", ()), 100))


@scoped("POST", "/devices/entities/devices/v2", HOSTS_READ)
def many_details(state: State, call: Call, token: Token) -> Reply:
    return _details(state, call, token, some_ids(strings(call.json.get("ids"), "ids"), 5000))


@scoped("GET", "/devices/entities/online-state/v1", HOSTS_READ)
def online_state(state: State, call: Call, token: Token) -> Reply:
    hosts = state.tenant(token.cid).hosts
    states = []
    for found in some_ids(call.query.get("ids", ()), 100):
        number = hosts.number(found)
        if number is not None:
            states.append({"id": found, "cid": token.cid, "state": "online" if online(number) else "offline"})
    return call.envelope(200, states, _BY)


def _details(state: State, call: Call, token: Token, ids: list[str]) -> Reply:
    """One id that nobody knows makes it a 400, and yet there are the hosts with the other ones."""
    hosts = state.tenant(token.cid).hosts
    known = [found for found in ids if hosts.number(found) is not None]
    errors = [problem(400, f"Invalid device ID: {found}") for found in ids if hosts.number(found) is None]
    return call.envelope(400 if errors else 200, _shown(state, token, known), _BY, errors)


def _chosen(state: State, call: Call, token: Token, hidden: bool = False) -> Sequence[str]:
    return state.tenant(token.cid).select_hosts(call.param("filter"), call.param("sort"), hidden)


def _shown(state: State, token: Token, ids: Sequence[str]) -> list[Record]:
    tenant = state.tenant(token.cid)
    hosts = tenant.hosts.records(ids)
    for found in ids:
        tenant.look_at(found)
    return hosts

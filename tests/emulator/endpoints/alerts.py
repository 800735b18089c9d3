# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alerts: whole ones by `after` in the body, ids by number."""

from __future__ import annotations

from emulator.messages import Call, Refused, Reply, some_ids, strings
from emulator.paging import Expired, by_cursor, by_number, limit_of, offset_of
from emulator.routing import scoped
from emulator.scopes import ALERTS_READ
from emulator.state import State
from emulator.tokens import Token

_BY = "detectsapi"
_WINDOW = 10_000


@scoped("POST", "/alerts/combined/alerts/v1", ALERTS_READ)
def combined(state: State, call: Call, token: Token) -> Reply:
    wish = call.json
    strange = set(wish) - {"after", "filter", "limit", "sort"}
    if strange or not all(isinstance(wish.get(name, ""), str) for name in ("after", "filter", "sort")):
        raise Refused(400, f"invalid request body{': unknown field ' + min(strange) if strange else ''}")
    limit = limit_of(wish.get("limit"), 100, 1000)
    alerts = state.tenant(token.cid).alerts
    chosen = alerts.select(wish.get("filter", ""), wish.get("sort", ""))
    try:
        page = by_cursor(state, call, chosen, wish.get("after", ""), limit)
    except Expired:
        raise Refused(404, "Search context expired, 'after' key no longer valid") from None
    pagination: dict[str, object] = {"limit": limit, "total": page.total}
    if page.cursor:
        pagination["after"] = page.cursor
    return call.envelope(200, alerts.records(page.items), _BY, pagination=pagination)


@scoped("GET", "/alerts/queries/alerts/v2", ALERTS_READ)
def ids(state: State, call: Call, token: Token) -> Reply:
    """Says again which `offset` was asked for, and breaks down beyond the window, as the real one does."""
    if offset_of(call) + limit_of(call.param("limit"), 100, _WINDOW) > _WINDOW:
        raise Refused(500, "Internal Server Error: Please provide trace-id='' to support")
    alerts = state.tenant(token.cid).alerts.select(call.param("filter"), call.param("sort"))
    page, pagination = by_number(state, call, token, alerts, default=100, maximum=_WINDOW)
    return call.envelope(200, page, _BY, pagination={**pagination, "offset": offset_of(call)})


@scoped("POST", "/alerts/entities/alerts/v2", ALERTS_READ)
def details(state: State, call: Call, token: Token) -> Reply:
    alerts = state.tenant(token.cid).alerts
    wanted = some_ids(strings(call.json.get("composite_ids"), "composite_ids"), 1000)
    return call.envelope(200, alerts.records(found for found in wanted if alerts.number(found) is not None), _BY)

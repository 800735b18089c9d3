# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Threat intelligence's indicators, by a path in the header Next-Page."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from emulator.messages import Call, Refused, Reply
from emulator.paging import Expired, Page, by_cursor, by_number, limit_of, offset_of
from emulator.routing import scoped
from emulator.scopes import INDICATORS_READ
from emulator.state import State
from emulator.tokens import Token

_BY = "msa-api"
_WINDOW = 50_000
_PLACE = "_marker_after"


@scoped("GET", "/intel/combined/indicators/v1", INDICATORS_READ)
def combined(state: State, call: Call, token: Token) -> Reply:
    return _indicators(state, call, token, whole=True)


@scoped("GET", "/intel/queries/indicators/v1", INDICATORS_READ)
def ids(state: State, call: Call, token: Token) -> Reply:
    return _indicators(state, call, token, whole=False)


def _indicators(state: State, call: Call, token: Token, whole: bool) -> Reply:
    """The header is there only if they are sorted by their marker, as they are if nothing is said."""
    limit, offset = limit_of(call.param("limit"), 10, 10_000), offset_of(call)
    if offset + limit >= _WINDOW:
        raise Refused(400, f"the sum of limit and offset params must be less than {_WINDOW}")
    indicators = state.tenant(token.cid).indicators
    sort = call.param("sort") or "_marker.asc"
    chosen = indicators.select(call.param("filter"), sort)
    headers: dict[str, str] = {}
    pagination: dict[str, object] = {"offset": offset, "limit": limit, "total": len(chosen)}
    found: Sequence[str]
    if sort in ("_marker.asc", "_marker|asc", "_marker") and not offset:
        page = _by_marker(state, call, chosen, limit)
        found, pagination["total"] = page.items, page.total
        if page.cursor:
            headers["Next-Page"] = _next_page(state, call, page.cursor)
    else:
        found, by = by_number(state, call, token, chosen, default=10, maximum=10_000, window=None)
        pagination = {**by, "offset": offset}
    resources = indicators.records(found) if whole else found
    return call.envelope(200, resources, _BY, headers=headers, pagination=pagination)


def _by_marker(state: State, call: Call, chosen: Sequence[str], limit: int) -> Page[str]:
    twice = [name for name, values in call.query.items() if len(values) > 1]
    if twice:
        # From a client that adds its own parameters to the path of the header.
        raise Refused(400, f"invalid request: {', '.join(twice)} is given more than once")
    try:
        return by_cursor(state, call, chosen, call.param(_PLACE), limit)
    except Expired:
        raise Refused(404, "the marker is no longer valid") from None


def _next_page(state: State, call: Call, cursor: str) -> str:
    params = [(name, value) for name, values in call.query.items() if name != _PLACE for value in values]
    return f"{state.settings.next_page_prefix}{call.path}?{urlencode([*params, (_PLACE, cursor)])}"

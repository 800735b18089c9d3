# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vulnerabilities, by `after`."""

from __future__ import annotations

from emulator.messages import Call, Refused, Reply, problem
from emulator.paging import Expired, by_cursor, limit_of
from emulator.routing import scoped
from emulator.scopes import VULNERABILITIES_READ
from emulator.state import State
from emulator.tokens import Token

_BY = "spapi"
_FACETS = {"cve", "evaluation_logic", "host_info", "remediation"}


@scoped("GET", "/spotlight/combined/vulnerabilities/v1", VULNERABILITIES_READ)
def combined(state: State, call: Call, token: Token) -> Reply:
    limit = limit_of(call.param("limit"), 100, 5000)
    wanted = set(call.query.get("facet", ()))
    if not call.param("filter"):
        raise Refused(400, "invalid request: filter is required")
    if wanted - _FACETS:
        raise Refused(400, f"invalid facet: {', '.join(sorted(wanted - _FACETS))}")
    found = state.tenant(token.cid).vulnerabilities
    try:
        page = by_cursor(
            state, call, found.select(call.param("filter"), call.param("sort")), call.param("after"), limit
        )
    except Expired:
        errors = [problem(404, "Search context expired, 'after' key no longer valid")]
        return call.envelope(404, [], _BY, errors, pagination={"after": "", "limit": limit, "total": 0})
    left_out = _FACETS - wanted
    shown = [
        {name: value for name, value in record.items() if name not in left_out} for record in found.records(page.items)
    ]
    pagination = {"after": page.cursor or "", "limit": limit, "total": page.total}
    return call.envelope(200, shown, _BY, pagination=pagination)

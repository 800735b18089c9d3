# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Indicators of misconfiguration (IOM), by `next_token`; the events stand one level deeper than elsewhere."""

from __future__ import annotations

from emulator.messages import Call, Refused, Reply
from emulator.paging import Expired, by_cursor, limit_of
from emulator.routing import scoped
from emulator.scopes import CSPM_READ
from emulator.state import State
from emulator.tokens import Token

_FILTERS = ("account_id", "azure_subscription_id", "azure_tenant_id", "cloud_provider", "region", "service", "severity")


@scoped("GET", "/detects/entities/iom/v1", CSPM_READ)
def misconfigurations(state: State, call: Call, token: Token) -> Reply:
    limit, given = limit_of(call.param("limit"), 100, 500), call.param("next_token")
    filters = [name for name in (*_FILTERS, "status") if call.param(name)]
    if given and filters:
        raise Refused(400, f"cannot provide both nextToken and {filters[0]}")
    # What the first page was asked for is not known any more on the next one: the token has to say it.
    wish, _unused, cursor = given.partition("~") if given else ("+".join(_conditions(call, filters)), "", "")
    if given and not cursor:
        raise Refused(400, "invalid nextToken")
    iom = state.tenant(token.cid).misconfigurations
    try:
        page = by_cursor(state, call, iom.select(wish), cursor, limit)
    except Expired:
        raise Refused(400, "nextToken is no longer valid") from None
    pagination: dict[str, object] = {"limit": limit, "total": page.total}
    if page.cursor:
        pagination["next_token"] = f"{wish}~{page.cursor}"
    events = iom.records(page.items)
    return call.envelope(200, {"events": events}, "cspm-registration", pagination=pagination)


def _conditions(call: Call, filters: list[str]) -> list[str]:
    return [
        f"{name}:'{call.param(name)}'"
        for name in filters
        if (name, call.param(name)) != ("status", "all") and name != "azure_subscription_id"
    ]

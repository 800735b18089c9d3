# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud security's assets, whose cursor stands in `meta.next` and is sent as `after`."""

from __future__ import annotations

from typing import Any

from emulator.messages import Call, Refused, Reply, some_ids
from emulator.paging import Expired, by_cursor, by_number, limit_of
from emulator.routing import scoped
from emulator.scopes import CLOUD_ASSETS_READ
from emulator.state import State
from emulator.tokens import Token

_BY = "cloud-security-assets"


@scoped("GET", "/cloud-security-assets/queries/resources/v1", CLOUD_ASSETS_READ)
def ids(state: State, call: Call, token: Token) -> Reply:
    limit = limit_of(call.param("limit"), 500, 1000, clamp=True)
    chosen = state.tenant(token.cid).assets.select(call.param("filter"), call.param("sort"))
    if call.param("after") and call.param("offset"):
        raise Refused(400, "only one of 'offset' and 'after' can be used")
    if call.param("offset"):
        page, pagination = by_number(state, call, token, chosen, default=500, maximum=1_000_000)
        return call.envelope(200, page, _BY, pagination=pagination)
    try:
        walk = by_cursor(state, call, chosen, call.param("after"), limit)
    except Expired:
        raise Refused(400, "'after' is no longer valid") from None
    meta: dict[str, Any] = {"pagination": {"limit": limit, "total": walk.total}}
    if walk.cursor:
        meta["next"] = walk.cursor
    return call.envelope(200, walk.items, _BY, **meta)


@scoped("GET", "/cloud-security-assets/entities/resources/v1", CLOUD_ASSETS_READ)
def details(state: State, call: Call, token: Token) -> Reply:
    assets = state.tenant(token.cid).assets
    wanted = some_ids(call.query.get("ids", ()), 100)
    return call.envelope(200, assets.records(found for found in wanted if assets.number(found) is not None), _BY)

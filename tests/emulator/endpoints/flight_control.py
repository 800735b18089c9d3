# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flight Control: the customers below a customer."""

from __future__ import annotations

import hashlib

from emulator.messages import Call, Reply, problem, some_ids, strings
from emulator.paging import by_number
from emulator.records import Record
from emulator.routing import scoped
from emulator.scopes import FLIGHT_CONTROL_READ
from emulator.state import State
from emulator.tenant import select
from emulator.tokens import Token

_BY = "mssp-api"


@scoped("GET", "/mssp/queries/children/v1", FLIGHT_CONTROL_READ)
def ids(state: State, call: Call, token: Token) -> Reply:
    chosen = select([{"cid": child} for child in _children(state, token)], call.param("filter"), "")
    page, pagination = by_number(
        state, call, token, [child["cid"] for child in chosen], default=10, maximum=1000, window=None
    )
    return call.envelope(200, page, _BY, pagination=pagination)


@scoped("GET", "/mssp/entities/children/v1", FLIGHT_CONTROL_READ)
def details(state: State, call: Call, token: Token) -> Reply:
    return _details(state, call, token, some_ids(call.query.get("ids", ()), 100))


@scoped("POST", "/mssp/entities/children/GET/v2", FLIGHT_CONTROL_READ)
def many_details(state: State, call: Call, token: Token) -> Reply:
    return _details(state, call, token, some_ids(strings(call.json.get("ids"), "ids"), 1000))


def _details(state: State, call: Call, token: Token, wanted: list[str]) -> Reply:
    children = _children(state, token)
    known = [_child(token.cid, cid, children.index(cid)) for cid in wanted if cid in children]
    errors = [problem(404, f"CID {cid} not found") for cid in wanted if cid not in children]
    return call.envelope(200 if known else 404, known, _BY, errors)


def _children(state: State, token: Token) -> tuple[str, ...]:
    customer = state.world.customer(token.cid)
    return customer.children if customer else ()  # a member has none


def _child(parent: str, cid: str, number: int) -> Record:
    checksum = hashlib.sha256(cid.encode()).hexdigest()[:2].upper()
    return {
        "child_cid": cid,
        "child_of": parent,
        "checksum": checksum,
        "name": f"Child {number + 1}",
        "status": "active",
    }

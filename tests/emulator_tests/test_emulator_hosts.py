# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts to be read: filters, details, whose they are, who may."""

from __future__ import annotations

import pytest
from emulator_api import BY_CURSOR, COMBINED, Api
from emulator_calls import body, error_of

from emulator import cast
from emulator.records import host, host_id
from emulator.routing import ROUTES

DEVICES = "/devices/queries/devices/v1"
DETAILS = "/devices/entities/devices/v2"


def names(api: Api, filter_: str, **params: str) -> list[str]:
    return [one["hostname"] for one in api.get(COMBINED.path, filter=filter_, **params)["resources"]]


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ("platform_name:'Windows'", ["win-000000", "win-000003"]),
        ('platform_name:"Windows"', ["win-000000", "win-000003"]),
        ("hostname:'lin*'", ["lin-000001", "lin-000004"]),
        ("hostname:*'*3'", ["win-000003"]),
        ("platform_name:!'Windows'+hostname:!'mac*'", ["lin-000001", "lin-000004"]),
        ("hostname:['win-000000','mac-000002','x']", ["win-000000", "mac-000002"]),
        ("(hostname:'win*',hostname:'mac*')+first_seen:>'2026-01-01T00:00:00Z'", ["mac-000002", "win-000003"]),
        ("platform_id:>=1+platform_id:<2", ["lin-000001", "lin-000004"]),
        ("meta.version:'4'", ["lin-000004"]),
        ("hostname:'[win]*'", []),
        (f"device_id:'{host_id(cast.FULL.cid, 2)}'", ["mac-000002"]),
        ("*", ["win-000000", "lin-000001", "mac-000002", "win-000003", "lin-000004"]),
    ],
)
def test_filters(filter_: str, found: list[str]) -> None:
    assert names(Api(hosts=5), filter_) == found


@pytest.mark.parametrize(
    "filter_", ["hostname", "hostname:", "x:'y'", "hostname:'a'+", "(hostname:'a'", "hostname:['a'", "'a'"]
)
def test_filters_that_make_no_sense(filter_: str) -> None:
    status, message = error_of(Api().reply("GET", DEVICES, filter=filter_))
    assert (status, message[:15]) == (400, "invalid filter:")


def test_sorting() -> None:
    api = Api(hosts=4)
    assert names(api, "*", sort="hostname.desc")[:2] == ["win-000003", "win-000000"]
    assert names(api, "*", sort="hostname|asc")[0] == "lin-000001"
    assert error_of(api.reply("GET", DEVICES, sort="x.asc"))[0] == 400


def test_fields() -> None:
    answer = Api(hosts=1).get(COMBINED.path, fields="hostname,device_id")
    assert answer["resources"] == [{"hostname": "win-000000", "device_id": host_id(cast.FULL.cid, 0)}]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_details_of_some_that_are_unknown(method: str) -> None:
    api = Api(hosts=3)
    known = host_id(cast.FULL.cid, 1)

    def ask(*ids: str) -> dict[str, object]:
        reply = (
            api.reply("POST", DETAILS, {"ids": ids}) if method == "POST" else api.reply("GET", DETAILS, ids=list(ids))
        )
        return {"status": reply.status, **body(reply)}

    answer = ask(known, known)
    assert (answer["status"], answer["resources"], answer["errors"]) == (200, [host(cast.FULL.cid, 1)], [])
    answer = ask("x", known)
    assert (answer["status"], answer["resources"]) == (400, [host(cast.FULL.cid, 1)])
    assert answer["errors"] == [{"code": 400, "message": "Invalid device ID: x"}]
    assert ask("x")["resources"] == []
    # More than there are now: it is unknown, until there are more.
    assert ask(host_id(cast.FULL.cid, 3))["status"] == 400
    api.configure(hosts=4)
    assert ask(host_id(cast.FULL.cid, 3))["status"] == 200


def test_how_many_ids() -> None:
    api = Api()
    ids = [f"{number:032x}" for number in range(5001)]
    assert error_of(api.reply("GET", DETAILS, ids=ids[:101])) == (400, "request must contain between 1 and 100 ids")
    assert error_of(api.reply("POST", DETAILS, {"ids": ids})) == (400, "request must contain between 1 and 5000 ids")
    assert error_of(api.reply("POST", DETAILS, {"ids": "x"})) == (400, "invalid request: ids must be a list of strings")
    assert error_of(api.reply("POST", DETAILS, ["x"]))[0] == 400
    assert error_of(api.reply("POST", DETAILS, b"{"))[0] == 400


def test_each_customer_has_its_own() -> None:
    api = Api(hosts=2)
    mine = api.get(DEVICES)["resources"]
    api.log_in(member_cid=cast.CHILD_A)
    childs = api.get(DEVICES)["resources"]
    assert childs == [host_id(cast.CHILD_A, 0), host_id(cast.CHILD_A, 1)]
    assert not set(mine) & set(childs)
    assert api.reply("POST", DETAILS, {"ids": mine}).status == 400


def test_online_state() -> None:
    api = Api(hosts=10)
    ids = [host_id(cast.FULL.cid, number) for number in (8, 9)]
    states = api.get("/devices/entities/online-state/v1", ids=[*ids, "x"])["resources"]
    assert [(one["id"], one["state"]) for one in states] == list(zip(ids, ["online", "offline"], strict=True))


def test_children() -> None:
    api = Api()
    children = [cast.CHILD_A, cast.CHILD_B]
    assert api.get("/mssp/queries/children/v1")["resources"] == children
    assert api.get("/mssp/queries/children/v1", limit=1, offset=1)["resources"] == children[1:]
    answer = api.call("POST", "/mssp/entities/children/GET/v2", {"ids": [*children, cast.UNKNOWN_CID]})
    assert [(one["child_cid"], one["name"]) for one in answer["resources"]] == list(
        zip(children, ["Child 1", "Child 2"], strict=True)
    )
    assert [error["code"] for error in answer["errors"]] == [404]
    api.log_in(member_cid=cast.CHILD_A)
    assert api.get("/mssp/queries/children/v1")["resources"] == []


def test_every_endpoint_needs_its_scope() -> None:
    """One that anybody could call would teach a test nothing about 403."""
    api = Api(client=cast.US1)
    for method, path in ROUTES:
        if path.startswith(("/oauth2/", "/sensors/")):
            continue
        reply = api.reply(method, path)
        assert error_of(reply) == (403, "access denied, authorization failed"), path
        assert reply.headers["X-Cs-Region"] == "us-1"
    assert {path for listing in BY_CURSOR.values() for path in [listing.path]} <= {path for _unused, path in ROUTES}


def test_head() -> None:
    reply = Api().reply("HEAD", "/image-assessment/entities/image-inventory/v1")
    assert (reply.status, reply.body, reply.headers["X-Cs-Image-Inventory"]) == (200, b"", "ready")

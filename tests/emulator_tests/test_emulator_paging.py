# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each style of paging, and what the switches do to it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from emulator_api import ALERTS, BY_CURSOR, COMBINED, INTEL, IOMS, SCROLL, SPOTLIGHT, Api, Listing
from emulator_calls import body, error_of

DEVICES = "/devices/queries/devices/v1"

every_listing = pytest.mark.parametrize("listing", list(BY_CURSOR.values()), ids=list(BY_CURSOR))


def keys(pages: list[list[Any]]) -> list[str]:
    """One string for each item, whatever it is."""
    return [json.dumps(item) for page in pages for item in page]


@every_listing
def test_by_cursor(listing: Listing) -> None:
    api = Api(**{listing.setting: 10})
    pages = list(listing.pages(api, limit=4))
    assert [len(page) for page in pages] == [4, 4, 2]
    assert len(set(keys(pages))) == 10
    api.configure(**{listing.setting: 8})
    assert [len(page) for page in listing.pages(api, limit=4)] == [4, 4]
    api.configure(**{listing.setting: 0})
    assert list(listing.pages(api)) == [[]]


@every_listing
@pytest.mark.parametrize("cases", [["changing-size"], ["empty-page"], ["late-end"], ["moving-total"]])
def test_oddities_lose_nothing(listing: Listing, cases: list[str]) -> None:
    api = Api(**{listing.setting: 60})
    right = keys(list(listing.pages(api, limit=8)))
    api.configure(paging=cases)
    pages = list(listing.pages(api, limit=8))
    assert keys(pages) == right
    sizes = [len(page) for page in pages]
    if cases == ["changing-size"]:
        assert len(set(sizes[:-1])) > 1
    elif cases == ["empty-page"]:
        assert (sizes[1], 0 in sizes[2:]) == (0, False)
    elif cases == ["late-end"]:
        assert sizes[-2:] == [4, 0]


@every_listing
def test_page_cap(listing: Listing) -> None:
    api = Api(**{listing.setting: 10}, page_cap=3)
    assert [len(page) for page in listing.pages(api, limit=100)] == [3, 3, 3, 1]


@every_listing
def test_repeated_cursor(listing: Listing) -> None:
    api = Api(**{listing.setting: 10}, paging=["repeated-cursor"])
    pages = listing.pages(api, limit=3)
    first, second, third = next(pages), next(pages), next(pages)
    assert first != second == third
    with pytest.raises(AssertionError, match="no end"):
        list(listing.pages(api, limit=3, most=20))


@every_listing
def test_cursors_must_be_encoded_and_are_for_one_listing(listing: Listing) -> None:
    api = Api()
    reply = listing._reply(api, listing.path, {**dict(listing.params), "limit": "1"})
    cursor = listing.onward(body(reply), reply) or ""
    if listing is INTEL:
        assert "%2B" in cursor
        return
    assert {"+", "/"} <= set(cursor)
    for bad in (cursor.replace("+", " "), "x", base64.b64encode(b'["/x", 0, 0, 0]').decode()):
        wish = {name: value for name, value in listing.params if listing is not IOMS}
        assert error_of(listing._reply(api, listing.path, {**wish, listing.back: bad}))[0] == 400


@every_listing
def test_cursors_die(listing: Listing) -> None:
    api = Api(page_cap=1)
    pages = listing.pages(api)
    next(pages)
    api.clock.now += 119
    next(pages)
    api.clock.now += 120
    with pytest.raises(AssertionError) as died:
        next(pages)
    assert "status=40" in str(died.value)
    api.configure(cursor_life=0)
    with pytest.raises(AssertionError):
        list(listing.pages(api))


def test_expired_vulnerabilities() -> None:
    api = Api(cursor_life=0, page_cap=1)
    after = api.get(SPOTLIGHT.path, filter="status:'open'")["meta"]["pagination"]["after"]
    answer = api.get(SPOTLIGHT.path, status=404, filter="status:'open'", after=after)
    assert answer["errors"] == [{"code": 404, "message": "Search context expired, 'after' key no longer valid"}]
    assert (answer["resources"], answer["meta"]["pagination"]) == ([], {"after": "", "limit": 100, "total": 0})


def test_total_moves() -> None:
    api = Api(hosts=20, paging=["moving-total"])
    totals = [api.get(DEVICES, limit=5, offset=offset)["meta"]["pagination"]["total"] for offset in (0, 5, 10)]
    assert len(set(totals)) == 3
    assert min(totals) > 20
    first = api.get(SCROLL.path, limit=5)["meta"]["pagination"]
    second = api.get(SCROLL.path, limit=5, offset=first["offset"])["meta"]["pagination"]
    assert (first["total"], second["total"]) == (25, 1)


def test_by_number() -> None:
    api = Api(hosts=12)
    found: list[str] = []
    for size in (5, 5, 2, 0):
        answer = api.get(DEVICES, limit=5, offset=len(found))
        assert len(answer["resources"]) == size
        found += answer["resources"]
        assert answer["meta"]["pagination"] == {"offset": len(found), "limit": 5, "total": 12}
    assert len(set(found)) == 12
    api.configure(hosts=10)
    assert api.get(DEVICES)["resources"] == found[:10]  # the first ones stay the same


def test_empty_page_by_number_comes_once() -> None:
    api = Api(hosts=12, paging=["empty-page"])
    sizes = [len(api.get(DEVICES, limit=5, offset=offset)["resources"]) for offset in (0, 5, 5, 10, 10, 12)]
    assert sizes == [5, 0, 5, 0, 2, 0]


def test_window() -> None:
    api = Api(hosts=10_002)
    assert len(api.get(DEVICES, limit=5000, offset=5000)["resources"]) == 5000
    reply = api.reply("GET", DEVICES, limit=1, offset=10_000)
    assert error_of(reply) == (400, "limit + offset must be less than or equal to 10000")
    reply = api.reply("GET", INTEL.path, limit=10_000, offset=40_000)
    assert error_of(reply) == (400, "the sum of limit and offset params must be less than 50000")
    assert api.reply("GET", "/alerts/queries/alerts/v2", limit=1, offset=10_000).status == 500


@pytest.mark.parametrize(
    ("path", "limit", "message"),
    [
        (DEVICES, "5001", "5001 is an invalid page size, must be between 1 and 5000"),
        (DEVICES, "0", "0 is an invalid page size, must be between 1 and 5000"),
        (DEVICES, "x", "invalid limit: x"),
        (SCROLL.path, "10001", "10001 is an invalid page size, must be between 1 and 10000"),
        (COMBINED.path, "10001", "10001 is an invalid page size, must be between 1 and 10000"),
        (SPOTLIGHT.path, "5001", "5001 is an invalid page size, must be between 1 and 5000"),
        (IOMS.path, "501", "501 is an invalid page size, must be between 1 and 500"),
    ],
)
def test_limits(path: str, limit: str, message: str) -> None:
    assert error_of(Api().reply("GET", path, limit=limit)) == (400, message)


def test_alerts_echo_the_offset() -> None:
    api = Api(alerts=5)
    assert api.get("/alerts/queries/alerts/v2", limit=2)["meta"]["pagination"]["offset"] == 0
    assert api.get("/alerts/queries/alerts/v2", limit=2, offset=2)["meta"]["pagination"]["offset"] == 2


def test_alerts_take_everything_in_the_body() -> None:
    api = Api(alerts=9)
    assert api.reply("POST", ALERTS.path).status == 400
    refused = api.reply("POST", ALERTS.path, {"offset": 0})
    assert error_of(refused) == (400, "invalid request body: unknown field offset")
    answer = api.call("POST", ALERTS.path, {"filter": "status:'new'", "sort": "created_timestamp|desc", "limit": 2})
    assert [alert["severity"] for alert in answer["resources"]] == [6, 3]
    assert answer["meta"]["pagination"]["total"] == 3
    ids = [alert["composite_id"] for alert in answer["resources"]]
    details = api.call("POST", "/alerts/entities/alerts/v2", {"composite_ids": ids})
    assert details["resources"] == answer["resources"]


def test_vulnerabilities_need_filter_and_facets() -> None:
    api = Api()
    assert error_of(api.reply("GET", SPOTLIGHT.path)) == (400, "invalid request: filter is required")
    assert error_of(api.reply("GET", SPOTLIGHT.path, filter="status:'open'", facet="x")) == (400, "invalid facet: x")
    bare, full = (
        api.get(SPOTLIGHT.path, filter="status:'open'", limit=1, facet=facets)["resources"][0]
        for facets in ([], ["cve", "host_info"])
    )
    assert set(full) - set(bare) == {"cve", "host_info"}


def test_next_page_is_a_path_that_is_complete() -> None:
    api = Api(indicators=6)
    reply = api.reply("GET", INTEL.path, limit=2, filter="type:'domain'", sort="_marker|asc")
    onward = reply.headers["Next-Page"]
    assert onward.startswith(INTEL.path + "?")
    assert [one["type"] for one in api.get(onward)["resources"]] == ["domain"]
    assert error_of(api.reply("GET", onward + "&limit=2")) == (400, "invalid request: limit is given more than once")
    assert "Next-Page" not in api.reply("GET", INTEL.path, limit=2, sort="id.desc").headers
    assert "Next-Page" not in api.reply("GET", INTEL.path, limit=2, offset=2).headers
    api.configure(next_page_prefix="https://evil.example.com")
    assert api.reply("GET", INTEL.path, limit=2).headers["Next-Page"].startswith("https://evil.example.com/intel/")


def test_next_token_allows_only_limit() -> None:
    api = Api(ioms=30)
    answer = api.get(IOMS.path + "?status=new", limit=4, cloud_provider="aws")
    token = answer["meta"]["pagination"]["next_token"]
    refused = api.reply("GET", IOMS.path, limit=4, next_token=token, cloud_provider="aws")
    assert error_of(refused) == (400, "cannot provide both nextToken and cloud_provider")
    more = api.get(IOMS.path, limit=4, next_token=token)
    events = answer["resources"]["events"] + more["resources"]["events"]
    assert {(event["cloud_provider"], event["status"]) for event in events} == {("aws", "new")}
    assert (len(events), more["meta"]["pagination"].get("next_token")) == (5, None)


def test_assets_by_number_or_cursor() -> None:
    api = Api(assets=3)
    path = "/cloud-security-assets/queries/resources/v1"
    answer = api.get(path, limit=2)
    assert (answer["meta"]["pagination"], len(answer["resources"])) == ({"limit": 2, "total": 3}, 2)
    assert api.get(path, offset=2)["resources"] == api.get(path, after=answer["meta"]["next"])["resources"]
    assert api.reply("GET", path, offset=2, after=answer["meta"]["next"]).status == 400
    ids = answer["resources"]
    assert [one["id"] for one in api.get("/cloud-security-assets/entities/resources/v1", ids=ids)["resources"]] == ids

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of pagination: each way to name the next page, and whole listings of servers that hypothesis makes up."""

from __future__ import annotations

import dataclasses
import typing as t
from urllib.parse import quote

import pytest
from ansible_collections.falconops.auth.plugins.module_utils._pages import NUMBER, STYLES, Page, next_page, total_of
from ansible_collections.falconops.auth.tests.unit.calls import PATH, Server, answer, envelope, result_of
from hypothesis import given
from hypothesis import strategies as st

FIRST = {
    "Next-Page": ({"Next-Page": "/a/b?c=d"}, {}, Page("Next-Page", "", "/a/b?c=d")),
    "after": ({}, {"pagination": {"after": "x+/=", "total": 1}}, Page("after", "after", "x+/=")),
    "meta.next": ({}, {"next": "x", "pagination": {"offset": 0, "total": 9}}, Page("meta.next", "after", "x")),
    "next_token": ({}, {"pagination": {"next_token": "x"}}, Page("next_token", "next_token", "x")),
    "next": ({}, {"pagination": {"next": "x", "offset": ""}}, Page("next", "offset", "x")),
    "next_page": ({}, {"pagination": {"next_page": "x", "offset": "y"}}, Page("next_page", "offset", "x")),
    "scroll": ({}, {"pagination": {"offset": "x", "total": 1}}, Page("scroll", "offset", "x")),
    "a number beside a numeric next": (
        {},
        {"pagination": {"next": "7", "offset": 0, "total": 9}},
        Page(NUMBER, "offset", "5"),
    ),
    "a number beside a URL": (
        {},
        {"pagination": {"next": "https://a/b?offset=9", "offset": 3, "total": 9}},
        Page(NUMBER, "offset", "5"),
    ),
    "a number in a text": ({}, {"pagination": {"offset": "5", "total": 9}}, Page(NUMBER, "offset", "5")),
    "a number that is not said": ({}, {"pagination": {"limit": 5, "total": 9}}, Page(NUMBER, "offset", "5")),
    "a number beside an empty cursor": (
        {},
        {"pagination": {"after": "", "offset": 0, "total": 9}},
        Page(NUMBER, "offset", "5"),
    ),
    "all that there is": ({}, {"pagination": {"offset": 0, "total": 5}}, None),
    "an empty cursor, whatever the total": ({}, {"pagination": {"after": "", "total": 9}}, None),
    "an empty scroll": ({}, {"pagination": {"offset": "", "total": 9}}, None),
    "nothing": ({}, {}, None),
    "no mapping": ({}, {"pagination": ["after"]}, None),
    "cursors of other types": ({}, {"next": 7, "pagination": {"after": 3, "next_token": None}}, None),
}


@pytest.mark.parametrize("name", FIRST)
def test_after_the_first_page(name):
    headers, meta, expected = FIRST[name]
    assert next_page(headers, meta, position=5, before=None) == expected


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_a_listing_keeps_to_its_style(style):
    everything = {"next": "m", "pagination": {name: name for name in ("after", "next_token", "next", "offset")}}
    before = Page(style.name, style.parameter, "x")
    found = next_page({"Next-Page": "/h"}, everything, position=5, before=before)
    assert found is None if style.name == "next_page" else found and found.style == style.name
    # What was asked for stands there again, and the total is of no use.
    assert next_page({}, {"pagination": {"total": 99}}, position=5, before=before) is None


def test_a_list_by_number_takes_no_cursor_for_one():
    meta = {"pagination": {"offset": "x", "after": "y", "total": 9}}
    assert next_page({}, meta, position=5, before=Page(NUMBER, "offset", "3")) == Page(NUMBER, "offset", "5")


@pytest.mark.parametrize("total", [None, True, -1, "7", 7.0, {}])
def test_a_total_that_is_none(total):
    assert total_of({"pagination": {"total": total}}) is None
    assert total_of({"pagination": {"total": 0}}) == 0


# What is asked for in the first place, of each style, and where the cursor is to come back.
ASKED: dict[str, dict[str, t.Any]] = {
    **{style.name: {"params": {"filter": "a:'b'+c:'d'", "facet": ["e", "f"], "limit": 9}} for style in STYLES},
    NUMBER: {"params": {"filter": "a:'b'", "limit": 9}},
    "after in the body": {"method": "POST", "path": "/alerts/combined/alerts/v1", "body": {"filter": "x", "limit": 9}},
    "after beside limit": {"method": "POST", "path": "/a/combined/b/v1", "params": {"limit": 9}, "body": {"f": 1}},
    "number in the body": {"method": "POST", "path": "/a/queries/b/v1", "body": {"filter": "x", "limit": 9}},
    "iom": {"path": "/detects/entities/iom/v1", "params": {"limit": 9, "status": "all"}},
}
NAMED = {"after in the body": "after", "after beside limit": "after", "number in the body": NUMBER, "iom": "next_token"}


@dataclasses.dataclass
class Listing:
    """A server with so many items. sizes: of its pages, one after the other and again; odd: what it does beside."""

    name: str
    count: int
    sizes: list[int]
    cursors: list[str]
    totals: list[int]
    odd: set[str]
    start: int = 0
    page: int = 0
    hiccup: bool = False

    @property
    def style(self):
        return NAMED.get(self.name, self.name)

    def __call__(self, asked):
        at = self._position(asked)
        size = self.sizes[self.page % len(self.sizes)]
        if self.style == NUMBER:
            size = max(size, 1)
            if "hiccup" in self.odd and not self.hiccup and 0 < at < self.count:
                self.hiccup, size = True, 0
        items = list(range(at, min(at + size, self.count)))
        self.page += 1
        return self._said(items, at + len(items))

    def _position(self, asked):
        """Where the request wants to go on, which must be said as the real one wants it."""
        given = asked.body if "body" in self.name else asked.query
        first = ASKED[self.name].get("body" if "body" in self.name else "params")
        if self.style == NUMBER:
            assert int(given["limit"]) == 9 and given["filter"] == first["filter"]
            return int(given.get("offset", 0))
        if self.page == 0:
            return 0
        cursor, at = self.cursor
        if self.style == "Next-Page":
            assert asked.url.endswith(cursor)
            return at
        parameter = next(style.parameter for style in STYLES if style.name == self.style)
        expected = {"limit": 9} if self.name == "iom" else first
        expected = {name: value if "body" in self.name or isinstance(value, list) else str(value)
                    for name, value in expected.items()}  # fmt: skip
        assert given == {**expected, parameter: cursor}
        return at

    def _said(self, items, following):
        total = self.totals[self.page % len(self.totals)]
        pages: dict[str, t.Any] = {"limit": 9, "total": total}
        more = following < self.count or ("late end" in self.odd and len(items) > 0)
        if self.style == NUMBER:
            pages["total"] = self.count + (3 if "lying total" in self.odd else 0)
            if "echo" in self.odd:
                pages["offset"] = 0
            return envelope(items, pagination=pages)
        cursor = f"{self.cursors[self.page % len(self.cursors)]}~{self.page}" if more else ""
        if self.style == "Next-Page":
            cursor = f"{PATH}?m={quote(cursor)}&facet=e" if more else ""
            self.cursor = cursor, following
            body = {"meta": {"pagination": {**pages, "offset": 0}}, "errors": [], "resources": items}
            return answer(200, body, **({"Next_Page": cursor} if more else {}))
        before, self.cursor = getattr(self, "cursor", ("", 0)), (cursor, following)
        field = {"scroll": "offset", "meta.next": "next"}.get(self.style, self.style)
        if self.style in ("next", "next_page"):
            pages["offset"] = before[0]
        meta = {} if not cursor and "no cursor in the end" in self.odd else {field: cursor}
        if self.style == "meta.next":
            return envelope(items, pagination=pages, **meta)
        return envelope({"events": items} if self.name == "iom" else items, pagination={**pages, **meta})


LISTINGS = st.builds(
    Listing,
    name=st.sampled_from(sorted(ASKED)),
    count=st.integers(0, 60),
    sizes=st.lists(st.integers(0, 9), min_size=1, max_size=5).filter(any),
    cursors=st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1), min_size=1, max_size=3),
    totals=st.lists(st.integers(0, 100), min_size=1, max_size=4),
    odd=st.sets(st.sampled_from(["echo", "hiccup", "late end", "lying total", "no cursor in the end"])),
)


def single_page(listing):
    """Whether nothing but a total tells that there is more than the first page, and it is not to be relied on."""
    silent = listing.style == "Next-Page" or (listing.style != NUMBER and "no cursor in the end" in listing.odd)
    return silent and listing.count <= max(listing.sizes)


@given(LISTINGS)
def test_the_items_returned_are_exactly_the_servers(listing):
    if single_page(listing):
        listing.totals = [listing.count]
    result = result_of(Server(listing), paginate=True, **ASKED[listing.name])
    assert result["resources"] == list(range(listing.count))
    assert (result["count"], result["pages"]) == (listing.count, listing.page)
    assert result["truncated"] is (listing.style == NUMBER and "lying total" in listing.odd)


@given(LISTINGS, st.integers(1, 70))
def test_as_many_as_are_wanted_are_the_first_of_them(listing, most):
    if single_page(listing):
        listing.totals = [listing.count]
    result = result_of(Server(listing), paginate=True, max_items=most, **ASKED[listing.name])
    assert result["resources"] == list(range(min(most, listing.count)))
    assert result["truncated"] or most >= listing.count


@given(st.integers(0, 40), st.integers(0, 30), st.integers(1, 9))
def test_who_begins_in_the_middle_gets_the_rest(count, start, size):
    listing = Listing(NUMBER, count, [size], [], [0], set())
    asked = {"params": {"filter": "a:'b'", "limit": 9, "offset": start}}
    assert result_of(Server(listing), paginate=True, **asked)["resources"] == list(range(start, count))

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: it can change in any release.

"""Where the next page of an answer is, by what the answer says: the API has eight ways to say it."""

from __future__ import annotations

import typing as t

Mapping = t.Mapping[str, t.Any]


class Page(t.NamedTuple):
    """Where a page is: the value of a parameter, or a path of its own (then parameter is empty)."""

    style: str
    parameter: str
    cursor: str


class Style(t.NamedTuple):
    """One way to say it. find: the cursor in the headers, in meta and in meta.pagination; None if it is not there."""

    name: str
    parameter: str
    find: t.Callable[[Mapping, Mapping, Mapping], t.Any]


# The first that says something counts. An offset is a cursor only where it is no number: a number is what was asked
# for, or what the server believes to come next, and neither can be relied on.
STYLES = (
    Style("Next-Page", "", lambda headers, meta, pages: headers.get("Next-Page")),
    Style("after", "after", lambda headers, meta, pages: pages.get("after")),
    Style("meta.next", "after", lambda headers, meta, pages: meta.get("next")),
    Style("next_token", "next_token", lambda headers, meta, pages: pages.get("next_token")),
    Style("next", "offset", lambda headers, meta, pages: _opaque(pages.get("next"))),
    Style("next_page", "offset", lambda headers, meta, pages: _opaque(pages.get("next_page"))),
    Style("scroll", "offset", lambda headers, meta, pages: _opaque(pages.get("offset"))),
)
# And where none of them does, what has come is counted.
NUMBER, SCROLL = "number", "scroll"


def next_page(headers: Mapping, meta: Mapping, *, position: int, before: Page | None) -> Page | None:
    """The page after this one; None if it was the last.

    meta: the answer's; position: of the first item that has not come; before: where this page was, None for the first.
    A listing keeps to its style, since some repeat beside it what they were asked for. Of cursors the total is ignored,
    since it moves.
    """
    pages = _pagination(meta)
    said = [
        (style, style.find(headers, meta, pages)) for style in STYLES if before is None or before.style == style.name
    ]
    cursors = [(style, cursor) for style, cursor in said if isinstance(cursor, str)]
    for style, cursor in cursors:
        if cursor:
            return Page(style.name, style.parameter, cursor)
    if before and before.style != NUMBER:
        return None
    # An empty cursor says that it is over, unless there is a number beside it.
    if cursors and _is_opaque(pages.get("offset", "")):
        return None
    total = total_of(meta)
    return Page(NUMBER, "offset", str(position)) if total is not None and position < total else None


def total_of(meta: Mapping) -> int | None:
    """How many items there are, as far as the answer says."""
    total = _pagination(meta).get("total")
    return total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None


def graphql_has_more(body: t.Any) -> bool:
    """Whether an answer of GraphQL has a further page. Where its cursor belongs, only who wrote the query knows."""
    lists = _mapping(_mapping(body).get("data")).values()
    return any(_mapping(_mapping(each).get("pageInfo")).get("hasNextPage") is True for each in lists)


def _pagination(meta: Mapping) -> Mapping:
    return _mapping(meta.get("pagination"))


def _mapping(value: t.Any) -> Mapping:
    return value if isinstance(value, t.Mapping) else {}


def _opaque(value: t.Any) -> str | None:
    """A cursor that means something to the server alone; None for a number, a URL, or what is no text."""
    return value if _is_opaque(value) else None


def _is_opaque(value: t.Any) -> bool:
    return isinstance(value, str) and not value.isdigit() and "://" not in value

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
    Style("next", "offset", lambda headers, meta, pages: _opaque(pages.get("next")) or None),
    Style("next_page", "offset", lambda headers, meta, pages: _opaque(pages.get("next_page")) or None),
    Style("scroll", "offset", lambda headers, meta, pages: _opaque(pages.get("offset"))),
)
NUMBER = "number"


def next_page(headers: Mapping, meta: Mapping, *, received: int, on_page: int, before: Page | None) -> Page | None:
    """The page after this one; None if it was the last.

    meta: the answer's; received: items so far, on_page: of these on this page; before: where this page was, None for
    the first. Of cursors the total is ignored, since it moves; by numbers, what was received is counted.
    """
    pages = meta.get("pagination")
    pages = pages if isinstance(pages, t.Mapping) else {}
    for style in STYLES:
        cursor = style.find(headers, meta, pages)
        if isinstance(cursor, str):
            # An empty one says that it is over, whatever else stands there.
            return Page(style.name, style.parameter, cursor) if cursor else None
    if before and before.style != NUMBER:
        return None
    total = total_of(meta)
    if total is None or received >= total or not on_page:
        return None
    return Page(NUMBER, "offset", str(received))


def total_of(meta: Mapping) -> int | None:
    """How many items there are, as far as the answer says."""
    pages = meta.get("pagination")
    total = pages.get("total") if isinstance(pages, t.Mapping) else None
    return total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None


def _opaque(value: t.Any) -> str | None:
    """A cursor that means something to the server alone; None for a number, a URL, or what is no text."""
    if not isinstance(value, str) or value.isdigit() or "://" in value:
        return None
    return value

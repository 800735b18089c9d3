# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of a listing: by number or by cursor, and with what the setting `paging` makes go wrong.

A cursor tells all that there is to know about it, so nothing is kept between two pages.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from emulator.messages import Call, Refused
from emulator.state import State
from emulator.tokens import Token

T = TypeVar("T")

# Gives every cursor a "+" and a "/", so that who forgets to encode them is found out.
_PREFIX = b"\xfb\xef\xbe\xff\xff\xff"


class Expired(Exception):
    """A cursor that came too late."""


@dataclass(frozen=True)
class Page(Generic[T]):
    items: Sequence[T]
    total: int
    cursor: str | None  # None: this is the last one
    expires: float


def limit_of(given: object, default: int, maximum: int, clamp: bool = False) -> int:
    """How many items a client wants; Refused if that cannot be. `clamp`: too many are as many as possible."""
    if given in ("", None):
        return default
    try:
        limit = int(str(given))
    except ValueError:
        raise Refused(400, f"invalid limit: {given}") from None
    if clamp:
        return min(limit, maximum) if limit > 0 else default
    if not 1 <= limit <= maximum:
        raise Refused(400, f"{limit} is an invalid page size, must be between 1 and {maximum}")
    return limit


def offset_of(call: Call) -> int:
    given = call.param("offset") or "0"
    if not given.isdecimal():
        raise Refused(400, f"invalid offset: {given}")
    return int(given)


def by_number(
    state: State,
    call: Call,
    token: Token,
    items: Sequence[T],
    *,
    default: int,
    maximum: int,
    window: int | None = 10_000,
) -> tuple[Sequence[T], dict[str, object]]:
    """The items from `offset` on, and the answer's `pagination`, with an `offset` that says where to go on."""
    limit, offset = limit_of(call.param("limit"), default, maximum), offset_of(call)
    if window is not None and offset + limit > window:
        raise Refused(400, f"limit + offset must be less than or equal to {window}")
    page = items[offset : offset + _size(state, limit, offset)]
    odd = state.settings.paging
    if "empty-page" in odd and 0 < offset < len(items):
        interrupted = state.tenant(token.cid).interrupted
        if (call.path, offset) not in interrupted:
            interrupted.add((call.path, offset))
            page = []
    # It may only grow: who counts what has come would stop too soon, and could not know it.
    total = len(items) + (1 + offset % 7 if "moving-total" in odd else 0)
    return page, {"offset": offset + len(page), "limit": limit, "total": total}


def by_cursor(state: State, call: Call, items: Sequence[T], given: str, limit: int) -> Page[T]:
    """The items from the cursor on. Expired if it is too old, Refused if it is none, or another listing's."""
    now, life, odd = state.clock(), state.settings.cursor_life, state.settings.paging
    place = _read(given, call.path) if given else _Place()
    if given and now - place.born >= life:
        raise Expired
    empty = "empty-page" in odd and place.page == 1
    page = [] if empty else items[place.at : place.at + _size(state, limit, place.at)]
    following = _Place(place.at + len(page), place.page + 1, now)
    more = following.at < len(items) or ("late-end" in odd and len(page) > 0)
    cursor = _write(following, call.path) if more else None
    if cursor and given and "repeated-cursor" in odd:
        cursor = given
    total = len(items)
    if "moving-total" in odd:
        total = 1 if place.page % 2 else total + 5
    return Page(page, total, cursor, now + life)


@dataclass(frozen=True)
class _Place:
    at: int = 0
    page: int = 0
    born: float = 0.0


def _size(state: State, limit: int, at: int) -> int:
    size = min(limit, state.settings.page_cap or limit)
    if "changing-size" in state.settings.paging:
        size = max(1, size * random.Random(at).randint(1, 4) // 4)
    return size


def _write(place: _Place, path: str) -> str:
    content = json.dumps([path, place.at, place.page, place.born])
    return base64.b64encode(_PREFIX + content.encode()).decode()


def _read(cursor: str, path: str) -> _Place:
    try:
        of, at, page, born = json.loads(base64.b64decode(cursor, validate=True).removeprefix(_PREFIX))
    except (ValueError, TypeError):
        of = None
    if of != path:
        raise Refused(400, "invalid pagination token")
    return _Place(at, page, born)

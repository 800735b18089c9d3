# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: it can change in any release.

"""Any call of the Falcon API, with a token that stays in here: batches, pages, and what their answers say together."""

from __future__ import annotations

import typing as t

from ansible_collections.falconops.auth.plugins.module_utils import _call, _pages
from ansible_collections.falconops.auth.plugins.module_utils._call import Call
from ansible_collections.falconops.auth.plugins.module_utils._errors import CallFailed, FalconError
from ansible_collections.falconops.auth.plugins.module_utils._line import Line, Renew
from ansible_collections.falconops.auth.plugins.module_utils._outcome import Answered, Outcome
from ansible_collections.falconops.auth.plugins.module_utils._wire import Answer, Sink, Wire
from ansible_collections.falconops.auth.plugins.module_utils._words import plain, said, trace

# A server that gives cursors for ever, and nothing with them, is left.
_MOST_EMPTY_PAGES = 10
# Most lists by number end here, whatever their total is.
_WINDOW = 10_000


def perform(
    wire: Wire,
    hostname: str,
    access_token: str,
    call: Call,
    *,
    renew: Renew,
    source: t.BinaryIO | None = None,
    sink: Sink | None = None,
    emit: t.Callable[[t.Any], None] | None = None,
    tell: t.Callable[[str], None] = lambda text: None,
) -> dict[str, t.Any]:
    """Make a call, with all of its batches and pages, and give its result.

    renew: gives another token in place of a dead one; source: a file that is its body; sink: takes the body of the
    answer, emit: each of its items, in place of the result; tell: is told of each page. Raises CallFailed, with what
    was done until then.
    """
    outcome = Outcome(call, emit)
    batches = list(_batches(call))
    done, failure = 0, ""
    try:
        line = Line(wire, hostname, access_token, call, renew, source, sink)
        for ids in batches:
            params, body = _with_ids(call, ids)
            for answered in _pages_of(line, params, body, outcome):
                outcome.add(answered)
                if call.paginate:
                    tell(f"{call}: page {outcome.pages}, {outcome.count} of {outcome.total or 'unknown'} items")
            done += 1
        failing = [] if call.allow_partial else outcome.failing_errors()
        if not failing:
            return outcome.result()
        words = plain("; ".join(str(error.get("message")) for error in failing))
        failure = (
            f"{line.attempt} did only a part ({outcome.status}): {outcome.count} done, {len(failing)} not ({words})"
            f"{outcome.trace}; see errors, and what may be let pass by allow_partial or ignore_codes."
        )
        refused = False
    except FalconError as error:
        failure, refused = error.message, error.refused
        if done:
            failure += f" Of {len(batches)} batches {done} were done before it."
    raise CallFailed(failure, outcome.result(), refused=refused)


def _batches(call: Call) -> t.Iterator[t.Sequence[str]]:
    """The ids of each request. Who writes splits only what the user wants to have split."""
    size = call.batch_size
    if size is None:
        size = (_call.IDS_IN_QUERY if call.ids_in_query else _call.IDS_IN_BODY) if call.reads else len(call.ids)
    if not call.ids:
        yield ()
    for start in range(0, len(call.ids), max(size, 1)):
        yield call.ids[start : start + size]


def _with_ids(call: Call, ids: t.Sequence[str]) -> tuple[dict[str, t.Any], t.Any]:
    params, body = dict(call.params), call.body
    if ids and call.ids_in_query:
        params["ids"] = list(ids)
    elif ids:
        body = {**(body or {}), "ids": list(ids)}
    return params, body


def _pages_of(line: Line, params: dict[str, t.Any], body: t.Any, outcome: Outcome) -> t.Iterator[Answered]:
    """The answer, and if they are wanted those of the further pages."""
    page: _pages.Page | None = None
    seen: set[_pages.Page] = set()
    received = empty = 0
    while True:
        answered = Answered(_asked(line, params, body, page, received, outcome), line.call)
        if not answered.succeeded:
            outcome.failed(answered)
            raise _lost(line, answered, page, outcome) if page else _failure(line, answered)
        _check_kind(line, answered)
        yield answered
        items = len(answered.items)
        received, empty = received + items, 0 if items else empty + 1
        following = _pages.next_page(
            answered.answer.headers, answered.meta, received=received, on_page=items, before=page
        )
        wanted = line.call.paginate and not outcome.is_full()
        if following is None or not wanted:
            total = _pages.total_of(answered.meta)
            # Of cursors the total is not to be relied on.
            by_number = page is None or page.style == _pages.NUMBER
            outcome.truncated |= following is not None or (by_number and total is not None and total > received)
            return
        if following in seen or empty > _MOST_EMPTY_PAGES:
            what = "the same cursor twice" if following in seen else f"{empty} empty pages in a row"
            raise FalconError(
                f"{line.attempt} stopped after {received} items: the API gave {what}{trace(answered.answer)}; try "
                "again later, or with another filter or sort."
            )
        seen.add(following)
        page = following


def _asked(
    line: Line, params: dict[str, t.Any], body: t.Any, page: _pages.Page | None, received: int, outcome: Outcome
) -> Answer:
    call = line.call
    if page is None:
        return line.ask(call.path, params, body)
    if not page.parameter:
        path, query = line.next_path(page.cursor)
        return line.ask(f"{path}?{query}", {}, body)
    if call.nothing_beside_cursor:
        params = {name: value for name, value in params.items() if name == "limit"}
    if call.method == "POST" and isinstance(body, dict):
        at = int(page.cursor) if page.style == _pages.NUMBER else page.cursor
        return line.ask(call.path, params, {**_within_window(body, page, received, outcome), page.parameter: at})
    return line.ask(call.path, {**_within_window(params, page, received, outcome), page.parameter: page.cursor}, body)


def _within_window(given: dict[str, t.Any], page: _pages.Page, received: int, outcome: Outcome) -> dict[str, t.Any]:
    """With a smaller limit on the last page, if the window would else be left although it holds all there is."""
    limit, total = str(given.get("limit", "")), outcome.total
    if page.style != _pages.NUMBER or not limit.isdigit() or total is None or total > _WINDOW:
        return given
    return {**given, "limit": total - received} if received + int(limit) > _WINDOW else given


def _lost(line: Line, answered: Answered, page: _pages.Page, outcome: Outcome) -> FalconError:
    """Why there was no further page, although the one before it named one."""
    answer = answered.answer
    if page.style == _pages.NUMBER and answer.status in (400, 500):
        return FalconError(
            f"{line.attempt} stopped after {outcome.count} of {outcome.total} items with "
            f"{answer.status}{trace(answer)}: the API gives only so many of a list by their number; narrow the filter, "
            "or use the operation of the same kind that goes on by a cursor (scroll, combined)."
        )
    if "expired" in answer.body.decode("utf-8", "replace").lower():
        return FalconError(
            f"{line.attempt} stopped after {outcome.count} items: its cursor has expired{trace(answer)}; start again, "
            "with larger pages (limit) or a narrower filter."
        )
    return _failure(line, answered)


def _failure(line: Line, answered: Answered) -> FalconError:
    """What a status other than success means, and what can be done about it."""
    answer = answered.answer
    causes = {
        400: "check path, params and body",
        403: "check that the API client has the scope for this call, and that this machine's address is on its IP "
        "allowlist, if it has one",
        404: "check path and ids",
        405: "check method and path",
        413: "give a lower batch_size",
        414: "give a lower batch_size",
        429: f"wait longer, by max_wait; the API asked for {answer.wait or 60:.0f} seconds",
    }
    advice = causes.get(answer.status, "check path and hostname")
    if answer.status >= 500:
        doubt = "" if line.call.reads else "look whether it was done, since it was not sent again, and "
        advice = f"the server has a fault; {doubt}try again later"
    if 300 <= answer.status < 400:
        advice = "it is not followed, since the token goes to its own host alone; check hostname and path"
    return FalconError(
        f"{line.attempt} failed with {answer.status}{said(answer)}{trace(answer)}; {advice}.",
        refused=answer.status == 403,
    )


def _check_kind(line: Line, answered: Answered) -> None:
    """Refuse a good answer that is of no use as it came."""
    if line.has_sink or answered.body is not None or not answered.answer.body:
        return
    if answered.kind == "text/html":
        raise FalconError(
            f"{line.attempt} was answered with an HTML page{trace(answered.answer)}; is there something between this "
            "machine and the API that answers in its place?"
        )
    try:
        answered.answer.body.decode("utf-8")
    except UnicodeDecodeError:
        raise FalconError(
            f"{line.attempt} was answered with bytes ({answered.kind or 'of an unknown kind'}); give dest, the file to "
            "put them in."
        ) from None

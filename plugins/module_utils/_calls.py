# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: it can change in any release.

"""Any call of the Falcon API, with a token that stays in here: batches, pages, and what their answers say together."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.falconops.auth.plugins.module_utils import _call, _pages
from ansible_collections.falconops.auth.plugins.module_utils._call import Call
from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._errors import CallFailed, DeadToken, FalconError
from ansible_collections.falconops.auth.plugins.module_utils._exchange import SERVER_FAULTS, Sink
from ansible_collections.falconops.auth.plugins.module_utils._line import Line, Tokens, encoded
from ansible_collections.falconops.auth.plugins.module_utils._outcome import Answered, Outcome
from ansible_collections.falconops.auth.plugins.module_utils._wire import Wire
from ansible_collections.falconops.auth.plugins.module_utils._words import harmless, said, trace

# A server that gives cursors for ever, and nothing with them, is left.
_MOST_EMPTY_PAGES = 10
# Most lists by number end here, whatever their total is.
_WINDOW = 10_000
# The cursor of a scroll is dead after so many seconds, so that nobody waits longer with it.
_SCROLL_LIVES = 120
_REDIRECTS = (301, 302, 303, 307, 308)
# Where one of these stands, the cursor of the next page belongs.
_PAGING = {"limit", "offset", "after", "next_token"}
# Of a host that the user may name, in a URL; those of the clouds are shorter.
_LONGEST_HOST = 300


def perform(
    wire: Wire,
    client: Client,
    call: Call,
    tokens: Tokens,
    *,
    source: t.BinaryIO | None = None,
    sink: Sink | None = None,
    emit: t.Callable[[t.Any], None] | None = None,
    tell: t.Callable[[str], None] = lambda text: None,
) -> dict[str, t.Any]:
    """Make a call at the client's host, with all of its batches and pages, and give its result.

    source: a file that is its body; sink: takes the body of the answer in place of the result, or emit each of its
    items; tell: is told of each page. Raises CallFailed, with what was done until then.
    """
    line = Line(wire, client, call, tokens, source, sink)
    batches = [_with_ids(call, ids) for ids in _batches(call)]
    outcome = Outcome(call, emit, batches=len(batches))
    done, failure, refused = 0, "", False
    nothing: FalconError | None = None
    try:
        for params, body in batches if len(batches) > 1 else ():
            line.request(call.path, params, body)  # if one of them is too large, none is sent
        for params, body in batches:
            if outcome.is_full():
                outcome.truncated = True
                break
            try:
                for answered in _pages_of(line, params, body, outcome):
                    outcome.add(answered)
                    if call.paginate:
                        tell(f"{call}: page {outcome.pages}, {outcome.count} of {outcome.total or 'unknown'} items")
                done += 1
            except _NothingOfIt as error:
                if not call.allow_partial or len(batches) == 1:
                    raise
                nothing = error  # where a batch ends is no matter of the user's
        if nothing and not done:
            raise nothing
    except FalconError as error:
        failure, refused = error.message, error.refused
        if isinstance(error, DeadToken):
            if call.reads or not outcome.pages:
                raise  # whoever has another one begins anew
            failure = f"{line.attempt} failed with 401: its token died in between, and what was done was not repeated."
        outcome.truncated |= bool(outcome.pages) and (call.paginate or len(batches) > 1)
        if len(batches) > 1:
            failure += f" Of {len(batches)} batches {done} were done before it."
    if not failure and outcome.failing and not call.allow_partial:
        failure = _partial(line, outcome)
    if failure:
        raise CallFailed(failure, outcome.result(), refused=refused)
    return outcome.result()


class _NothingOfIt(FalconError):
    """The API says of all of the ids in a request why it did nothing."""


def _partial(line: Line, outcome: Outcome) -> str:
    words = harmless("; ".join(str(error.get("message")) for error in outcome.failing), line.sent_token)
    return (
        f"{line.attempt} did only a part ({outcome.status}): {outcome.count - outcome.refused} done, "
        f"{len(outcome.failing)} not ({words}){outcome.trace}; see errors, and allow_partial or ignore_codes for what "
        "may be let pass."
    )


def _batches(call: Call) -> t.Iterator[t.Sequence[str]]:
    """The ids of each request. Who writes splits only what the user wants to have split."""
    size, room = call.batch_size, None
    if size is None:
        size = (_call.IDS_IN_QUERY if call.ids_in_query else _call.IDS_IN_BODY) if call.reads else len(call.ids)
        if call.reads and call.ids_in_query:  # long ids may fill a URL before they are so many
            room = _call.LARGEST_URL - _LONGEST_HOST - len(call.path) - len(encoded(call.params))
    batch: list[str] = []
    filled = 0
    for each in call.ids:
        length = len(encoded({"ids": each})) + 1 if room else 0
        if batch and (len(batch) == size or (room and filled + length > room)):
            yield batch
            batch, filled = [], 0
        batch.append(each)
        filled += length
    yield batch


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
    last: list[t.Any] = []
    position, empty = _start(line.call, params, body), 0
    while True:
        style = page.style if page else _pages.NUMBER
        place = _place_of(line, params, body, page, outcome.total)
        outside = style == _pages.NUMBER and _is_outside(line.call, *place[1:])
        longest_wait = _SCROLL_LIVES - 1 if style == _pages.SCROLL else None
        answered = Answered(line.ask(*place, longest_wait=longest_wait, fault_is_final=outside), line.call)
        # What the user lets pass is no page: in the middle of a list, the rest of it would be missing.
        ignored = answered.ignored and not (answered.is_good or answered.items)
        if not answered.succeeded or (page and ignored):
            outcome.failed(answered)
            if page or outside:
                raise _lost(line, answered, style, outside, outcome)
            failure = _failure(line, answered)
            raise _NothingOfIt(failure.message) if _is_about_each(answered, params, body) else failure
        _check(line, answered, outcome)
        yield answered
        items = len(answered.items)
        again, last = items > 1 and answered.items == last, answered.items
        position, empty = position + items, 0 if items else empty + 1
        following = _pages.next_page(answered.answer.headers, answered.meta, position=position, before=page)
        by_number = following is not None and following.style == _pages.NUMBER
        # Where a list by number twice gave nothing, its total promises more than there is.
        over = not line.call.paginate or outcome.is_full() or (by_number and empty > 1)
        if following is None or over:
            # A cursor stands there also where the answer held all that there is.
            whole = not line.call.paginate and position == _pages.total_of(answered.meta)
            outcome.truncated |= (following is not None and not whole) or _pages.graphql_has_more(answered.body)
            return
        again = again and not by_number
        if following in seen or again or empty > _MOST_EMPTY_PAGES:
            what = "the same cursor twice" if following in seen else f"{empty} empty pages in a row"
            what = "the same page twice" if again else what
            raise FalconError(
                f"{line.attempt} stopped after {outcome.count} items: the API gave {what}{trace(answered.answer)}; try "
                "again later, or with another filter or sort."
            )
        if not by_number:
            seen.add(following)
        page = following


def _is_about_each(answered: Answered, params: dict[str, t.Any], body: t.Any) -> bool:
    """Whether it says of the ids why nothing was done, and not of the request."""
    ids = params.get("ids") or (body.get("ids") if isinstance(body, dict) else None) or ()
    told = [str(error) for error in answered.errors]
    return answered.refuses_all and (
        answered.answer.status != 400 or all(any(each in text for each in ids) for text in told)
    )


def _start(call: Call, params: dict[str, t.Any], body: t.Any) -> int:
    """The position of the first item that is asked for."""
    given = str((body if _in_body(call, params, body) else params).get("offset", ""))
    return int(given) if re.fullmatch("[0-9]{1,15}", given) else 0


def _is_outside(call: Call, params: dict[str, t.Any], body: t.Any) -> bool:
    """Whether what is read by number lies outside of the window, at least in part."""
    limit = str((body if _in_body(call, params, body) else params).get("limit", ""))
    start = _start(call, params, body)
    return call.reads and start > 0 and start + (int(limit) if re.fullmatch("[0-9]{1,9}", limit) else 1) > _WINDOW


def _in_body(call: Call, params: dict[str, t.Any], body: t.Any) -> bool:
    """Whether the cursor belongs into the body: where the call has what is said of its pages."""
    return (
        call.method == "POST" and isinstance(body, dict) and not any(params.get(name) is not None for name in _PAGING)
    )


def _place_of(
    line: Line, params: dict[str, t.Any], body: t.Any, page: _pages.Page | None, total: int | None
) -> tuple[str, dict[str, t.Any], t.Any]:
    """Path, params and body by which a page is asked for."""
    call = line.call
    if page is None:
        return call.path, params, body
    if not page.parameter:
        path, query = line.next_path(page.cursor)
        return f"{path}?{query}", {}, body
    if call.nothing_beside_cursor:
        params = {name: value for name, value in params.items() if name == "limit"}
    if _in_body(call, params, body):
        return call.path, params, _turned(body, page, total)
    return call.path, _turned(params, page, total), body


def _turned(given: dict[str, t.Any], page: _pages.Page, total: int | None) -> dict[str, t.Any]:
    """The same for the next page."""
    if page.style != _pages.NUMBER:
        # Beside after, an offset is refused.
        return {**{name: value for name, value in given.items() if name != "offset"}, page.parameter: page.cursor}
    turned, position, limit = {**given, page.parameter: int(page.cursor)}, int(page.cursor), str(given.get("limit", ""))
    if re.fullmatch("[0-9]{1,9}", limit) and position < _WINDOW < position + int(limit):
        # The page that would leave the window may hold the last that there is.
        turned["limit"] = min(_WINDOW, max(total or _WINDOW, position + 1)) - position
    return turned


def _lost(line: Line, answered: Answered, style: str, outside: bool, outcome: Outcome) -> FalconError:
    """Why there was no such page, although the one before it named it."""
    answer = answered.answer
    stopped = f"{line.attempt} stopped after {outcome.count} of {outcome.total or 'unknown'} items"
    if answer.status == 429 and style == _pages.SCROLL and (answer.wait or 0) >= _SCROLL_LIVES:
        return FalconError(
            f"{stopped} with 429{trace(answer)}: the API asked to wait {answer.wait_in_words}, and the cursor of a "
            f"scroll is dead after {_SCROLL_LIVES}; begin again then."
        )
    words = said(answer, line.sent_token)
    if style == _pages.NUMBER and (answer.status == 400 or (answer.status == 500 and outside)):
        return FalconError(
            f"{stopped} with {answer.status}{words}{trace(answer)}: the API gives only so many of a list by "
            "their number; narrow the filter, or use the operation of this kind that goes on by a cursor (scroll, "
            "combined)."
        )
    if style != _pages.NUMBER and answer.status in (400, 404, 410):
        return FalconError(
            f"{stopped} with {answer.status}{words}{trace(answer)}: its cursor was not taken, as when it has "
            "expired; begin again, with larger pages (limit) or a narrower filter."
        )
    return _failure(line, answered)


def _failure(line: Line, answered: Answered) -> FalconError:
    """What a status other than success means, and what can be done about it."""
    answer = answered.answer
    causes = {
        304: "nothing has changed since, as a header such as If-None-Match asks; leave it out, or give ignore_codes",
        400: "check path, params and body",
        403: "check that the API client has the scope for this call, and that this machine's address is on its IP "
        "allowlist, if it has one",
        404: "check path and ids",
        405: "check method and path",
        413: "give a lower batch_size" if line.call.ids else "send less at once",
        414: "give a lower batch_size" if line.call.ids else "give less in params",
        429: "the rate limit is reached, and the API asked to wait "
        + f"{answer.wait_in_words}; wait longer (max_wait, retries), or ask less",
    }
    advice = causes.get(answer.status, "check path and hostname")
    if answer.status >= 500 or answer.status in SERVER_FAULTS:
        doubt = "" if line.call.reads else "look whether it was done, since it was not sent again, and "
        advice = f"the server has a fault; {doubt}try again later"
    if answer.status in _REDIRECTS:
        advice = "it is not followed, since the token goes to its own host alone; check hostname and path"
    return FalconError(
        f"{line.attempt} failed with {answer.status}{said(answer, line.sent_token)}{trace(answer)}; {advice}.",
        refused=answer.status == 403,
    )


def _check(line: Line, answered: Answered, outcome: Outcome) -> None:
    """Refuse a good answer that cannot be the API's, or is of no use as it came."""
    if not answered.is_good:
        return
    answer, call, no_json = answered.answer, line.call, answered.body is None
    doubt = "" if call.reads else "look whether it was done; "
    what = f"JSON in which '{answered.misshapen}' has a wrong type" if answered.misshapen else ""
    if no_json and answer.kind == "text/html" and not line.wants_html:
        what = "an HTML page"
    elif no_json and line.is_unreadable(answer):
        what = "JSON that cannot be read"
    if what:
        outcome.failed(answered)
        raise FalconError(
            f"{line.attempt} was answered with {what}{trace(answer)}; {doubt}is there something between this machine "
            "and the API that answers in its place?"
        )
    if no_json and answer.text is None:
        outcome.add(answered)
        advice = "give dest, the file to put them in" if call.reads else "if it only reads, give read_only and dest"
        instead = ", and params in place of ids" if call.ids else ""
        kind = answer.kind or "of an unknown kind"
        raise FalconError(f"{line.attempt} was answered with bytes ({kind}){trace(answer)}; {advice}{instead}.")
    nothing = not answer.body and (call.method == "HEAD" or not call.reads)
    if outcome.is_list and not answered.is_page and not nothing:
        outcome.failed(answered)
        raise FalconError(
            f"{line.attempt} was answered with something other than the API's meta and resources{trace(answer)}; "
            f"{doubt}if this operation has none, leave out paginate or give params in place of ids; otherwise find out "
            "what answers in the API's place."
        )

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""From the options of falcon_api to a call, checked before anything is sent, and from the call to its result."""

from __future__ import annotations

import contextlib
import json
import time
import typing as t

from ansible_collections.falconops.auth.plugins.module_utils import _call
from ansible_collections.falconops.auth.plugins.module_utils._call import Call
from ansible_collections.falconops.auth.plugins.module_utils._errors import CallFailed, FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils._door import Door, display
from ansible_collections.falconops.auth.plugins.plugin_utils._options import Level, Options

# A line for a page is no news if there was one a moment ago.
_SECONDS_BETWEEN_LINES = 1.0
# Nor is a token likely to have been replaced since then.
_SECONDS_BETWEEN_LOOKS = 0.2


def call_of(options: Options, *, src: bool = False) -> Call:
    """The call that the options describe; src: whether a file is its body. Raises FalconError."""
    path, params, headers, body = (options.find(name) for name in ("path", "params", "headers", "body"))
    if path.empty:
        raise FalconError("path is missing; give the path of an operation, such as /devices/queries/devices/v1.")
    value, method, checked_path = options.value, options.value("method"), path.checked(_call.check_path)
    read_only = value("read_only")
    call = Call(
        method=method,
        path=checked_path,
        params=params.checked(_call.check_params) if params.value else {},
        body=None if body.empty else body.checked(_CHECKS[value("body_format")]),
        body_format=value("body_format"),
        headers=headers.checked(_call.check_headers) if headers.value else {},
        ids=_ids(options),
        batch_size=value("batch_size"),
        paginate=value("paginate"),
        max_items=value("max_items"),
        reads=_call.only_reads(method, checked_path) if read_only is None else read_only,
        allow_partial=value("allow_partial"),
        ignore_codes=tuple(value("ignore_codes") or ()),
        max_wait=value("max_wait"),
    )
    _check_together(call, src)
    return call


def _ids(options: Options) -> tuple[str, ...]:
    """None is not given; an empty list is a mistake, which must not become a call about everything."""
    given = options.at(Level.ARGUMENT, "ids")
    if given is None or given.value is None:
        return ()
    if not given.value or not all(given.value):
        raise given.wrong(
            "is empty, so there is nothing to ask about; skip the task when there are no ids"
            if not given.value
            else "has an entry that is empty"
        )
    return tuple(given.value)


def _check_together(call: Call, src: bool) -> None:
    """Refuse what does not go together, or makes no sense."""
    body, given = call.body, "src" if src else "body"
    if body is not None and src:
        raise FalconError("body and src are two ways to give the same; give one of them.")
    if (body is not None or src) and not call.takes_body:
        raise FalconError(f"{given} goes with no {call.method}; give params, or another method.")
    if call.ids and ("ids" in call.params or (isinstance(body, dict) and "ids" in body)):
        raise FalconError("ids are given both as ids and in params or body; give them once.")
    if call.ids and call.paginate:
        raise FalconError("ids and paginate exclude each other: what is asked for by its id has no pages.")
    into_body = call.ids and not call.ids_in_query
    if into_body and (src or call.body_format != "json" or not isinstance(body, (dict, type(None)))):
        raise FalconError("ids go into a JSON body, so that body must be a mapping of what else there is to say.")
    if call.ids and call.max_items and not call.reads:
        raise FalconError(f"max_items is for what only reads, and {call} may change something; give fewer ids.")
    if call.paginate and not call.reads:
        raise FalconError(f"paginate is for what only reads, and {call} may change something; see read_only.")


# Each returns a body in its normal form, or raises ValueError with the end of a sentence.


def _json(body: t.Any) -> t.Any:
    if isinstance(body, str):  # of a template, such as one that ends in to_json
        with contextlib.suppress(ValueError, RecursionError):
            body = json.loads(body)
    if not isinstance(body, (dict, list)):
        raise ValueError("must be a mapping or a list, which is sent as JSON; see body_format for anything else")
    try:
        json.dumps(body, allow_nan=False)
    except (TypeError, ValueError):
        raise ValueError("holds something that JSON cannot, such as a date without quotes") from None
    return body


def _form(body: t.Any) -> t.Any:
    if not isinstance(body, dict):
        raise ValueError("must be a mapping, as body_format is form")
    return _call.check_params(body)


def _multipart(body: t.Any) -> t.Any:
    if not isinstance(body, dict):
        raise ValueError("must be a mapping, as body_format is multipart")
    body = {name: part for name, part in body.items() if part is not None}
    for name, part in body.items():
        is_file = isinstance(part, dict) and set(part) in ({"filename", "content"}, {"src"}, {"src", "filename"})
        if not all(isinstance(each, (str, int, float)) for each in (part.values() if is_file else [part])):
            raise ValueError(f"has a part {name} that is neither a text nor a file (src, or filename and content)")
        _call.check_texts(name, *(part.values() if is_file else [part]))
    return {name: part if isinstance(part, dict) else _call.text_of(part) for name, part in body.items()}


def _raw(body: t.Any) -> t.Any:
    if not isinstance(body, str):
        raise ValueError("must be a text, as body_format is raw")
    _call.check_texts(body)
    return body


_CHECKS: dict[str, t.Callable[[t.Any], t.Any]] = {"json": _json, "form": _form, "multipart": _multipart, "raw": _raw}


class _Tokens:
    """The token of a door, for as long as a call takes."""

    def __init__(self, door: Door, call: Call) -> None:
        self._door = door
        self._call = str(call)
        self._token = door.token().token
        self._looked = time.monotonic()
        self.hostname = self._token.hostname

    def current(self) -> str:
        """The token; if some time has passed, that which another process has renewed meanwhile."""
        if time.monotonic() - self._looked > _SECONDS_BETWEEN_LOOKS:
            self._looked = time.monotonic()
            there = self._door.cached()
            if there and there.hostname == self.hostname:
                self._token = there
        return self._token.access_token

    def renewed(self, dead: str) -> str:
        """Another one at the same host."""
        fresh = self._door.renewed(dead, self._call)
        if fresh.hostname != self.hostname:
            raise FalconError(
                f"The API client moved from {self.hostname} to {fresh.hostname} in the middle of a call; run it again."
            )
        self._token = fresh
        return fresh.access_token

    def in_vain(self, failure: FalconError) -> None:
        """Tell the other hosts of the run, so that they do not renew it for the same call again."""
        self._door.broker.in_vain(self._door.client, self._call, failure)


def result_of(door: Door, call: Call, **streams: t.Any) -> dict[str, t.Any]:
    """What the module returns of a call. Raises CallFailed, with the same beside the sentence."""
    tokens = _Tokens(door, call)
    client = door.client.at(tokens.hostname)
    about = {"cloud": client.cloud, "member_cid": client.member_cid, "session": client.session}
    try:
        result = {**door.api.call(client, call, tokens, tell=_teller(door), **streams), **about}
    except CallFailed as error:
        error.result.update(about)
        _warn(call, error.result, failed=True)
        raise
    _warn(call, result)
    return result


def _warn(call: Call, result: dict[str, t.Any], *, failed: bool = False) -> None:
    """Tell what the user has to know beside the result."""
    deprecation = result.pop("deprecation", "")
    if deprecation:
        display.warning(f"falconops.auth: The Falcon API says that {call} is deprecated ({deprecation}).")
    wanted = call.max_items is None or result.get("count", 0) < call.max_items
    if result.get("truncated") and wanted and not failed:
        advice = "the API named no more" if call.paginate else "set paginate for all of them, or max_items for fewer"
        if "graphql" in call.path.lower():
            advice = "ask again with endCursor in the query, since a cursor of GraphQL goes where the query has it"
        display.warning(
            f"falconops.auth: {call} gave {result['count']} of {result['total'] or 'more'} items; {advice}."
        )


def _teller(door: Door) -> t.Callable[[str], None]:
    last = [-_SECONDS_BETWEEN_LINES]

    def tell(text: str) -> None:
        if time.monotonic() - last[0] >= _SECONDS_BETWEEN_LINES:
            last[0] = time.monotonic()
            display.v(f"falconops.auth: {text}", host=door.options.host)

    return tell

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""From the options of falcon_api to a call, checked before anything is sent, and from the call to its result."""

from __future__ import annotations

import json
import time
import typing as t

from ansible_collections.falconops.auth.plugins.module_utils import _call
from ansible_collections.falconops.auth.plugins.module_utils._call import Call
from ansible_collections.falconops.auth.plugins.module_utils._errors import CallFailed, FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils._door import Door, display, register_secrets
from ansible_collections.falconops.auth.plugins.plugin_utils._options import Options

# A line for a page is no news if there was one a moment ago.
_SECONDS_BETWEEN_LINES = 1.0


def call_of(options: Options, *, src: t.Any = None) -> Call:
    """The call that the options describe. Raises FalconError."""
    path, params, headers = (options.find(name) for name in ("path", "params", "headers"))
    if path.empty:
        raise FalconError("path is missing; give the path of an operation, such as /devices/queries/devices/v1.")
    method, body, ids = options.value("method"), options.value("body"), options.value("ids")
    checked_path = path.checked(_call.check_path)
    read_only = options.value("read_only")
    call = Call(
        method=method,
        path=checked_path,
        params=params.checked(_call.check_params) if params.value else {},
        body=body,
        body_format=options.value("body_format"),
        headers=headers.checked(_call.check_headers) if headers.value else {},
        ids=tuple(ids or ()),
        batch_size=options.value("batch_size"),
        paginate=options.value("paginate"),
        max_items=options.value("max_items"),
        reads=_call.only_reads(method, checked_path) if read_only is None else read_only,
        allow_partial=options.value("allow_partial"),
        ignore_codes=tuple(options.value("ignore_codes") or ()),
        max_wait=options.value("max_wait"),
    )
    _check_together(call, ids, src)
    return call


def _check_together(call: Call, ids: list[str] | None, src: t.Any) -> None:
    """Refuse what does not go together, or makes no sense."""
    body = call.body
    if ids is not None and not ids:
        raise FalconError(
            "ids is an empty list, so there is nothing to ask about; skip the task when there are no ids."
        )
    if body is not None and src:
        raise FalconError("body and src are two ways to give the same; give one of them.")
    if (body is not None or src) and call.method in ("GET", "HEAD"):
        raise FalconError(f"{'src' if src else 'body'} goes with no {call.method}; give params, or another method.")
    if call.ids and ("ids" in call.params or (isinstance(body, dict) and "ids" in body)):
        raise FalconError("ids are given both as ids and in params or body; give them once.")
    if call.ids and call.paginate:
        raise FalconError("ids and paginate exclude each other: what is asked for by its id has no pages.")
    if (
        call.ids
        and not call.ids_in_query
        and (src or call.body_format != "json" or not isinstance(body, (dict, type(None))))
    ):
        raise FalconError("ids go into a JSON body, so that body must be a mapping of what else there is to say.")
    if body is not None and call.body_format in ("form", "multipart") and not isinstance(body, dict):
        raise FalconError(f"body must be a mapping, as body_format is {call.body_format}.")
    if body is not None and call.body_format == "multipart":
        for name, part in body.items():
            if isinstance(part, dict) and not {"filename", "content"} <= set(part):
                raise FalconError(f"body: the part {name} must be a text, or a file with filename and content.")
    if body is not None and call.body_format == "json":
        try:
            json.dumps(body)
        except (TypeError, ValueError):
            raise FalconError("body holds something that JSON cannot, or that is no text; check it.") from None
    if call.paginate and not call.reads:
        raise FalconError(f"paginate is for what only reads, and {call} may change something; see read_only.")


def result_of(door: Door, call: Call, **streams: t.Any) -> dict[str, t.Any]:
    """What the module returns of a call. Raises CallFailed, with the same beside the sentence."""
    token = door.token().token
    client = door.client.at(token.hostname)

    def renew(dead: str) -> str:
        fresh = door.renewed(dead).access_token
        register_secrets(fresh)
        return fresh

    about = {"cloud": client.cloud, "member_cid": client.member_cid, "session": client.session}
    try:
        return {**door.api.call(client, token.access_token, call, renew=renew, tell=_teller(door), **streams), **about}
    except CallFailed as error:
        error.result.update(about)
        raise


def _teller(door: Door) -> t.Callable[[str], None]:
    last = [0.0]

    def tell(text: str) -> None:
        if time.monotonic() - last[0] >= _SECONDS_BETWEEN_LINES:
            last[0] = time.monotonic()
            display.v(f"falconops.auth: {text}", host=door.options.host)

    return tell

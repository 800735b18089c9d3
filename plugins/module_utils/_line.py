# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: it can change in any release.

"""One request to the Falcon API with a token, which stays in here and is replaced if it is dead."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from urllib.parse import urlencode

from ansible_collections.falconops.auth.plugins.module_utils import _call
from ansible_collections.falconops.auth.plugins.module_utils._call import Call
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.module_utils._wire import (
    Answer,
    Request,
    Sink,
    Wire,
    bearer,
    multipart,
)
from ansible_collections.falconops.auth.plugins.module_utils._words import plain, trace

# An answer that is held in memory; what is larger wants dest.
_LARGEST = 64 * 1024 * 1024
_DEAD_TOKENS_LIMIT = "15"


# Gives another token in place of one that the API no longer took. Raises FalconError.
Renew = t.Callable[[str], str]


class Line:
    """The way to the API for one call: with a token, and with another one if it is dead."""

    def __init__(
        self,
        wire: Wire,
        hostname: str,
        access_token: str,
        call: Call,
        renew: Renew,
        source: t.BinaryIO | None,
        sink: Sink | None,
    ) -> None:
        self._wire = wire
        self._hostname = hostname
        self._token = access_token
        self._renew = renew
        self._source = source
        self._sink = sink
        self.call = call
        self.attempt = f"{call} at {hostname}"
        self.has_sink = sink is not None

    def ask(self, path: str, params: t.Mapping[str, t.Any], body: t.Any) -> Answer:
        """The answer. A 401 is the gateway's, so that nothing was done: the same again, with another token."""
        request = self._request(path, params, body)
        answer = self._sent(request)
        if answer.status == 401:
            self._token = self._renew(self._token)
            answer = self._sent(request)
            if answer.status == 401:
                raise FalconError(
                    f"{self.attempt} failed with 401, and with a new token again{trace(answer)}; the API client may "
                    "have been disabled, or something between here and the API takes the token away.",
                    refused=True,
                )
        if answer.status == 429 and answer.headers.get("X-Ratelimit-Limit") == _DEAD_TOKENS_LIMIT:
            raise FalconError(
                f"{self.attempt} failed with 429{trace(answer)}: this address has sent too many requests with dead "
                "tokens and is locked out for a minute; find what else uses a token that has been revoked.",
                lasting=True,
            )
        return answer

    def next_path(self, cursor: str) -> tuple[str, str]:
        """Path and query of a page that has a path of its own, which must be at the same host."""
        rest = cursor[len(self._hostname) :] if cursor.startswith(f"{self._hostname}/") else cursor
        path, _mark, query = rest.partition("?")
        try:
            if not all(" " < char < "\x7f" for char in query):
                raise ValueError
            return _call.check_path(path), query
        except ValueError:
            raise FalconError(
                f"{self.attempt} named a next page that is not at the same host ({plain(cursor)}), which was not asked."
            ) from None

    def _sent(self, request: Request) -> Answer:
        sink = scrubbing(self._sink, self._token) if self._sink else None
        try:
            answer = self._wire.send(dataclasses.replace(request, auth=bearer(self._token), sink=sink))
        except FalconError as error:
            failure = error.message
        else:
            # A server may repeat what it was sent.
            return dataclasses.replace(answer, body=answer.body.replace(self._token.encode(), b"***"))
        doubt = "" if self.call.reads else "; it may have arrived, and was not sent again"
        raise FalconError(f"{self.attempt} failed: {failure}{doubt}.")

    def _request(self, path: str, params: t.Mapping[str, t.Any], body: t.Any) -> Request:
        call = self.call
        path, _mark, own_query = path.partition("?")
        query = "&".join(filter(None, [own_query, encoded(params)]))
        url = f"{self._hostname}{path}{'?' if query else ''}{query}"
        headers: dict[str, str] = {"Accept": "*/*", **call.headers}
        form: dict[str, str] | None = None
        content: bytes | t.BinaryIO | None = None
        if self._source:
            content = self._source
            headers.setdefault("Content-Type", "application/octet-stream")
        elif body is not None and call.body_format == "form":
            form = {str(name): str(value) for name, value in body.items()}
        elif body is not None and call.body_format == "multipart":
            content, headers["Content-Type"] = multipart(body)
        elif body is not None and call.body_format == "raw":
            content = str(body).encode()
            headers.setdefault("Content-Type", "text/plain; charset=utf-8")
        elif body is not None:
            content = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        _check_sizes(self.attempt, url, content if call.body_format == "json" else None)
        return Request(
            call.method,
            url,
            form=form,
            content=content,
            headers=headers,
            repeatable=call.reads,
            longest_wait=call.max_wait,
            largest=_LARGEST,
        )


def encoded(params: t.Mapping[str, t.Any]) -> str:
    """A query: lists repeat their name, booleans are in lower case, and what is null is left out."""
    pairs = []
    for name, value in params.items():
        for one in value if isinstance(value, (list, tuple)) else [value]:
            if one is not None:
                pairs.append((name, str(one).lower() if isinstance(one, bool) else str(one)))
    return urlencode(pairs)


def scrubbing(sink: Sink, secret: str) -> Sink:
    """A sink that passes everything on but this secret, also where it comes in two pieces."""
    needle, held = secret.encode(), [b""]

    def take(piece: bytes | None) -> None:
        if piece is None:
            held[0] = b""
            sink(None)
            return
        text = (held[0] + piece).replace(needle, b"***")
        # What may be its beginning waits for the next piece; an empty one is the last.
        keep = next(
            (size for size in range(min(len(needle) - 1, len(text)), 0, -1) if needle.startswith(text[-size:])), 0
        )
        keep = keep if piece else 0
        held[0] = text[len(text) - keep :]
        sink(text[: len(text) - keep])

    return take


def _check_sizes(attempt: str, url: str, content: t.Any) -> None:
    if len(url) > _call.LARGEST_URL:
        raise FalconError(
            f"{attempt} was not sent: its URL has {len(url)} characters; give ids, or a lower batch_size."
        )
    if isinstance(content, bytes) and len(content) > _call.LARGEST_BODY:
        raise FalconError(
            f"{attempt} was not sent: its body has {len(content)} bytes, and the API takes less than a million; give a "
            "lower batch_size, or src for a file."
        )

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: it can change in any release.

"""One request to the Falcon API with a token, which stays in here and is replaced if it is dead."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
import typing as t
from urllib.parse import urlencode

from ansible_collections.falconops.auth.plugins.module_utils import _call, _parts
from ansible_collections.falconops.auth.plugins.module_utils._call import Call
from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.module_utils._exchange import (
    SERVER_FAULTS,
    Answer,
    Request,
    Sink,
    from_json,
    json_fault,
)
from ansible_collections.falconops.auth.plugins.module_utils._wire import Wire, bearer
from ansible_collections.falconops.auth.plugins.module_utils._words import harmless, scrubbed, spellings, trace

# An answer of the API to a file is looked into up to this size, which a list has by far.
_LARGEST_ENVELOPE = 16 * 1024 * 1024
# An answer that is held in memory; what is larger wants dest.
_LARGEST = 64 * 1024 * 1024
_FORM, _TEXT, _JSON, _BYTES = (
    "application/x-www-form-urlencoded",
    "text/plain; charset=utf-8",
    "application/json",
    "application/octet-stream",
)


class Tokens(t.Protocol):
    """Where the token of a call comes from."""

    def current(self) -> str:
        """The one that is good, as far as is known."""

    def renewed(self, dead: str) -> str:
        """Another one in place of one that the API did not take. Raises FalconError."""

    def in_vain(self, failure: FalconError) -> None:
        """Be told that the other one was not taken either."""


class Line:
    """The way to the API for one call: with a token, and with another one if it is dead."""

    def __init__(
        self,
        wire: Wire,
        client: Client,
        call: Call,
        tokens: Tokens,
        source: t.BinaryIO | None = None,
        sink: Sink | None = None,
    ) -> None:
        self._wire = wire
        self._hostname = client.hostname
        self._account = client.account
        self._tokens = tokens
        self.sent_token = ""
        self._source = source
        self._seen = _Seen(sink) if sink else None
        self._sink = scrubbing(self._seen, lambda: self.sent_token) if self._seen else None
        self.call = call
        self.attempt = f"{call} at {client.hostname}"
        self.wants_html = any("html" in each for name, each in call.headers.items() if name.lower() == "accept")

    def ask(
        self,
        path: str,
        params: t.Mapping[str, t.Any],
        body: t.Any,
        *,
        longest_wait: float | None = None,
        fault_is_final: bool = False,
    ) -> Answer:
        """The answer. The gateway refuses a dead token before anything is done, so the same is sent with another.

        fault_is_final: whether 500 may be the API's way to say no, so that nothing is gained by asking again.
        """
        request = self.request(path, params, body)
        if longest_wait is not None:
            request = dataclasses.replace(request, longest_wait=min(longest_wait, request.longest_wait))
        answer = (self._tried_once(request) if fault_is_final else None) or self._send(request)
        if answer.status != 401 and not answer.locked_out:
            return answer
        self._tokens.renewed(self.sent_token)
        answer = self._send(request)
        if answer.locked_out and (answer.wait or request.longest_wait + 1) <= request.longest_wait:
            # Others have shown too many dead ones, and the address has to wait whatever it shows now.
            time.sleep(answer.wait or 0)
            answer = self._send(request)
        if answer.status == 401:
            failure = FalconError(
                f"{self.attempt} failed with 401, and with a new token again{trace(answer)}; the API client may have "
                "been disabled, or something between here and the API takes the token away.",
                refused=True,
            )
            self._tokens.in_vain(failure)
            raise failure
        if answer.locked_out:
            raise FalconError(
                f"{self.attempt} failed with 429{trace(answer)}: this address has sent too many requests with dead "
                "tokens and is locked out for a minute; find what else uses a token that has been revoked.",
                lasting=True,
            )
        return answer

    def is_unreadable(self, answer: Answer) -> bool:
        """Whether a good answer says that it is JSON, and is none. To a write, nothing at all may be the answer."""
        body = self._seen.kept if self._seen else answer.body
        if not answer.is_said_to_be_json or body is None:
            return False
        if not body:
            return self.call.reads and self.call.method != "HEAD" and answer.status == 200
        fault = json_fault(body)
        # A file may hold one after the other, as exports do with a line for each.
        return bool(fault) and not (self._seen and fault == "Extra data")

    def next_path(self, cursor: str) -> tuple[str, str]:
        """Path and query of a page that has a path of its own, which must be at the same host."""
        rest = cursor[len(self._hostname) :] if cursor.startswith(f"{self._hostname}/") else cursor
        path, _mark, query = rest.partition("?")
        try:
            if not all(" " < char < "\x7f" for char in query):
                raise ValueError
            return _call.check_path(path), query
        except ValueError:
            shown = harmless(cursor, self.sent_token)
        raise FalconError(
            f"{self.attempt} named a next page that is not at the same host ({shown}), and was not asked."
        )

    def request(self, path: str, params: t.Mapping[str, t.Any], body: t.Any) -> Request:
        """What would be sent, but for the token. Raises FalconError if it is too large."""
        call = self.call
        path, _mark, own_query = path.partition("?")
        query = "&".join(filter(None, [own_query, encoded(params)]))
        url = f"{self._hostname}{path}{'?' if query else ''}{query}"
        content, kind = (self._source, _BYTES) if self._source else _content(call.body_format, body)
        self._check_sizes(url, content)
        headers = {"accept": "*/*", "content-type": kind, **{name.lower(): each for name, each in call.headers.items()}}
        if call.body_format == "multipart" or not kind:
            headers["content-type"] = kind  # where its parts end is known here alone
        return Request(
            call.method,
            url,
            account=self._account,
            content=content,
            headers={name: each for name, each in headers.items() if each},
            auth=self._authorise,
            repeatable=call.reads,
            longest_wait=call.max_wait,
            largest=_LARGEST,
            if_larger="give dest, a file to put it in",
            sink=self._sink,
        )

    def _authorise(self, request: t.Any) -> t.Any:
        """At the last moment: who has waited for a turn may find that another process has renewed the token."""
        self.sent_token = self._tokens.current()
        return bearer(self.sent_token)(request)

    def _tried_once(self, request: Request) -> Answer | None:
        """The answer to a single try; None if it was such that another one may help."""
        try:
            answer = self._send(dataclasses.replace(request, repeatable=False))
        except FalconError:
            return None
        return None if answer.status in SERVER_FAULTS and answer.status != 500 else answer

    def _send(self, request: Request) -> Answer:
        """The answer, without the token that a server may repeat."""
        try:
            answer = self._wire.send(request)
        except FalconError as error:
            failure = error.message.rstrip(".")
        else:
            headers: t.Any = type(answer.headers)  # which does not care about case
            told = {name: scrubbed(each.encode(), self.sent_token).decode() for name, each in answer.headers.items()}
            # What went into a file has been scrubbed on its way there.
            in_file = self._seen if 200 <= answer.status < 300 else None
            body = in_file.envelope if in_file else scrubbed(answer.body, self.sent_token)
            return dataclasses.replace(answer, headers=headers(told), body=body)
        # What surely did not arrive has been tried again.
        doubt = "" if self.call.reads or "(tried " in failure else "; it was not sent again, since it may have arrived"
        raise FalconError(f"{self.attempt} failed: {failure}{doubt}.")

    def _check_sizes(self, url: str, content: t.Any) -> None:
        if len(url) > _call.LARGEST_URL:
            advice = "a lower batch_size" if self.call.ids else "less in params, and ids, if there are any, by ids"
            raise FalconError(
                f"{self.attempt} was not sent: its URL has {len(url)} characters, and the API takes "
                f"{_call.LARGEST_URL}; give {advice}."
            )
        if self.call.body_format == "json" and isinstance(content, bytes) and len(content) > _call.LARGEST_BODY:
            raise FalconError(
                f"{self.attempt} was not sent: its body has {len(content)} bytes, and the API takes less than a "
                "million; give a lower batch_size, or src for a file."
            )


def _content(body_format: str, body: t.Any) -> tuple[t.Any, str]:
    """A body as it goes out, and its Content-Type."""
    if body is None:
        return None, ""
    if body_format == "form":
        return encoded(body).encode(), _FORM
    if body_format == "multipart":
        return _parts.body_of(body)
    if body_format == "raw":
        return body.encode(), _TEXT
    return json.dumps(body).encode(), _JSON


def encoded(params: t.Mapping[str, t.Any]) -> str:
    """A query: lists repeat their name, booleans are in lower case, and what is null is left out."""
    pairs = []
    for name, value in params.items():
        for one in value if isinstance(value, (list, tuple)) else [value]:
            if one is not None:
                pairs.append((name, _call.text_of(one)))
    return urlencode(pairs)


class _Seen:
    """A sink that passes everything on, and keeps what may be the API's envelope: it tells what is missing."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._kept: bytearray | None = None

    def __call__(self, piece: bytes | None) -> None:
        self._sink(piece)
        if piece is None:
            self._kept = bytearray()
        elif self._kept is not None:
            self._kept += piece
            if len(self._kept) > _LARGEST_ENVELOPE or bytes(self._kept[:64]).lstrip()[:1] not in (b"", b"{"):
                self._kept = None

    @property
    def kept(self) -> bytes | None:
        """What was passed on; None if it was not looked into."""
        return None if self._kept is None else bytes(self._kept)

    @property
    def envelope(self) -> bytes:
        """What was passed on, if it is one; files that are JSON for another reason have nothing to tell."""
        text = self.kept or b""
        with contextlib.suppress(ValueError, RecursionError):
            if isinstance(from_json(text).get("meta"), dict):
                return text
        return b""


def scrubbing(sink: Sink, secret: t.Callable[[], str]) -> Sink:
    """A sink that passes everything on but this secret, however it is written, also where it comes in two pieces."""
    held = [b""]

    def take(piece: bytes | None) -> None:
        if piece is None:
            held[0] = b""
            sink(None)
            return
        text = scrubbed(held[0] + piece, secret())
        # What may be its beginning waits for the next piece; an empty one is the last.
        needles = [each.encode() for each in spellings(secret())] if piece else []
        end = min([_beginning_of(needle, text) for needle in needles], default=len(text))
        held[0] = text[end:]
        sink(text[:end])

    return take


def _beginning_of(needle: bytes, text: bytes) -> int:
    """Where the end of a text may be the beginning of something longer."""
    at = text.find(needle[:1], max(len(text) - len(needle) + 1, 0))
    while at >= 0 and not needle.startswith(text[at:]):
        at = text.find(needle[:1], at + 1)
    return at if at >= 0 else len(text)

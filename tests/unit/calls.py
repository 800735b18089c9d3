# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A wire to a server that is a function, and tokens that are counted, for the tests of calls."""

from __future__ import annotations

import json
import typing as t
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

from ansible_collections.falconops.auth.plugins.module_utils._call import Call
from ansible_collections.falconops.auth.plugins.module_utils._calls import perform
from ansible_collections.falconops.auth.plugins.module_utils._exchange import Answer
from ansible_collections.falconops.auth.tests.unit.examples import CLIENT, US1
from requests.structures import CaseInsensitiveDict

# What tokens begin with, so that it can be looked for.
TOKEN = "tokenOfTheseTests."
TRACE = "0123abcd-0000-4000-8000-000000000000"
PATH = "/devices/queries/devices/v1"


class Tokens:
    """Numbered tokens. None of them is good for ever."""

    def __init__(self) -> None:
        self.renewals: list[str] = []
        self.vain: list[str] = []

    def current(self) -> str:
        return f"{TOKEN}{len(self.renewals)}"

    def renewed(self, dead: str) -> str:
        self.renewals.append(dead)
        return self.current()

    def in_vain(self, failure: t.Any) -> None:
        self.vain.append(failure.message)


class Server:
    """A wire, and at its other end what answers each request: answers, or a function that gives one."""

    def __init__(self, *answers: t.Any) -> None:
        self.asked: list[SimpleNamespace] = []
        self._answers = iter(answers)
        self._answer = answers[0] if callable(answers[0]) else lambda asked: next(self._answers)

    def send(self, request: t.Any) -> Answer:
        prepared = SimpleNamespace(headers={})
        request.auth(prepared)
        content = request.content if request.content is None or isinstance(request.content, bytes) else b"(file)"
        parts = urlsplit(request.url)
        asked = SimpleNamespace(
            method=request.method,
            url=request.url,
            path=parts.path,
            query={name: each[0] if len(each) == 1 else each for name, each in parse_qs(parts.query, True).items()},
            query_string=parts.query,
            headers={**request.headers},
            content=content,
            body=json.loads(content) if request.headers.get("content-type") == "application/json" else None,
            token=prepared.headers["Authorization"].replace("Bearer ", "", 1),
            request=request,
        )
        self.asked.append(asked)
        given = self._answer(asked)
        if isinstance(given, Exception):
            raise given
        if request.sink and 200 <= given.status < 300:
            for piece in (None, given.body, b""):
                request.sink(piece)
            return answer(given.status, b"", **given.headers)
        return given


def answer(status: int = 200, body: t.Any = b"", **headers: str) -> Answer:
    """An answer; a body that is no bytes is JSON, and underscores in names of headers are dashes."""
    kind = {} if isinstance(body, bytes) else {"Content-Type": "application/json"}
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(US1, status, CaseInsensitiveDict({"X-Cs-Traceid": TRACE, **kind, **told}), content)


def envelope(
    resources: t.Any = None, errors: t.Any = None, *, status: int = 200, pagination: t.Any = None, **meta: t.Any
) -> Answer:
    """An answer as most are."""
    pages = {} if pagination is None else {"pagination": pagination}
    return answer(status, {"meta": {"trace_id": TRACE, **pages, **meta}, "errors": errors, "resources": resources})


def result_of(server: Server, tokens: Tokens | None = None, streams: t.Any = None, **call: t.Any) -> dict[str, t.Any]:
    """What comes of a call."""
    given = {"method": "GET", "path": PATH, **call}
    return perform(t.cast("t.Any", server), CLIENT, Call(**given), tokens or Tokens(), **(streams or {}))

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls with a token in process, and a walk through the pages of each kind of listing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from emulator_calls import Clock, ask, bearer, body, token_of

from emulator import cast
from emulator.clouds import CLOUDS
from emulator.messages import Call, Reply, Upload
from emulator.routing import answer
from emulator.settings import Settings
from emulator.state import State
from emulator.world import ApiClient

Answer = dict[str, Any]


class Api:
    """A cloud in this process, and a live token of a client that may do everything."""

    def __init__(self, client: ApiClient = cast.FULL, member_cid: str | None = None, **settings: object) -> None:
        self.clock = Clock()
        self.state = State(Settings().changed(settings), self.clock)
        self.log_in(client, member_cid)

    def log_in(self, client: ApiClient = cast.FULL, member_cid: str | None = None) -> None:
        more = {"member_cid": member_cid} if member_cid else {}
        self.token = token_of(ask(self.state, client, **more))

    def configure(self, **settings: object) -> None:
        self.state.settings = self.state.settings.changed(settings)

    def reply(
        self,
        method: str,
        target: str,
        content: object = None,
        *,
        files: dict[str, Upload] | None = None,
        form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        **params: object,
    ) -> Reply:
        """`target` can have a query; parameters that are lists are repeated."""
        path, _unused, query = target.partition("?")
        pairs = {name: list(values) for name, values in parse_qs(query, keep_blank_values=True).items()}
        for name, value in params.items():
            pairs[name] = [str(item) for item in value] if isinstance(value, list) else [str(value)]
        raw = content if isinstance(content, bytes) else b"" if content is None else json.dumps(content).encode()
        return answer(
            self.state,
            Call(
                method,
                path,
                CLOUDS["us-1"],
                "127.0.0.1",
                headers={**bearer(self.token), **(headers or {})},
                query=pairs,
                form=form or {},
                files=files or {},
                body=raw,
            ),
        )

    def call(self, method: str, target: str, content: object = None, *, status: int = 200, **params: object) -> Answer:
        reply = self.reply(method, target, content, **params)
        assert reply.status == status, reply
        return body(reply)

    def get(self, target: str, *, status: int = 200, **params: object) -> Answer:
        return self.call("GET", target, status=status, **params)


@dataclass(frozen=True)
class Listing:
    """How a client that knows the style reads a listing."""

    path: str
    setting: str  # that says how many there are
    onward: Callable[[Answer, Reply], str | None]  # the cursor in an answer
    back: str = ""  # the parameter in which it is sent; empty: it is the next path
    method: str = "GET"
    params: tuple[tuple[str, str], ...] = ()

    def pages(self, api: Api, limit: int = 0, most: int = 100, **params: str) -> Iterator[list[Any]]:
        """Its pages, until there is no cursor; the cursors are kept in `seen`."""
        wish = {**dict(self.params), **params, **({"limit": str(limit)} if limit else {})}
        path, cursor = self.path, None
        for _unused in range(most):
            if cursor and self.back:
                wish = {**self._kept(wish), self.back: cursor}
            elif cursor:
                path, wish = urlsplit(cursor).path, dict(parse_qsl(urlsplit(cursor).query))
            reply = self._reply(api, path, wish)
            assert reply.status == 200, reply
            found = body(reply)
            resources = found["resources"]
            yield resources["events"] if isinstance(resources, dict) else resources
            cursor = self.onward(found, reply)
            if not cursor:
                return
        raise AssertionError("there is no end to it")

    def _reply(self, api: Api, path: str, wish: dict[str, str]) -> Reply:
        if self.method == "GET":
            return api.reply("GET", path, **wish)
        return api.reply("POST", path, {n: int(v) if n == "limit" else v for n, v in wish.items()})

    def _kept(self, wish: dict[str, str]) -> dict[str, str]:
        return {n: v for n, v in wish.items() if n == "limit"} if self.back == "next_token" else wish


def _pagination(name: str) -> Callable[[Answer, Reply], str | None]:
    return lambda found, reply: found["meta"]["pagination"].get(name)


SCROLL = Listing("/devices/queries/devices-scroll/v1", "hosts", _pagination("offset"), "offset")
COMBINED = Listing("/devices/combined/devices/v1", "hosts", _pagination("next"), "offset")
SPOTLIGHT = Listing(
    "/spotlight/combined/vulnerabilities/v1",
    "vulnerabilities",
    _pagination("after"),
    "after",
    params=(("filter", "status:['open','closed']"),),
)
ALERTS = Listing("/alerts/combined/alerts/v1", "alerts", _pagination("after"), "after", method="POST")
INTEL = Listing("/intel/combined/indicators/v1", "indicators", lambda found, reply: reply.headers.get("Next-Page"))
ASSETS = Listing(
    "/cloud-security-assets/queries/resources/v1", "assets", lambda found, reply: found["meta"].get("next"), "after"
)
IOMS = Listing("/detects/entities/iom/v1", "ioms", _pagination("next_token"), "next_token")

BY_CURSOR = {
    "scroll": SCROLL,
    "combined": COMBINED,
    "spotlight": SPOTLIGHT,
    "alerts": ALERTS,
    "intel": INTEL,
    "assets": ASSETS,
    "ioms": IOMS,
}

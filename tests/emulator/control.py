# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API: how a test sees into the emulator and turns its knobs. JSON over HTTP, on a port of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict

from aiohttp import web

from emulator.faults import describe, parse_fault
from emulator.state import State
from emulator.tokens import sha256
from emulator.world import INSTALLERS_READ, ApiClient, Customer

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def control_app(state: State) -> web.Application:
    control = _Control(state)
    app = web.Application(middlewares=[_explain])
    app.add_routes(
        [
            web.get("/requests", control.requests),
            web.get("/connects", control.connects),
            web.get("/settings", control.settings),
            web.post("/settings", control.configure),
            web.get("/faults", control.faults),
            web.post("/faults", control.add_fault),
            web.get("/tokens", control.tokens),
            web.post("/tokens/kill", control.kill_tokens),
            web.post("/tokens/live", control.is_live),
            web.post("/clients", control.add_client),
            web.post("/release", control.release),
            web.post("/reset", control.reset),
        ]
    )
    return app


@web.middleware
async def _explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What is wrong with a test's demand is for its author to read."""
    try:
        return await handler(request)
    except (ValueError, TypeError) as error:
        return web.json_response({"error": str(error)}, status=400)


async def _body(request: web.Request) -> dict[str, object]:
    body = await request.json() if request.can_read_body else {}
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    return body


class _Control:
    def __init__(self, state: State) -> None:
        self._state = state

    async def requests(self, _unused: web.Request) -> web.Response:
        return web.json_response([asdict(entry) for entry in self._state.requests.entries])

    async def connects(self, _unused: web.Request) -> web.Response:
        return web.json_response([asdict(entry) for entry in self._state.connects.entries])

    async def settings(self, _unused: web.Request) -> web.Response:
        return web.json_response(asdict(self._state.settings))

    async def configure(self, request: web.Request) -> web.Response:
        self._state.settings = self._state.settings.changed(await _body(request))
        return web.json_response(asdict(self._state.settings))

    async def faults(self, _unused: web.Request) -> web.Response:
        return web.json_response([describe(fault) for fault in self._state.faults.pending])

    async def add_fault(self, request: web.Request) -> web.Response:
        fault = parse_fault(await _body(request))
        self._state.faults.add(fault)
        return web.json_response(describe(fault))

    async def tokens(self, _unused: web.Request) -> web.Response:
        return web.json_response([asdict(token) for token in self._state.tokens.live(self._state.clock())])

    async def kill_tokens(self, request: web.Request) -> web.Response:
        digest = (await _body(request)).get("sha256")
        if digest is None:
            return web.json_response({"killed": self._state.tokens.kill_all()})
        return web.json_response({"killed": int(self._state.tokens.revoke(str(digest)))})

    async def is_live(self, request: web.Request) -> web.Response:
        body = await _body(request)
        digest = str(body["sha256"]) if "sha256" in body else sha256(str(body.get("token", "")))
        return web.json_response({"live": self._state.tokens.find(digest, self._state.clock()) is not None})

    async def add_client(self, request: web.Request) -> web.Response:
        body = await _body(request)
        customer, client = _parse_client(body)
        self._state.world.add(customer, client)
        return web.json_response({})

    async def release(self, _unused: web.Request) -> web.Response:
        self._state.release()
        return web.json_response({})

    async def reset(self, _unused: web.Request) -> web.Response:
        self._state.reset()
        return web.json_response({})


def _parse_client(body: dict[str, object]) -> tuple[Customer, ApiClient]:
    for name in ("client_id", "client_secret", "cid", "cloud"):
        if not isinstance(body.get(name), str):
            raise ValueError(f"a client needs a {name}")
    allowlist = body.get("allowlist")
    customer = Customer(
        cid=str(body["cid"]),
        cloud=str(body["cloud"]),
        children=_strings(body.get("children", [])),
        allowlist=None if allowlist is None else _strings(allowlist),
    )
    scopes = frozenset(_strings(body.get("scopes", [INSTALLERS_READ])))
    return customer, ApiClient(str(body["client_id"]), str(body["client_secret"]), customer.cid, scopes)


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise ValueError("children, allowlist and scopes are lists of strings")
    return tuple(value)

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a fault looks on the wire."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from aiohttp import web

from emulator.blob import Blob, pieces
from emulator.faults import Fault
from emulator.messages import Call, Reply, json_reply
from emulator.routing import TOO_MANY
from emulator.state import State

_DRIP_PIECES = 20
_CHUNK = 65_536
_PLAUSIBLE = {"access_token": "x" * 1400, "expires_in": 1799, "token_type": "bearer"}


async def send(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    if isinstance(reply.body, bytes):
        return web.Response(status=reply.status, body=reply.body, headers=reply.headers)
    stream = await _begin(request, reply, len(reply.body))
    await _write(stream, reply.body, 0, len(reply.body))
    return stream


async def perform(
    fault: Fault,
    state: State,
    call: Call,
    request: web.BaseRequest,
    released: asyncio.Event,
    answer: Callable[[], Reply],
) -> web.StreamResponse | None:
    """The spoilt answer; None if there is none, because the connection is gone."""
    real = answer() if fault.after else None
    date = {"Date": state.date()}
    if fault.kind in ("hang", "delay"):
        await state.pause(fault.seconds, released)
    if fault.kind in ("hang", "drop"):
        _transport(request).abort()
        return None
    if fault.kind == "kill":
        state.tokens.kill_all()
    if fault.kind in ("delay", "kill"):
        return await send(request, real or answer())
    if fault.kind == "headers":
        return await send(request, _overruled(real or answer(), {}, fault))
    if fault.kind == "drip":
        return await _drip(fault, state, request, released, real or answer())
    if fault.kind == "truncate":
        return await _truncate(fault, request, (real or _made_up(fault, 201, _PLAUSIBLE)).with_headers(date))
    if fault.kind == "oversize":
        return await _oversize(fault, request)
    return await send(request, _reply(fault, state, call).with_headers(date))


def _reply(fault: Fault, state: State, call: Call) -> Reply:
    """The kinds that are whole answers, only not the right ones."""
    if fault.kind == "throttle":
        reply = call.error(fault.status or 429, TOO_MANY)
        later = state.retry_after(state.clock() + fault.seconds)
        limits = {"X-Ratelimit-Limit": str(state.settings.token_limit), "X-Ratelimit-Remaining": "0"}
        return _overruled(reply, {"X-Cs-Traceid": call.trace_id, "X-Ratelimit-Retryafter": later, **limits}, fault)
    if fault.kind == "redirect":
        return _overruled(Reply(fault.status or 308), {"Location": fault.url}, fault)
    if fault.kind == "echo":
        return _echo(fault, call)
    if fault.kind == "malformed":
        return _made_up(fault, 201, '{"access_token": "', "application/json")
    if fault.kind == "shape":
        return _made_up(fault, 201, ["unexpected"])
    if fault.body is None:
        reply = call.error(fault.status or 500, "Internal Server Error")
        return _overruled(reply, {"X-Cs-Traceid": call.trace_id}, fault)
    return _overruled(_made_up(fault, 500, None), {}, fault)


def _echo(fault: Fault, call: Call) -> Reply:
    """Says again what it must not: the request's token, wherever the body or a header has a place for it."""
    words = {"{authorization}": call.headers.get("authorization", ""), "{token}": call.bearer or ""}

    def filled(text: str) -> str:
        for place, value in words.items():
            text = text.replace(place, value)
        return text

    usual = {"errors": [{"code": fault.status or 400, "message": "invalid header Authorization: {authorization}"}]}
    reply = _made_up(fault, 400, usual)
    assert isinstance(reply.body, bytes)
    headers = {**reply.headers, **fault.headers}
    return Reply(reply.status, filled(reply.body.decode()).encode(), {n: filled(v) for n, v in headers.items()})


def _made_up(fault: Fault, status: int, body: object, text_type: str = "text/html") -> Reply:
    body = fault.body if fault.body is not None else body
    if isinstance(body, str):
        # An empty body has no type, as of a gateway that gave up.
        return Reply(fault.status or status, body.encode(), {"Content-Type": text_type} if body else {})
    return json_reply(fault.status or status, body)


def _overruled(reply: Reply, headers: dict[str, str], fault: Fault) -> Reply:
    return Reply(reply.status, reply.body, {**reply.headers, **headers, **fault.headers})


def _transport(request: web.BaseRequest) -> asyncio.Transport:
    if request.transport is None:
        raise ConnectionResetError("the client has gone")
    return request.transport


async def _begin(request: web.BaseRequest, reply: Reply, length: int) -> web.StreamResponse:
    stream = web.StreamResponse(status=reply.status, headers=reply.headers)
    stream.content_length = length
    await stream.prepare(request)
    return stream


async def _write(stream: web.StreamResponse, body: bytes | Blob, start: int, stop: int) -> None:
    for piece in pieces(body, start, stop):
        await stream.write(piece)


async def _drip(
    fault: Fault, state: State, request: web.BaseRequest, released: asyncio.Event, reply: Reply
) -> web.StreamResponse:
    stream = await _begin(request, reply, len(reply.body))
    piece = max(1, -(-len(reply.body) // _DRIP_PIECES))
    for start in range(0, len(reply.body), piece):
        await state.pause(fault.seconds / _DRIP_PIECES, released)
        await _write(stream, reply.body, start, min(start + piece, len(reply.body)))
    return stream


async def _truncate(fault: Fault, request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    keep = len(reply.body) // 2 if fault.keep is None else fault.keep
    stream = await _begin(request, reply, len(reply.body))
    await _write(stream, reply.body, 0, min(keep, len(reply.body)))
    _transport(request).close()  # sends what is written, and ends the connection before the announced length
    return stream


async def _oversize(fault: Fault, request: web.BaseRequest) -> web.StreamResponse:
    """Valid JSON, if somebody is patient enough to read it."""
    head, tail = json.dumps({"access_token": ""}).encode().rsplit(b'"', 1)
    filling = max(0, fault.size - len(head) - len(tail) - 1)
    reply = Reply(fault.status or 201, headers={"Content-Type": "application/json"})
    stream = await _begin(request, reply, len(head) + filling + 1 + len(tail))
    await stream.write(head)
    for start in range(0, filling, _CHUNK):
        await stream.write(b"A" * min(_CHUNK, filling - start))
    await stream.write(b'"' + tail)
    return stream

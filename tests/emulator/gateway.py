# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the network to the endpoints and back: log, faults, which cloud is meant."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import web

from emulator.clouds import BY_HOST, CLOUDS, Cloud
from emulator.effects import perform, send
from emulator.messages import Call, Reply, Upload, json_reply
from emulator.requestlog import RequestEntry, RequestLog
from emulator.routing import answer
from emulator.state import State
from emulator.tokens import sha256

# What the web server in front of the API does not let through.
_MAX_TARGET = 20_000
_MAX_JSON = 1_048_576


@dataclass(frozen=True)
class _Arrival:
    """What was the case when a request arrived; a reset or a release may come before it is answered."""

    entry: RequestEntry
    log: RequestLog
    released: asyncio.Event


class Gateway:
    """Answers the requests of one listener."""

    def __init__(self, state: State, listener: str) -> None:
        self._state = state
        self._listener = listener

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        state = self._state
        headers = {name.lower(): value for name, value in request.headers.items()}
        host = request.host.rpartition(":")[0] if ":" in request.host else request.host
        entry = state.requests.arrived(
            time=state.clock(),
            listener=self._listener,
            host=host.lower(),
            method=request.method,
            path=request.path,
            target=request.raw_path,
            source=request.remote or "",
            headers=headers,
            connection=request.transport,
        )
        arrival = _Arrival(entry, state.requests, state.released)
        try:
            return await self._handle(request, arrival, headers)
        except ConnectionError:  # the client did not wait, or there was a reset
            if request.transport:
                request.transport.abort()
            return _nobody()
        finally:
            entry.done = True

    async def _handle(self, request: web.BaseRequest, arrival: _Arrival, headers: dict[str, str]) -> web.StreamResponse:
        entry = arrival.entry
        form, files, body = await _content(request)
        cloud = self._cloud(entry.host)
        call = Call(
            method=request.method,
            path=request.path,
            cloud=cloud or CLOUDS[self._state.settings.http_cloud],
            source=entry.source,
            headers=headers,
            query={name: request.query.getall(name) for name in request.query},
            form=form,
            files=files,
            body=body,
        )
        self._note_caller(entry, call)
        entry.note_content(call)
        return await self._respond(request, arrival, call, stranger=cloud is None)

    def _cloud(self, host: str) -> Cloud | None:
        """None: a host outside the clouds, which the proxy was told to serve."""
        if self._listener == "http":
            return BY_HOST.get(host, CLOUDS[self._state.settings.http_cloud])
        return BY_HOST.get(host)

    async def _respond(
        self, request: web.BaseRequest, arrival: _Arrival, call: Call, stranger: bool
    ) -> web.StreamResponse:
        state, entry = self._state, arrival.entry

        def real() -> Reply:
            self._still_wanted(arrival)
            reply = json_reply(404, {"errors": []}) if stranger else answer(state, call)
            return reply.with_headers({"Date": state.date()})

        self._still_wanted(arrival)
        oversized = _oversized(request, call)
        if oversized:
            entry.status = oversized.status
            return await send(request, oversized.with_headers({"Date": state.date()}))
        fault = state.faults.take(entry.method, entry.host, entry.path)
        if fault is None:
            result: web.StreamResponse | None = await send(request, real())
        else:
            entry.fault = fault.kind
            result = await perform(fault, state, call, request, arrival.released, real)
        if result is None:
            return _nobody()
        entry.status = result.status
        return result

    def _still_wanted(self, arrival: _Arrival) -> None:
        """What arrived before a reset belongs to the test before: it must not mint or count in this one."""
        if self._state.requests is not arrival.log:
            raise ConnectionAbortedError("the emulator was reset")

    def _note_caller(self, entry: RequestEntry, call: Call) -> None:
        user, password = call.basic or (None, None)
        value = call.bearer or call.form.get("token")
        entry.token_sha256 = sha256(value) if value else None
        secret = call.form.get("client_secret", password)
        entry.secret_sha256 = sha256(secret) if secret is not None else None
        entry.member_cid = call.form.get("member_cid")
        entry.client_id = call.form.get("client_id", user)
        if call.bearer and entry.token_sha256:
            token = self._state.tokens.find(entry.token_sha256, self._state.clock())
            if token:
                entry.client_id, entry.member_cid = token.client_id, token.member_cid


async def _content(request: web.BaseRequest) -> tuple[dict[str, str], dict[str, Upload], bytes]:
    """The fields and the files of a form, or else the body as it is."""
    if request.content_type not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return {}, {}, await request.read()
    form: dict[str, str] = {}
    files: dict[str, Upload] = {}
    try:
        fields = (await request.post()).items()
    except ValueError:  # no form, whatever it says it is
        return {}, {}, b""
    for name, value in fields:
        if isinstance(value, web.FileField):
            files[name] = Upload(value.filename, value.file.read())
        elif isinstance(value, str):
            form[name] = value
    return form, files, b""


def _oversized(request: web.BaseRequest, call: Call) -> Reply | None:
    if len(request.raw_path) > _MAX_TARGET:
        return _page(414, "Request-URI Too Large")
    if len(call.body) > _MAX_JSON and request.content_type == "application/json":
        return _page(413, "Request Entity Too Large")
    return None


def _page(status: int, reason: str) -> Reply:
    title = f"{status} {reason}"
    html = f"<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>"
    return Reply(status, html.encode(), {"Content-Type": "text/html"})


def _nobody() -> web.Response:
    """aiohttp wants an answer even for a connection that is gone; nobody will see it."""
    return web.Response(status=500)

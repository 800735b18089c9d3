# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The listeners, started and stopped together."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from emulator.certificates import Certificates
from emulator.control import control_app
from emulator.gateway import Gateway
from emulator.proxy import Proxy
from emulator.routing import load_endpoints
from emulator.state import State

LOOPBACK = "127.0.0.1"
_BACKLOG = 512
# Beyond what the gateway refuses by itself.
_MAX_LINE = 100_000
_MAX_BODY = 320_000_000


class BindError(Exception):
    """A port that cannot be had, in one sentence."""


@dataclass(frozen=True)
class Ports:
    """0 means any free port."""

    tls: int = 0
    http: int = 0
    proxy: int = 0
    control: int = 0


@dataclass(frozen=True)
class Addresses:
    """What the ready line says."""

    ca_path: str
    proxy: str
    tls: str
    http_url: str
    control: str
    pid: int


def _listen(purpose: str, port: int) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK, port), backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        # Not `strerror`, to which the socket module has added the address.
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise BindError(f"cannot listen on {LOOPBACK}:{port} for {purpose}: {reason.rstrip('.')}.") from error


def _url(sock: socket.socket) -> str:
    return f"http://{LOOPBACK}:{sock.getsockname()[1]}"


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    """As aiohttp makes them, but with room for files."""
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=_MAX_BODY)


class Service:
    def __init__(self, state: State, directory: Path, ports: Ports) -> None:
        self._state = state
        self._directory = directory
        self._ports = ports
        self._running = AsyncExitStack()

    async def start(self, pid: int) -> Addresses:
        load_endpoints()
        sockets = {
            "tls": _listen("the clouds", self._ports.tls),
            "http": _listen("plain HTTP", self._ports.http),
            "proxy": _listen("the proxy", self._ports.proxy),
            "control": _listen("the control API", self._ports.control),
        }
        certificates = Certificates()
        ca_path = self._directory / "ca.pem"
        ca_path.write_bytes(certificates.ca_pem)

        context = certificates.listener_context(lambda: self._state.settings.certificate)
        for name in ("tls", "http"):
            gateway = Gateway(self._state, name)
            server = web.Server(gateway, access_log=None, request_factory=_request, max_line_size=_MAX_LINE)
            runner = web.ServerRunner(server, shutdown_timeout=1)
            await self._run(runner, sockets[name], ssl_context=context if name == "tls" else None)
        await self._run(web.AppRunner(control_app(self._state), access_log=None), sockets["control"])
        proxy = Proxy(self._state, sockets["tls"].getsockname())
        await proxy.start(sockets["proxy"])
        self._running.push_async_callback(proxy.stop)
        return Addresses(
            ca_path=str(ca_path),
            proxy=_url(sockets["proxy"]),
            tls=f"{LOOPBACK}:{sockets['tls'].getsockname()[1]}",
            http_url=_url(sockets["http"]),
            control=_url(sockets["control"]),
            pid=pid,
        )

    async def _run(
        self, runner: web.BaseRunner, sock: socket.socket, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        await runner.setup()
        self._running.push_async_callback(runner.cleanup)
        await web.SockSite(runner, sock, backlog=_BACKLOG, ssl_context=ssl_context).start()

    async def stop(self) -> None:
        self._state.release()  # nobody is kept waiting by a fault
        await self._running.aclose()

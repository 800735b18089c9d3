# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CONNECT proxy through which clients reach the clouds under their real names."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from hmac import compare_digest

from emulator.clouds import HOSTS
from emulator.messages import parse_basic
from emulator.state import State

_HEAD_TIMEOUT = 30.0
_REASONS = {
    200: "Connection established",
    400: "Bad Request",
    405: "Method Not Allowed",
    407: "Proxy Authentication Required",
    502: "Bad Gateway",
}


class Proxy:
    def __init__(self, state: State, target: tuple[str, int]) -> None:
        self._state = state
        self._target = target
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, sock: socket.socket) -> None:
        self._server = await asyncio.start_server(self._serve, sock=sock, backlog=512)

    async def stop(self) -> None:
        if self._server:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._connect(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client went away, or never was a client of a proxy
        finally:
            self._connections.discard(task)
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_TIMEOUT)
        first, *lines = head.decode("latin-1").splitlines()
        headers = {name.lower(): value.strip() for name, _unused, value in (line.partition(":") for line in lines)}
        method, _unused, rest = first.partition(" ")
        target = rest.rpartition(" ")[0].lower()
        status = self._judge(method, target, headers)
        source: str = writer.get_extra_info("peername")[0]
        self._state.connects.add(self._state.clock(), target, status, source, headers)
        if status != 200:
            challenge = 'Proxy-Authenticate: Basic realm="emulator"\r\n' if status == 407 else ""
            writer.write(f"{_status_line(status)}{challenge}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
            return
        # From the client's own address, because the clouds' limits and allowlists go by it.
        upstream = await asyncio.open_connection(*self._target, local_addr=(source, 0))
        writer.write(f"{_status_line(200)}\r\n".encode())
        await asyncio.gather(_pump(reader, upstream[1]), _pump(upstream[0], writer))

    def _judge(self, method: str, target: str, headers: dict[str, str]) -> int:
        if method != "CONNECT":
            return 405
        host, _unused, port = target.rpartition(":")
        if not host or not port.isdigit():
            return 400
        expected = self._state.settings.proxy_auth
        if expected:
            scheme, _unused, value = headers.get("proxy-authorization", "").partition(" ")
            given = parse_basic(value) if scheme.lower() == "basic" else None
            if given is None or not compare_digest(":".join(given).encode(), expected.encode()):
                return 407
        return 200 if port == "443" and host in (*HOSTS, *self._state.settings.strangers) else 502


def _status_line(status: int) -> str:
    return f"HTTP/1.1 {status} {_REASONS[status]}\r\n"


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One direction. When it ends, so does the writer: each side sees the other's end as if there were no proxy."""
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        writer.transport.abort()
    finally:
        with contextlib.suppress(OSError):
            writer.close()

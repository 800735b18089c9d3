# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: it can change in any release.

"""Answers with a deadline, below requests and urllib3.

Their timeout is one for each read from the socket, so that a server that sends a byte now and then, or an interim
answer again and again, holds its reader for ever. Here it is one for all that comes before the body, and one for the
body, or for each part of a body that may be long.
"""

from __future__ import annotations

import functools
import http.client
import io
import socket
import time
import typing as t

try:
    from requests.adapters import HTTPAdapter
    from urllib3.exceptions import HeaderParsingError
    from urllib3.util.response import assert_header_parsing
except ImportError:
    HTTPAdapter = object  # type: ignore[assignment,misc]  # _wire tells what is missing


class DeadlineAdapter(HTTPAdapter):
    """The adapter of requests, by connections whose answers have a deadline."""

    def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _set_deadlines(self.poolmanager)

    def proxy_manager_for(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        _set_deadlines(manager)
        return manager


def unhurried(response: t.Any, least: int) -> None:
    """Let the body of an answer of requests take its time, as long as so many bytes come within the timeout."""
    original = getattr(response.raw, "_original_response", None)
    if isinstance(original, _Response):
        original.stream.least = least


def _set_deadlines(manager: t.Any) -> None:
    # Whatever its pools are: those to a SOCKS proxy are of another class.
    pools = manager.pool_classes_by_scheme.items()
    manager.pool_classes_by_scheme = {scheme: _with_deadlines(pool) for scheme, pool in pools}


@functools.lru_cache(maxsize=None)
def _with_deadlines(pool: t.Any) -> t.Any:
    # The manager of a proxy comes here again with each request.
    if pool.ConnectionCls.response_class is _Response:
        return pool
    connection = type(pool.ConnectionCls.__name__, (pool.ConnectionCls,), {"response_class": _Response})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class _Response(http.client.HTTPResponse):
    """An answer on a socket, or what a proxy answers to CONNECT."""

    def __init__(self, sock: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.stream = _Stream(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self.stream)

    def begin(self) -> None:
        """Read up to the body. Headers that are none end the connection: urllib3 would log what stands in them."""
        super().begin()
        try:
            assert_header_parsing(self.headers)
        except (HeaderParsingError, TypeError):
            unreadable = True
        else:
            unreadable = False
        if unreadable:
            raise http.client.HTTPException("its headers cannot be read")
        self.stream.restart()


class _Stream(io.RawIOBase):
    """What comes from a socket, until its timeout is over once and for all.

    least: after so many bytes the timeout begins anew; 0 for never.
    """

    def __init__(self, raw: t.Any, sock: t.Any) -> None:
        self._raw = raw
        self._sock = sock
        self._seconds = sock.gettimeout()
        self.least = 0
        self.restart()

    def restart(self) -> None:
        """As much time again."""
        self._came = 0
        self._deadline = None if self._seconds is None else time.monotonic() + self._seconds

    def readinto(self, buffer: t.Any) -> t.Any:
        if self._deadline is None:
            return self._raw.readinto(buffer)
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise socket.timeout("timed out")
        self._sock.settimeout(left)
        try:
            count = self._raw.readinto(buffer)
        finally:
            self._sock.settimeout(self._seconds)
        self._came += count or 0
        if self.least and self._came >= self.least:
            self.restart()
        return count

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return t.cast("int", self._raw.fileno())

    def close(self) -> None:
        self._raw.close()
        super().close()

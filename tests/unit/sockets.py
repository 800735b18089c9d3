# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections of which only our end is there, and a clock that goes on as they want it."""

from __future__ import annotations

import io
import itertools
import os
import time
import typing as t
from unittest import mock

# What is read at once on a connection takes at least so many seconds: so even what never ends takes its time.
_READ = 0.05
# No reader of ours has this much patience, in seconds and in bytes.
_EVER, _MUCH = 20_000.0, 30_000_000
_READABLE = os.open(os.devnull, os.O_RDONLY)

# What a server does one after the other: it says bytes, pauses for some seconds, or breaks the connection.
Deed = bytes | float | Exception


class Clock:
    """The time of a test: nobody sleeps, and only what is waited for lets it pass. now: seconds since the epoch."""

    _days = itertools.count()

    def __init__(self, now: float = 0) -> None:
        self.passed = 0.0
        self._now = now
        # The machine's own clock goes on from test to test, as it does from boot on.
        self._booted = next(self._days) * 86400.0

    def sleep(self, seconds: float) -> None:
        self.passed += seconds

    def rules(self) -> t.Any:
        """While it does, all Python code takes this for the time."""
        return mock.patch.multiple(
            time,
            sleep=self.sleep,
            time=lambda: self._now + self.passed,
            monotonic=lambda: self._booted + self.passed,
        )


class FakeSocket:
    """The client's end of a connection to a server that does this, without hearing anything.

    answers: for each request on the connection what is done then; a server that is at its end closes it.
    """

    def __init__(self, *answers: t.Iterable[Deed], clock: Clock | None = None) -> None:
        self.sent = b""
        self.read = 0
        self.timeout: float | None = None
        self._answers = iter(answers)
        self._deeds: t.Iterator[Deed] = iter(())
        self._rest: memoryview = memoryview(b"")
        self._clock = clock or Clock()

    def sendall(self, data: bytes) -> None:
        if bytes(data[:7]).partition(b" ")[0] in (b"GET", b"POST", b"CONNECT"):
            self._deeds = iter(next(self._answers, ()))
        self.sent += data

    def makefile(self, mode: str = "rb", buffering: int = -1) -> t.Any:
        raw = _Raw(self.recv_into)
        return io.BufferedReader(raw) if buffering else raw

    def recv_into(self, buffer: t.Any) -> int:
        self._clock.sleep(_READ)
        assert self._clock.passed < _EVER and self.read < _MUCH, "somebody reads for ever"
        while not self._rest:
            deed = next(self._deeds, None)
            if deed is None:
                return 0
            if isinstance(deed, Exception):
                raise deed
            if isinstance(deed, bytes):
                self._rest = memoryview(deed)
            elif self.timeout is not None and deed > self.timeout:
                self._clock.sleep(self.timeout)
                raise TimeoutError("timed out")
            else:
                self._clock.sleep(deed)
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        self.read += count
        return count

    def settimeout(self, seconds: float | None) -> None:
        self.timeout = seconds

    def gettimeout(self) -> float | None:
        return self.timeout

    def fileno(self) -> int:
        """Of something that can always be read: nobody shall take the connection for one that waits for a request."""
        return _READABLE

    def close(self, *_unused: t.Any) -> None:
        pass

    setsockopt = shutdown = close


class _Raw(io.RawIOBase):
    def __init__(self, read: t.Callable[[t.Any], int]) -> None:
        self._read = read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int:
        return self._read(buffer)

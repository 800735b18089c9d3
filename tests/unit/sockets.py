# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection of which only our end is there."""

from __future__ import annotations

import io
import typing as t


class FakeSocket:
    """The client's end of a connection whose other end has said so much, and then does what the last item says."""

    def __init__(self, said: bytes, then: t.Any = b"") -> None:
        self._said, self._then = said, then

    def makefile(self, *args, **kwargs):
        return io.BufferedReader(_Raw(self._said, self._then))

    def sendall(self, data):
        pass

    def close(self):
        pass

    settimeout = setsockopt = shutdown = sendall


class _Raw(io.RawIOBase):
    def __init__(self, said, then):
        self._said, self._then = io.BytesIO(said), then

    def readable(self):
        return True

    def readinto(self, buffer):
        count = self._said.readinto(buffer)
        if not count and isinstance(self._then, Exception):
            raise self._then
        return count

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""The pace at which the processes of a control node ask the API together.

The API counts the token requests of an address, and tells with each answer how many it would still take. While that
are many, everybody asks at once. When few are left, one asks at a time, and when none is left, all wait for the moment
that one of them was told.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import time
import typing as t

from ansible_collections.falconops.auth.plugins.plugin_utils._private import private_directory

# Fewer than there may be processes that ask at once, and one asks at a time.
_FEW = 64
# What was told is forgotten after so many seconds: the API counts over a minute.
_WINDOW = 60.0
# Nobody waits longer for the others than the API can ask for, and a little for those who are before.
_LONGEST = 120.0


class Told(t.NamedTuple):
    """What the API told last. Times are seconds of the machine's monotonic clock."""

    at: float
    remaining: int
    wait_until: float


class Pace:
    """Takes turns in asking an API, by what any process of this control node was told."""

    @contextlib.contextmanager
    def turn(self, host: str) -> t.Iterator[None]:
        """The time to send one request."""
        with contextlib.ExitStack() as stack:
            if self._few_are_left(host):
                stack.enter_context(self._alone(host))
                told = self._told(host)
                if told:
                    time.sleep(min(max(told.wait_until - time.monotonic(), 0.0), _LONGEST))
            yield

    def heard(self, host: str, *, remaining: int | None, wait: float | None) -> None:
        """Tell the others how many more requests the API would take, and how many seconds to wait if none."""
        if wait is None and (remaining is None or remaining > 2 * _FEW):
            return  # nothing that anybody must know
        now = time.monotonic()
        told = Told(now, 0 if wait is not None else remaining or 0, now + min(wait or 0.0, _LONGEST))
        with contextlib.suppress(OSError):
            path = self._path(host)
            temporary = f"{path}.{os.getpid()}"
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with open(handle, "w", encoding="ascii") as file:
                json.dump(told, file)
            os.replace(temporary, path)

    def _few_are_left(self, host: str) -> bool:
        told = self._told(host)
        return told is not None and told.remaining < _FEW

    def _told(self, host: str) -> Told | None:
        try:
            with open(self._path(host), encoding="ascii") as file:
                told = Told(*json.load(file))
            age = time.monotonic() - max(told.at, told.wait_until)
            # Before a reboot the clock was ahead.
            return told if -_LONGEST <= age < _WINDOW else None
        except (OSError, TypeError, ValueError):
            return None  # nothing was told, or it is of no use

    @contextlib.contextmanager
    def _alone(self, host: str) -> t.Iterator[None]:
        """Alone among the processes of this control node, or at the end of a long wait."""
        try:
            handle = os.open(f"{self._path(host)}.turn", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError:
            yield
            return
        try:
            end = time.monotonic() + _LONGEST
            while time.monotonic() < end:
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                time.sleep(0.02)
            yield
        finally:
            os.close(handle)

    def _path(self, host: str) -> str:
        return os.path.join(private_directory("limits", _ignore), hashlib.sha256(host.encode()).hexdigest()[:32])


def _ignore(_warning: str) -> None:
    """Who asks holds a lock, and was told by it what is wrong with the directory."""


PACE = Pace()

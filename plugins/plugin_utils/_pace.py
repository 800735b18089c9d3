# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""The pace at which the processes of a control node ask the API together.

The API counts the token requests of an address and the calls of a customer, and tells with each answer how many it
would still take. While that are many, everybody asks at once. When few are left, one asks at a time, and when none is
left, all wait for the moment that one of them was told. The first who hears that many are left again sets the others
free.

What was told lies in a file for each such limit, and whose turn it is holds the kernel's lock (flock) on that file: a
killed process leaves nothing locked, and nothing else behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import random
import time
import typing as t

from ansible_collections.falconops.auth.plugins.module_utils._exchange import LONGEST_WAIT
from ansible_collections.falconops.auth.plugins.module_utils._token import LONGEST_LIFE
from ansible_collections.falconops.auth.plugins.plugin_utils._private import private_directory, sweep

# Fewer than there may be processes that ask at once, and one asks at a time.
_FEW = 64
# What was told is forgotten after so many seconds: the API counts over a minute.
_WINDOW = 60.0
# Nobody waits longer for the others than this, however patient they are: more than the API can ask for.
_LONGEST = 120.0
# What was told is written over what was told before, at once: never half of each.
_SIZE = 80


class Told(t.NamedTuple):
    """What the API told last. Times are seconds of the machine's monotonic clock."""

    at: float
    remaining: int
    wait_until: float


class Pace:
    """Takes turns in asking an API, by what any process of this control node was told."""

    @contextlib.contextmanager
    def turn(self, limit: str, longest_wait: float = LONGEST_WAIT) -> t.Iterator[float | None]:
        """The time to send one request that waits no longer than so many seconds, at a time and for its turn.

        It is given what the others were told to wait, if that is longer; there is nothing to be sent then.
        """
        handle = self._file(limit)
        try:
            yield None if handle is None else _wait_for_turn(handle, longest_wait)
        finally:
            if handle is not None:
                os.close(handle)

    def heard(self, limit: str, *, remaining: int | None, wait: float | None) -> None:
        """Tell the others how many more requests the API would take, and how many seconds to wait if none."""
        if wait is None and remaining is None:
            return  # it said nothing
        many = wait is None and (remaining or 0) > 2 * _FEW
        handle = self._file(limit, make=not many)  # while many are left, and always were, nobody must know
        if handle is None:
            return
        try:
            now, before = time.monotonic(), _told(handle)
            # A wait that was told is over when its time is, and not because an older answer came late.
            if wait is None and before and (before.wait_until > now or (many and before.remaining > 2 * _FEW)):
                return
            told = Told(now, 0 if wait is not None else remaining or 0, now + min(wait or 0.0, _LONGEST))
            with contextlib.suppress(OSError):  # on a full disk each is told for itself
                os.pwrite(handle, json.dumps(told).encode().ljust(_SIZE), 0)
        finally:
            os.close(handle)

    def _file(self, limit: str, *, make: bool = False) -> int | None:
        """A descriptor of what was told about this limit, or None if nothing was, or it cannot be used."""
        name = hashlib.sha256(limit.encode()).hexdigest()[:32]
        with contextlib.suppress(OSError):
            directory = private_directory("limits", _ignore)
            sweep(directory, older_than=LONGEST_LIFE)
            flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_CREAT if make else 0)
            return os.open(os.path.join(directory, name), flags, 0o600)
        return None


def _wait_for_turn(handle: int, longest_wait: float) -> float | None:
    """Come back when it is time to ask: among many at once, else alone, with the file locked, or when patience ends.

    A wait that is longer than the patience is not begun, and its seconds come back. Waiting is polling, as for any lock
    of ours: also for a process that was stopped in its turn, nobody waits for ever.
    """
    left, alone, waited_for = min(_LONGEST, longest_wait), False, None
    while True:
        told = _told(handle)
        if told is None or told.remaining >= _FEW:
            fcntl.flock(handle, fcntl.LOCK_UN)
            return None
        pause = 0.0 if told == waited_for else told.wait_until - time.monotonic()
        if pause > longest_wait:
            return pause
        if pause > 0:
            fcntl.flock(handle, fcntl.LOCK_UN)
            alone, waited_for = False, told
        elif alone:
            return None
        else:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                alone = True
                continue  # and see what the one before was told
            pause = random.uniform(0.05, 0.15)
        if left <= 0:
            return None  # the API has the last word
        time.sleep(min(pause, left))
        left -= pause


def _told(handle: int) -> Told | None:
    try:
        told = Told(*json.loads(os.pread(handle, _SIZE, 0)))
        age = time.monotonic() - max(told.at, told.wait_until)
        # Before a reboot the clock was ahead.
        return told if -_LONGEST <= age < _WINDOW and told.remaining >= 0 else None
    except (OSError, TypeError, ValueError):
        return None  # nothing was told, or it is of no use


def _ignore(_warning: str) -> None:
    """Who asks holds a lock, and was told by it what is wrong with the directory."""


PACE = Pace()

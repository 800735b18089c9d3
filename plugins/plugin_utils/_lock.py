# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""One asker on a control node, and what the others need to know of how it went.

A lock is a file that is locked by the kernel (flock), so that a killed process leaves nothing locked. Its content are
the asker's notes, sealed like a token: the last failure, and the tokens of tasks that asked for one of their own.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import random
import time
import typing as t

from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.module_utils._token import LONGEST_LIFE, Token
from ansible_collections.falconops.auth.plugins.plugin_utils._private import Warn, private_directory, sweep
from ansible_collections.falconops.auth.plugins.plugin_utils._seal import BrokenSeal, Sealer

# A failure that lasts is not provoked again by the same run for so many seconds.
FAILURE_HOLDS = 30.0
# How many tasks' own tokens are remembered: many tasks of one run may be under way on different hosts.
_MOST_TASKS = 32


@dataclasses.dataclass
class Notes:
    """What one asker tells the next. All times are seconds of the machine's monotonic clock."""

    failure: dict[str, t.Any] | None = None
    tasks: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict)

    def failed(self, error: FalconError, way: str, run: str) -> None:
        """Note that asking failed just now."""
        self.failure = {
            "message": error.message,
            "refused": error.refused,
            "lasting": error.lasting,
            "way": way,
            "run": run,
            "at": time.monotonic(),
        }

    def failure_for(self, way: str, run: str, waiting_since: float, *, any_holds: bool = False) -> FalconError | None:
        """The failure that also answers this process, which would ask in the same way.

        Any failure answers those who waited for it; one that lasts, or any one if any_holds, answers the rest of its
        run as well, for a while.
        """
        failure = self.failure
        if not failure or failure["way"] != way:
            return None
        age = time.monotonic() - failure["at"]
        holds = (failure["lasting"] or any_holds) and failure["run"] == run and age < FAILURE_HOLDS
        if age >= 0 and (failure["at"] >= waiting_since or holds):
            return FalconError(failure["message"], refused=failure["refused"], lasting=failure["lasting"])
        return None

    def issued(self, task: str, token: Token) -> None:
        """Note the token that a task asked for on its own account."""
        self.tasks.pop(task, None)
        self.tasks[task] = token.to_dict()
        for oldest in list(self.tasks)[:-_MOST_TASKS]:
            del self.tasks[oldest]

    def token_of(self, task: str) -> Token | None:
        """The token that this task has asked for already, on whichever host."""
        return Token.from_dict(self.tasks[task]) if task in self.tasks else None


class Lock:
    """Locks of one API client's tokens."""

    def __init__(self, sealer: Sealer, warn: Warn) -> None:
        self._sealer = sealer
        self._warn = warn

    @contextlib.contextmanager
    def held(self, name: str, *, seconds: float) -> t.Iterator[Notes | None]:
        """The notes while this process holds the lock, or None if it did not get it within so many seconds.

        Changed notes are written when the block is left, also by an exception.
        """
        with locked(name, self._warn, seconds=seconds) as handle:
            if handle is None:
                yield None
                return
            notes = self._read(handle, name)
            before = dataclasses.replace(notes, tasks=dict(notes.tasks))
            try:
                yield notes
            finally:
                if notes != before:
                    self._write(handle, name, notes)

    def _read(self, handle: int, name: str) -> Notes:
        sealed = os.pread(handle, os.fstat(handle).st_size, 0).decode("ascii", "replace")
        try:
            return Notes(**self._sealer.open(sealed, place=f"notes {name}"))
        except (BrokenSeal, TypeError):
            return Notes()  # new, or half written by a process that was killed

    def _write(self, handle: int, name: str, notes: Notes) -> None:
        sealed = self._sealer.seal(dataclasses.asdict(notes), place=f"notes {name}").encode()
        with contextlib.suppress(OSError):  # on a full disk the next one asks for itself
            os.ftruncate(handle, 0)
            os.pwrite(handle, sealed, 0)


@contextlib.contextmanager
def locked(name: str, warn: Warn, *, seconds: float) -> t.Iterator[int | None]:
    """The lock file of this name while this process holds it, or None if it did not get it within so many seconds."""
    path, reason = name, ""
    try:
        path = os.path.join(private_directory("locks", warn), name)
        handle = _opened(path, time.monotonic() + seconds)
    except OSError as error:
        reason = error.strerror or str(error)
    if reason:
        raise FalconError(
            f"The lock file {path} cannot be used ({reason}); remove it, or set ANSIBLE_HOME to a directory that you "
            "own."
        )
    try:
        yield handle
    finally:
        if handle is not None:
            os.close(handle)
            sweep(os.path.dirname(path), older_than=LONGEST_LIFE)


def _opened(path: str, end: float) -> int | None:
    """A descriptor of the locked file, or None when the time is over.

    Waiting is polling: a waiter must go on in the end, also when the holder was stopped and never comes back.
    """
    pause = 0.01
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(handle, path):
                os.utime(handle)  # young from now on, so that nobody sweeps it while it is held
                return handle
        except BlockingIOError:
            if time.monotonic() >= end:
                os.close(handle)
                return None
            time.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 1.5, 0.1)
        os.close(handle)


def _is_at(handle: int, path: str) -> bool:
    """Whether the locked file still is the one at this path; it may have been swept in between."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False

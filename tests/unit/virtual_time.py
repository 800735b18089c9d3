# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A time that passes only while everybody sleeps, so that hours of many processes are simulated in seconds.

Each process is a thread, of which one runs at a time, until it sleeps or ends: so the same happens each time. Code
that asks the module `time` for the time, or to sleep, is told the virtual one; locks on files (flock) keep threads
apart as they do processes, since each opens the file for itself.
"""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from unittest import mock

# Always the same moment, in the past, so that no file that is really written seems to be of long ago.
_BEGAN, _BOOTED = 1_500_000_000.0, 1_400_000_000.0
# A process of its own has eight megabytes; a thousand threads must do with less.
_STACK = 1024 * 1024


class VirtualTime:
    """Processes in a time of their own. now: seconds since it began."""

    def __init__(self):
        self.now = 0.0
        self._really_sleep = time.sleep
        self._due, self._number = [], itertools.count()
        self._processes = {}
        self._over = threading.Lock()
        self._failure = None

    def start(self, function, *args, at=0.0, clock_ahead=0.0):
        """Have a process call the function at this time, on a machine whose clock is so many seconds ahead."""
        process = _Process(lambda: self._live(process, function, args), clock_ahead)
        heapq.heappush(self._due, (at, next(self._number), process))

    def run(self):
        """Let time pass until every process has ended. Raises what one of them raised."""
        previous, state = threading.stack_size(_STACK), random.getstate()
        random.seed(1)
        self._over.acquire()
        try:
            with mock.patch.multiple(time, time=self._time, monotonic=self._monotonic, sleep=self._sleep):
                self._wake_the_next()
                self._over.acquire()
        finally:
            self._over.release()
            threading.stack_size(previous)
            random.setstate(state)
        if self._failure:
            raise self._failure

    def _live(self, process, function, args):
        process.go.acquire()
        self._processes[threading.get_ident()] = process
        try:
            function(*args)
        except BaseException as error:
            self._failure = self._failure or error
        del self._processes[threading.get_ident()]
        self._wake_the_next()

    def _wake_the_next(self):
        if not self._due or self._failure:
            self._over.release()
            return
        self.now, _number, process = heapq.heappop(self._due)
        if not process.is_alive():
            process.start()
        process.go.release()

    # What others than our processes ask for, as pytest's own threads may, is the real thing.

    def _time(self):
        process = self._processes.get(threading.get_ident())
        return _BEGAN + self.now + (process.clock_ahead if process else 0.0)

    def _monotonic(self):
        return _BEGAN - _BOOTED + self.now

    def _sleep(self, seconds):
        process = self._processes.get(threading.get_ident())
        if process is None:
            self._really_sleep(seconds)
            return
        due = (self.now + max(seconds, 0.0), next(self._number), process)
        if not self._due or due < self._due[0]:
            self.now = due[0]
            return
        heapq.heappush(self._due, due)
        self._wake_the_next()
        process.go.acquire()


class _Process(threading.Thread):
    def __init__(self, target, clock_ahead):
        super().__init__(target=target, daemon=True)
        self.clock_ahead = clock_ahead
        self.go = threading.Lock()
        self.go.acquire()

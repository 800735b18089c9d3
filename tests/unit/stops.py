# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes that are stopped at one step of their way, by design: at that step they send themselves the signal."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import tempfile

from ansible_collections.falconops.auth.plugins.plugin_utils._lock import Lock
from ansible_collections.falconops.auth.plugins.plugin_utils._pace import Pace
from ansible_collections.falconops.auth.plugins.plugin_utils._store import Store
from ansible_collections.falconops.auth.tests.unit.server import Server

FORK = multiprocessing.get_context("fork")
# What Ctrl-C, a supervisor, and the kernel or an impatient user send.
SIGNALS = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM, "SIGKILL": signal.SIGKILL}


def _before(owner, name, nth=1):
    def arrange(stop):
        real, count = getattr(owner, name), itertools.count(1)

        def stopped(*args, **kwargs):
            if next(count) == nth:
                stop()
            return real(*args, **kwargs)

        setattr(owner, name, stopped)

    return arrange


def _after(owner, name):
    def arrange(stop):
        real = getattr(owner, name)

        def stopped(*args, **kwargs):
            result = real(*args, **kwargs)
            stop()
            return result

        setattr(owner, name, stopped)

    return arrange


def _half_way_through_pwrite(stop):
    real = os.pwrite

    def half(handle, content, offset):
        real(handle, content[: len(content) // 2], offset)
        stop()

    os.pwrite = half


# Arranged in a forked process, which has the patched names for itself.
STEPS = {
    "it has the lock": _before(Lock, "_read"),
    "before the request": _before(Server, "request"),
    "it is on its turn": _before(Server, "_note"),
    "the API has been asked": _after(Server, "_note"),
    "what the API has told is written": _before(Pace, "heard"),
    "what the API has told is half written": _half_way_through_pwrite,
    "after the request": _after(Server, "request"),
    "before anything is stored": _before(Store, "put"),
    "the first file is there and empty": _after(tempfile, "mkstemp"),
    "the first file is written, not at its place": _before(os, "replace"),
    "the first file is at its place": _after(os, "replace"),
    "the second file is written, not at its place": _before(os, "replace", 2),
    "everything is stored": _after(Store, "put"),
    "before notes are written": _before(Lock, "_write"),
    "notes are emptied": _after(os, "ftruncate"),
    "before the lock is given back": _after(Lock, "_write"),
}
# Those that a process passes only if it has something to note.
WITH_NOTES = {"before notes are written", "notes are emptied", "before the lock is given back"}


def stopped_at(step, signum, function):
    """Call the function in a process that stops itself at this step. Its exit code: the signal, negative, or 130.

    It is 0 if the process never came to this step.
    """
    process = FORK.Process(target=_stop, args=(step, signum, function))
    process.start()
    process.join()
    return process.exitcode


def _stop(step, signum, function):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    STEPS[step](lambda: os.kill(os.getpid(), signum))
    try:
        function()
    except KeyboardInterrupt:
        os._exit(130)

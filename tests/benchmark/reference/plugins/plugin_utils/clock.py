# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU time in a worker, handed to the benchmark."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager

_timed = 0


@contextmanager
def timed():
    """Tell how much CPU time the block takes, and which one in this process it is."""
    global _timed
    _timed += 1
    start = time.process_time_ns()
    yield
    spent = time.process_time_ns() - start
    # One write, so that workers do not mix their lines.
    handle = os.open(os.environ["BENCHMARK_FIGURES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, f"{_timed} {spent}\n".encode())
    os.close(handle)

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Python imports this when it starts, with this folder in PYTHONPATH, so that a run takes place later: its clock is ahead.

So is the clock that counts since the machine was started, unless the one that can be set is to be wrong.
"""

from __future__ import annotations

import os
import time

_real = time.time
_ahead = float(os.environ["FALCONOPS_TEST_CLOCK_AHEAD"])
time.time = lambda: _real() + _ahead
if "FALCONOPS_TEST_CLOCK_WRONG" not in os.environ:
    _since = time.clock_gettime
    time.clock_gettime = lambda clock: _since(clock) + _ahead

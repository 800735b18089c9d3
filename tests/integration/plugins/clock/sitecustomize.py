# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Python imports this when it starts, with this folder in PYTHONPATH: its clock is ahead, so that a run takes place later."""

from __future__ import annotations

import os
import time

_real = time.time
_ahead = float(os.environ["FALCONOPS_TEST_CLOCK_AHEAD"])
time.time = lambda: _real() + _ahead

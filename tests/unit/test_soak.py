# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A short soak; `make soak` runs the long one."""

from __future__ import annotations

import pytest
from ansible_collections.falconops.auth.tests.benchmark.soak import Soak


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_happens_all_promises_hold_after_each_step(tmp_path, seed):
    soak = Soak(tmp_path, seed)
    soak.run(steps=500)
    # And it did happen.
    for figure in (
        "uses of a token that must be there",
        "requests that failed",
        "processes stopped",
        "entries spoiled",
    ):
        assert soak.figures[figure] > 5, figure

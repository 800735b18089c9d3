# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of fleets that are too large for one machine, simulated; `make simulate` has more of them."""

from __future__ import annotations

import pytest
from ansible_collections.falconops.auth.tests.benchmark import simulate


@pytest.mark.parametrize("apart", [0, 180])
def test_a_thousand_control_nodes_on_one_store_ask_at_most_three_times_in_a_tokens_life(apart):
    nodes = simulate.control_nodes(1000, apart=apart, lives=3, every=120)
    assert nodes.uses > 40_000
    # Two or three of a thousand may meet in the third of a second that a request takes; without spreading, dozens do.
    assert 1 <= nodes.most_for_one_token <= nodes.most_in_a_life <= 3
    assert nodes.least_seconds_left >= 240 - apart / 2


def test_ten_thousand_hosts_of_one_control_node_ask_once(tmp_path):
    assert simulate.hosts(10_000, forks=50, directory=tmp_path) == 1


def test_a_thousand_members_take_hardly_longer_than_the_limit_wants(tmp_path):
    seen = simulate.members(1000, forks=50, directory=tmp_path)
    assert seen.most_refusals_of_one <= 1
    assert seen.refused <= 1 + 1000 / simulate.LIMIT
    assert seen.limits_own_seconds <= seen.seconds <= 1.05 * seen.limits_own_seconds

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of clocks that jump, and of control nodes whose clocks differ, on a real store and a real lock."""

from __future__ import annotations

import os
import time

import pytest
from ansible_collections.falconops.auth.plugins.module_utils import _token
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils._backend import StoreSettings
from ansible_collections.falconops.auth.plugins.plugin_utils._pace import Pace
from ansible_collections.falconops.auth.tests.benchmark.simulate import control_nodes
from ansible_collections.falconops.auth.tests.unit.examples import CLIENT, US1
from ansible_collections.falconops.auth.tests.unit.server import Server
from ansible_collections.falconops.auth.tests.unit.world import World

HOUR = 3600


class Clock:
    """This machine's clock, with which files are dated, too, and the server's, which is right."""

    def __init__(self, monkeypatch, server, directory):
        self._directory, self._really = directory, time.time
        self._off = 0
        monkeypatch.setattr(time, "time", lambda: self._really() + self._off)
        monkeypatch.setattr(server, "now", self._really)
        # In the past, so that what is really written now was not written long ago.
        self.jump(-3 * HOUR)

    def jump(self, seconds):
        now = time.time()
        for path in self._directory.rglob("*"):
            if path.stat().st_mtime > now:
                os.utime(path, (now, now))
        self._off += seconds


@pytest.fixture
def server(tmp_path):
    return Server(tmp_path / "server")


@pytest.fixture
def clock(monkeypatch, server, tmp_path):
    return Clock(monkeypatch, server, tmp_path)


@pytest.fixture(params=["files of its own", "private files"])
def world(request, tmp_path, warnings):
    world = World(tmp_path, warnings)
    if request.param == "private files":
        world.settings = StoreSettings(None, None, "falconops_auth_")
    return world


@pytest.mark.parametrize("jumps", [(HOUR, -HOUR), (-HOUR, HOUR), (HOUR, HOUR, -2 * HOUR), (-HOUR, -HOUR, 2 * HOUR)])
def test_a_clock_that_jumps_costs_one_request_and_no_dead_token(world, server, clock, jumps):
    for count, jump in enumerate((0, *jumps), start=1):
        clock.jump(jump)
        for _host in range(20):
            assert server.lives(world.token(api=server).token.access_token)
        assert server.asked() == count
        assert [each.access_token for _owner, each in world.store().all(CLIENT)] == [
            world.token(api=server).token.access_token
        ]
    assert world.warnings == []


@pytest.mark.parametrize("idle", [1790, 1850, 3000, 3620, 5300])
def test_a_clock_that_is_set_back_makes_no_dead_token_young(world, server, clock, monkeypatch, idle):
    """Nobody looked at it in the meantime, so that only the time since the machine was started tells its age."""
    really, gone = _token.since_boot, [0]
    monkeypatch.setattr(_token, "since_boot", lambda: really() + gone[0])
    monkeypatch.setattr(server, "now", lambda real=server.now: real() + gone[0])
    clock.jump(-2 * HOUR)
    world.token(api=server)
    gone[0] = idle
    clock.jump(idle)
    clock.jump(-HOUR)
    assert server.lives(world.token(api=server).token.access_token)
    assert server.asked() == 2


@pytest.mark.parametrize("off", [HOUR, -HOUR])
def test_a_token_that_a_wrong_clock_takes_for_dead_is_revoked(world, server, clock, off):
    lives = world.token(api=server).token.access_token
    clock.jump(off)
    revoked = [token.access_token for _owner, token in world.broker(api=server).revoke(CLIENT)]
    # A plugin of Ansible's own finds its file too old when the clock is ahead, and gives nothing.
    expected = [] if world.settings.plugin and off > 0 else [lives]
    assert revoked == expected
    assert server.was_revoked(lives) == bool(expected)


def test_one_that_is_dead_by_the_clock_that_nobody_can_set_is_not(world, server, clock, monkeypatch):
    really = _token.since_boot
    world.token(api=server)
    monkeypatch.setattr(_token, "since_boot", lambda: really() + 1800)
    clock.jump(HOUR)
    assert world.broker(api=server).revoke(CLIENT) == []
    assert world.store().get(CLIENT) is None


def test_a_refusal_holds_no_longer_for_a_clock_that_jumps(world, server, clock, monkeypatch):
    server.answer = FalconError("wrong secret", refused=True)
    booted = [time.monotonic()]
    monkeypatch.setattr(time, "monotonic", lambda: booted[0])
    for jump in (0, HOUR, -2 * HOUR):
        clock.jump(jump)
        booted[0] += 14
        with pytest.raises(FalconError, match="wrong secret"):
            world.token(api=server)
    assert server.asked() == 1
    booted[0] += 14
    with pytest.raises(FalconError, match="wrong secret"):
        world.token(api=server)
    assert server.asked() == 2


def test_nobody_waits_for_the_rate_limit_longer_than_was_told_for_a_clock_that_jumps(clock, naps):
    Pace().heard(US1, remaining=0, wait=20.0)
    for jump in (0, -HOUR, 2 * HOUR):
        clock.jump(jump)
        with Pace().turn(US1):
            pass
    # What seems an hour old was swept: at worst one more is refused, and tells the others.
    assert [round(nap) for nap in naps] == [20, 20]


@pytest.mark.parametrize("apart", [120, -120, 180, -180])
def test_two_control_nodes_whose_clocks_differ_use_no_dead_token_and_start_no_storm(apart):
    nodes = control_nodes(2, clocks=(0, apart), apart=0, lives=16, every=30)
    assert nodes.uses > 1500
    # min_ttl is 240: what one clock is behind comes off it.
    assert nodes.least_seconds_left >= 240 - abs(apart) - 1
    assert nodes.most_in_a_life <= 2
    # Eight hours of a token that is renewed some minutes before its end; a clock that is ahead renews it sooner.
    assert 16 <= nodes.requests <= 16 * 1799 / (1799 - 240 - 60 - abs(apart)) + 1

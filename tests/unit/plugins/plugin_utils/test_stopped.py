# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of what comes after a process that was stopped at any step of asking, on a real store and a real lock."""

from __future__ import annotations

import os
import signal
import time

import pytest
from ansible_collections.falconops.auth.plugins.plugin_utils._backend import StoreSettings
from ansible_collections.falconops.auth.tests.unit.examples import CLIENT, token
from ansible_collections.falconops.auth.tests.unit.server import Server
from ansible_collections.falconops.auth.tests.unit.stops import SIGNALS, STEPS, WITH_NOTES, stopped_at
from ansible_collections.falconops.auth.tests.unit.world import World

# A step that waits for nobody takes milliseconds; whoever is blocked waits for a minute.
PATIENCE, AT_ONCE = 60.0, 10.0
# Each one's task has a token of its own, is there first, or finds one that is soon due.
STARTS = {"cold": None, "soon due": None, "own": "run-1 task-1"}


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "server")
    server.left = 100  # few enough for the processes to tell each other, and many enough for all at once
    return server


@pytest.fixture
def world(tmp_path, warnings, server):
    world = World(tmp_path, warnings)
    world.settings = StoreSettings(None, None, "falconops_auth_")
    return world


def private_files(tmp_path):
    return {path for path in (tmp_path / "home").rglob("*") if path.is_file()}


@pytest.mark.parametrize("signum", SIGNALS.values(), ids=SIGNALS)
@pytest.mark.parametrize(
    ("step", "start"),
    [(step, start) for step in STEPS for start in STARTS if start == "own" or step not in WITH_NOTES],
)
def test_the_next_one_is_not_blocked_and_asks_at_most_once_more(world, server, tmp_path, step, start, signum):
    def ask(**settings):
        return world.token(api=server, own=STARTS[start], patience=PATIENCE, **settings)

    if start == "soon due":
        kept = token("kept", left=250)
        world.store().put(CLIENT, kept)
    if "on its turn" in step:
        server.left = 10
        server.request(CLIENT)
    before = server.asked()

    assert stopped_at(step, signum, ask) == (130 if signum == signal.SIGINT else -signum)
    asked = server.asked() - before
    assert asked <= 1

    begun = time.monotonic()
    issued = ask(run="run-2" if start != "own" else "run-1")
    assert time.monotonic() - begun < AT_ONCE
    assert server.lives(issued.token.access_token)
    assert server.asked() - before <= asked + 1
    if issued.cached:
        assert server.asked() - before == asked

    # From now on all is as if nothing had happened, and nothing that was written is broken.
    count = server.asked()
    for _host in range(3):
        assert ask() == (issued.token, True)
    assert world.token(api=server) == (issued.token, True)
    assert [each.access_token for _owner, each in world.store().all(CLIENT)] == [issued.token.access_token]
    assert (server.asked(), world.warnings) == (count, [])

    # An hour later what the stopped one left behind goes.
    for path in private_files(tmp_path):
        os.utime(path, (time.time() - 3700,) * 2)
    server.request(CLIENT)
    issued = world.token(api=server, own="another")
    assert server.lives(issued.token.access_token)
    names = [path.name for path in private_files(tmp_path) if not path.name.endswith(".swept")]
    # The entry and the index, the lock of each, and what was told about the host.
    assert len(names) == 5

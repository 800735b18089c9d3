# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of taking turns at an API that counts."""

from __future__ import annotations

import multiprocessing
import os
import stat
import time

import pytest
from ansible_collections.falconops.auth.plugins.plugin_utils import _pace
from ansible_collections.falconops.auth.plugins.plugin_utils._pace import Pace

FORK = multiprocessing.get_context("fork")
HOST = "https://api.crowdstrike.com"


def files(tmp_path):
    directory = tmp_path / "home" / "falconops_auth" / "limits"
    return sorted(directory.iterdir()) if directory.exists() else []


@pytest.mark.parametrize("remaining", [None, 299, 129])
def test_while_many_are_left_nobody_waits_or_writes(tmp_path, naps, remaining):
    for _request in range(3):
        with Pace().turn(HOST):
            Pace().heard(HOST, remaining=remaining, wait=None)
    assert (files(tmp_path), naps) == ([], [])


def test_the_moment_that_one_was_told_holds_for_all(tmp_path, naps):
    Pace().heard(HOST, remaining=0, wait=20.0)
    with Pace().turn(HOST):
        pass
    with Pace().turn("https://api.us-2.crowdstrike.com"):
        pass
    assert [round(nap) for nap in naps] == [20]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files(tmp_path))


def test_no_answer_makes_anybody_wait_for_ever(naps):
    Pace().heard(HOST, remaining=0, wait=1e9)
    with Pace().turn(HOST, longest_wait=3600) as too_long:
        assert too_long is None
    assert [round(nap) for nap in naps] == [120]


@pytest.mark.parametrize(("longest_wait", "naps_of"), [(0, []), (19, []), (20, [20]), (3600, [20])])
def test_a_wait_that_is_longer_than_the_patience_is_not_begun(naps, longest_wait, naps_of):
    Pace().heard(HOST, remaining=0, wait=20.0)
    with Pace().turn(HOST, longest_wait) as too_long:
        assert (too_long is None) == bool(naps_of)
        assert naps_of or 19 < too_long <= 20
    assert [round(nap) for nap in naps] == naps_of


def test_the_first_who_hears_that_many_are_left_sets_the_others_free(tmp_path):
    Pace().heard(HOST, remaining=10, wait=None)
    asking, freed = FORK.Barrier(5, timeout=20), FORK.Queue()

    def ask():
        with Pace().turn(HOST):
            asking.wait()  # nobody comes further before all of them are there
            freed.put(True)

    with Pace().turn(HOST):
        processes = [FORK.Process(target=ask) for _unused in range(5)]
        for process in processes:
            process.start()
        time.sleep(0.1)
        assert freed.empty()
        Pace().heard(HOST, remaining=299, wait=None)
        assert [freed.get(timeout=20) for _process in processes] == [True] * 5
    for process in processes:
        process.join()


def test_an_older_answer_that_comes_late_ends_no_wait(naps):
    Pace().heard(HOST, remaining=None, wait=20.0)
    for remaining in (299, 10, None):
        Pace().heard(HOST, remaining=remaining, wait=None)
    with Pace().turn(HOST):
        pass
    assert [round(nap) for nap in naps] == [20]


def test_who_waited_sees_what_was_told_in_the_meantime(naps, monkeypatch):
    def nap(seconds):
        naps.append(seconds)
        now[0] += seconds
        if len(naps) == 1:
            Pace().heard(HOST, remaining=None, wait=7.0)

    now = [time.monotonic()]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", nap)
    Pace().heard(HOST, remaining=None, wait=20.0)
    with Pace().turn(HOST):
        pass
    assert [round(nap) for nap in naps] == [20, 7]


@pytest.mark.parametrize(("longest_wait", "seconds"), [(0, 0), (5, 5), (90, 90), (3600, 120)])
def test_who_was_stopped_in_its_turn_keeps_nobody_waiting_for_ever(naps, longest_wait, seconds):
    Pace().heard(HOST, remaining=10, wait=None)
    with Pace().turn(HOST), Pace().turn(HOST, longest_wait) as too_long:
        assert too_long is None  # the API may have room again, and says so itself if it has not
    assert sum(naps) == pytest.approx(seconds)


def test_there_is_one_file_for_each_host_however_many_ask(tmp_path, naps):
    for wait in (1.0, 2.0, 3.0):
        for host in (HOST, "https://api.us-2.crowdstrike.com"):
            Pace().heard(host, remaining=0, wait=wait)
            with Pace().turn(host):
                pass
    assert len(files(tmp_path)) == 2


def test_what_was_told_long_ago_or_before_a_reboot_is_forgotten(naps, monkeypatch):
    Pace().heard(HOST, remaining=0, wait=20.0)
    real = time.monotonic()
    for now in (real + 81, real - 3600):
        monkeypatch.setattr(time, "monotonic", lambda now=now: now)
        with Pace().turn(HOST):
            pass
    assert naps == []


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"[1, 2]", b'{"a": 1}', b"\xff", b'["x", 1, 2]', b"[1, 2, 3, 4]", b"7", b"[1, -1, 1]"]
)
def test_a_damaged_file_is_as_if_it_were_not_there(tmp_path, naps, content):
    Pace().heard(HOST, remaining=0, wait=20.0)
    [told] = files(tmp_path)
    told.write_bytes(content)
    with Pace().turn(HOST):
        pass
    assert naps == []


def test_a_directory_that_cannot_be_used_keeps_nobody_from_asking(tmp_path, naps, monkeypatch):
    monkeypatch.setattr(_pace, "private_directory", lambda name, warn: str(tmp_path / "nowhere" / name))
    Pace().heard(HOST, remaining=0, wait=20.0)
    with Pace().turn(HOST):
        pass
    assert naps == []


def test_when_few_are_left_one_asks_at_a_time(tmp_path):
    Pace().heard(HOST, remaining=10, wait=None)
    busy, order = FORK.Lock(), FORK.Queue()

    def ask():
        with Pace().turn(HOST):
            order.put(busy.acquire(block=False))
            time.sleep(0.02)
            busy.release()

    processes = [FORK.Process(target=ask) for _unused in range(8)]
    for process in processes:
        process.start()
    assert [order.get(timeout=10) for _process in processes] == [True] * 8
    for process in processes:
        process.join()


def test_who_is_killed_in_its_turn_keeps_nobody_waiting(tmp_path):
    Pace().heard(HOST, remaining=10, wait=None)

    def die():
        with Pace().turn(HOST):
            os._exit(9)

    process = FORK.Process(target=die)
    process.start()
    process.join()
    start = time.monotonic()
    with Pace().turn(HOST):
        assert time.monotonic() - start < 1

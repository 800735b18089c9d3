# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the broker on a real store and a real lock; only the API is not there."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import time
from types import SimpleNamespace

import pytest
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.tests.unit.examples import CLIENT, ID, US1, US2, token
from ansible_collections.falconops.auth.tests.unit.world import LOCK_NAME, World

FORK = multiprocessing.get_context("fork")
REFUSAL = FalconError("wrong secret", refused=True)
OUTAGE = FalconError("no answer came")
TOO_MANY = FalconError("too many requests", lasting=True)


@pytest.fixture
def world(tmp_path, warnings):
    return World(tmp_path, warnings)


def test_a_miss_asks_once_and_the_next_finds_it(world):
    assert world.token() == (world.answer, False)
    assert world.token() == (world.answer, True)
    assert world.token(run="run-2") == (world.answer, True)
    assert world.asked == [CLIENT]
    assert world.warnings == []


def test_looking_asks_nobody(world):
    assert world.broker().cached(CLIENT, min_ttl=240) is None
    world.store().put(CLIENT, token("kept"))
    assert world.broker().cached(CLIENT, min_ttl=240).access_token == "kept"
    assert world.broker(cache=False).cached(CLIENT, min_ttl=240) is None
    assert world.asked == []


@pytest.mark.parametrize(
    ("left", "life", "min_ttl", "cached"),
    [
        (1799, 1799, 240, True),
        (302, 1799, 240, True),
        (268, 1799, 240, False),  # each control node begins to renew in a moment between 60 and 30 seconds
        (62, 1799, 0, True),
        (28, 1799, 0, False),
        (962, 1799, 1200, True),  # half of the life, and not 1200
        (927, 1799, 1200, False),
        (900, 900, 1200, True),
        (513, 900, 1200, True),
        (477, 900, 1200, False),
        (38, 60, 240, True),  # 30 and a tenth of the life
        (32, 60, 240, False),
        (2, 1799, 240, False),
        (-1, 1799, 240, False),
        (3600, 1799, 240, False),  # from the future, since the clock was set back
        (1799 + 238, 1799, 240, True),  # the clock of another control node is ahead, but less than what is kept back
        (1799 + 242, 1799, 240, False),
        (1799 + 2, 1799, 0, False),
    ],
)
def test_how_long_a_token_must_still_live(world, left, life, min_ttl, cached):
    world.store().put(CLIENT, token("kept", left=left, life=life))
    assert world.token(min_ttl).cached == cached
    assert len(world.asked) == (0 if cached else 1)


def test_of_many_control_nodes_one_renews_well_before_the_others(world):
    brokers = [world.broker(node=f"node-{number}") for number in range(1000)]
    firsts = []
    for lifetime in range(50):
        kept = token("kept", left=300 + lifetime)
        left = 300 + lifetime
        due = {
            above: [broker for broker in brokers if broker._soon_due(kept, left - above)]
            for above in (61, *range(60, 29, -1), 29)
        }
        assert (due[61], len(due[29])) == ([], 1000)
        first = next(above for above in due if due[above])
        assert 30 <= first <= 60
        # By then the first has the new token, and the others find it.
        firsts.append(len(due[first]))
    assert sum(firsts) / len(firsts) < 3


def test_one_renews_and_the_others_go_on_with_what_they_have(world, naps):
    world.store().put(CLIENT, token("soon-due", left=250))
    with world.lock().held(LOCK_NAME, seconds=0) as notes:
        assert notes is not None
        assert world.token(patience=0.5).token.access_token == "soon-due"
        assert (world.asked, naps) == ([], [])
    assert world.token() == (world.answer, False)
    assert len(world.asked) == 1


def test_who_has_no_token_waits_and_says_so_when_its_patience_is_over(world):
    world.store().put(CLIENT, token(left=100))
    with world.lock().held(LOCK_NAME, seconds=0), pytest.raises(FalconError) as caught:
        world.token(patience=0.6)
    assert caught.value.message == (
        f"Another process has been asking {US1} about a token of client {ID} for more than 1 seconds; end it or try "
        "again later."
    )
    assert world.asked == []


def test_who_gets_the_lock_looks_again_before_it_asks(world):
    broker = world.broker()
    real = broker._lock.held

    def held(name, *, seconds):
        world.store().put(CLIENT, token("of-another-process"))
        return real(name, seconds=seconds)

    broker._lock.held = held
    issued = broker.token(CLIENT, min_ttl=240)
    assert (issued.token.access_token, issued.cached, world.asked) == ("of-another-process", True, [])


@pytest.mark.parametrize(("left", "served"), [(250, True), (200, True), (32, True), (28, False), (-5, False)])
def test_an_outage_is_bridged_while_thirty_seconds_are_left(world, left, served):
    world.store().put(CLIENT, token("old", left=left))
    world.answer = OUTAGE
    if served:
        issued = world.token()
        assert (issued.token.access_token, issued.cached) == ("old", True)
        assert world.warnings == [
            f"A token of client {ID} could not be renewed and is used while it lasts; see why with -vvv."
        ]
    else:
        with pytest.raises(FalconError, match="no answer came"):
            world.token()
        assert world.warnings == []
    assert len(world.asked) == 1


def test_an_outage_is_one_warning_though_each_answer_has_an_id_of_its_own(world):
    world.store().put(CLIENT, token("old", left=200))
    for number in range(3):
        world.answer = FalconError(f"failed with 500 [X-Cs-Traceid 0123-{number}]")
        assert world.token(run=f"run-{number}").token.access_token == "old"
    assert len(world.asked) == len(world.warnings) == 3 and len(set(world.warnings)) == 1


def test_who_has_a_token_needs_no_lock(world, tmp_path):
    world.store().put(CLIENT, token("old", left=250))
    (tmp_path / "home" / "falconops_auth" / "locks" / LOCK_NAME).mkdir(parents=True)
    assert world.token().token.access_token == "old"
    assert len(world.warnings) == 1 and "could not be renewed and is used while it lasts" in world.warnings[0]
    world.store().put(CLIENT, token("old", left=-1))
    with pytest.raises(FalconError, match="The lock file .* cannot be used"):
        world.token()
    assert world.asked == []


@pytest.mark.parametrize("own", [None, "run-1 task-1"])
def test_a_dead_token_that_nobody_can_remove_is_not_handed_out(world, own):
    world.store().put(CLIENT, token("dead"))
    with world.lock().held(LOCK_NAME, seconds=0) as notes:
        notes.issued("run-1 task-1", token("dead"))
    assert world.broker().token(CLIENT, min_ttl=240, own=own, dead="dead") == (world.answer, False)
    world.store().put(CLIENT, token("dead"))
    world.answer = OUTAGE
    with pytest.raises(FalconError, match="no answer came"):  # neither while the API is down
        world.broker(run="run-2").token(CLIENT, min_ttl=240, dead="dead")


def test_a_refusal_is_not_bridged_and_loses_nothing(world):
    world.store().put(CLIENT, token("old", left=200))
    world.answer = REFUSAL
    with pytest.raises(FalconError, match="wrong secret"):
        world.token()
    assert world.store().get(CLIENT).access_token == "old"


def test_a_token_of_ones_own_is_not_bridged_by_another(world):
    world.store().put(CLIENT, token("old"))
    world.answer = OUTAGE
    with pytest.raises(FalconError, match="no answer came"):
        world.token(own="run-1 task-1")


@pytest.mark.parametrize("failure", [REFUSAL, TOO_MANY])
def test_a_lasting_failure_holds_for_its_run_and_no_other(world, failure):
    world.answer = failure
    for run, asked in (("run-1", 1), ("run-1", 1), ("run-2", 2), ("run-2", 2), ("run-1", 3)):
        with pytest.raises(FalconError) as caught:
            world.token(run=run)
        assert (caught.value.message, caught.value.refused) == (failure.message, failure.refused)
        assert len(world.asked) == asked


def test_a_failure_holds_for_half_a_minute(world, monkeypatch):
    world.answer = REFUSAL
    now = [5000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for later, asked in ((0, 1), (29, 1), (1.5, 2)):
        now[0] += later
        with pytest.raises(FalconError):
            world.token()
        assert len(world.asked) == asked


@pytest.fixture
def somebody_waits(monkeypatch):
    """An event that is set as soon as any process has found the lock held, and waits."""

    def nap(seconds):
        event.set()
        sleep(seconds)

    event, sleep = FORK.Event(), time.sleep
    monkeypatch.setattr(time, "sleep", nap)
    return event


def test_a_failure_answers_whoever_waited_for_it_in_another_run(world, somebody_waits):
    def ask_slowly(client):
        asking.set()
        assert somebody_waits.wait(20)
        raise REFUSAL

    def first():
        with pytest.raises(FalconError):
            world.token(api=SimpleNamespace(request=ask_slowly))

    asking = FORK.Event()
    process = FORK.Process(target=first)
    process.start()
    assert asking.wait(20)
    with pytest.raises(FalconError, match="wrong secret"):
        world.token(run="run-2", patience=20)
    process.join()
    assert (process.exitcode, world.asked) == (0, [])


def test_success_ends_a_failure(world):
    world.answer = OUTAGE
    with pytest.raises(FalconError):
        world.token()
    world.answer = token("fresh")
    assert world.token(run="run-2").cached is False
    world.store().put(CLIENT, token(left=-1))
    assert world.token(run="run-1").cached is False


def test_a_task_gets_one_token_of_its_own_however_many_hosts_run_it(world):
    world.store().put(CLIENT, token("old"))
    world.answer = token("own")
    for _host in range(5):
        assert world.token(own="run-1 task-1").token.access_token == "own"
    assert len(world.asked) == 1
    world.answer = token("another")
    assert world.token(own="run-1 task-2").token.access_token == "another"
    assert world.token(own="run-1 task-1").token.access_token == "own"
    assert len(world.asked) == 2
    assert world.token() == (world.answer, True)  # who does not insist gets the newest


def test_a_token_of_ones_own_that_is_soon_due_is_asked_for_again(world):
    world.answer = token("own", left=250)
    world.token(own="run-1 task-1")
    world.token(own="run-1 task-1")
    assert len(world.asked) == 2


def test_without_a_cache_nothing_is_written_or_read(world):
    world.answer = token("own")
    for host, cached in (("a", False), ("b", True)):
        assert world.token(cache=False, own="run-1 task-1") == (world.answer, cached), host
    assert (world.files(), len(world.asked)) == ([], 1)
    world.store().put(CLIENT, token("kept"))
    assert world.token(cache=False, own="run-1 task-2").token.access_token == "own"
    assert world.store().get(CLIENT).access_token == "kept"
    assert len(world.asked) == 2


def test_a_client_is_asked_at_home_once_home_is_known(world):
    world.answer = token(hostname=US2)
    world.token()
    assert world.token(client=CLIENT.at(US2)).cached
    world.store().put(CLIENT.at(US2), token(left=-1, hostname=US2))
    world.token()
    assert [client.hostname for client in world.asked] == [US1, US2]


def test_another_session_is_another_token(world):
    world.token()
    world.token(client=dataclasses.replace(CLIENT, session="pipeline-42"))
    assert len(world.asked) == 2


@pytest.mark.parametrize(("cache", "own"), [(True, None), (True, "run-1 task-1"), (False, "run-1 task-1")])
def test_twenty_processes_that_start_cold_ask_once(world, tmp_path, somebody_waits, cache, own):
    asked = tmp_path / "asked"

    def ask(client):
        with asked.open("a") as log:
            log.write(f"{os.getpid()}\n")
        assert somebody_waits.wait(20)
        return token("fresh")

    def host(number):
        start.wait()
        api = SimpleNamespace(request=ask)
        issued = world.token(run=f"run-{number % 3}", own=own, patience=50, cache=cache, api=api)
        results.put((issued.token.access_token, issued.cached))

    start, results = FORK.Barrier(20), FORK.Queue()
    processes = [FORK.Process(target=host, args=(number,)) for number in range(20)]
    for process in processes:
        process.start()
    answers = [results.get(timeout=50) for _unused in processes]
    for process in processes:
        process.join()
    assert len(asked.read_text().splitlines()) == 1
    assert sorted(answers) == [("fresh", False), *[("fresh", True)] * 19]

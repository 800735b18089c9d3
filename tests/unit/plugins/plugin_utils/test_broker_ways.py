# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of whom a failure answers: the same way, and only what lasts for later ones; only the API is not there."""

from __future__ import annotations

import dataclasses
import multiprocessing
import time
from types import SimpleNamespace

import pytest
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.tests.unit.examples import CLIENT, ID, MEMBER, US2, token
from ansible_collections.falconops.auth.tests.unit.world import LOCK_NAME, World

FORK = multiprocessing.get_context("fork")
REFUSAL = FalconError("wrong secret", refused=True)
OUTAGE = FalconError("no answer came")
TOO_MANY = FalconError("too many requests", lasting=True)


@pytest.fixture
def world(tmp_path, warnings):
    return World(tmp_path, warnings)


def failure_of(world, **how):
    with pytest.raises(FalconError) as caught:
        world.token(**how)
    return caught.value


@pytest.mark.parametrize(("failure", "asked"), [(OUTAGE, 3), (REFUSAL, 1), (TOO_MANY, 1)])
def test_only_what_lasts_is_not_provoked_again(world, failure, asked):
    world.answer = failure
    for _host in range(3):
        caught = failure_of(world)
        assert (caught.message, caught.refused, caught.lasting) == (failure.message, failure.refused, failure.lasting)
    assert len(world.asked) == asked


@pytest.mark.parametrize("left", [100, 260])  # too little of its life, and soon due
def test_who_has_a_token_to_go_on_with_does_not_try_in_vain_again(world, left):
    world.store().put(CLIENT, token("old", left=left))
    world.answer = OUTAGE
    assert [world.token().token.access_token for _host in range(3)] == ["old"] * 3
    assert len(world.asked) == 1
    world.token(run="the next run")
    assert len(world.asked) == 2


@pytest.mark.parametrize("failure", [REFUSAL, TOO_MANY])
def test_another_way_is_another_try(world, failure):
    world.answer = failure
    others = ({}, {"way": "through a proxy"}, {}, {"client": CLIENT.at(US2)})
    for number, how in enumerate(others, start=1):
        for _host in range(2):
            failure_of(world, **how)
        assert len(world.asked) == number
    assert [client.hostname for client in world.asked] == [CLIENT.hostname] * 3 + [US2]


def test_another_way_that_succeeds_ends_the_failure(world):
    world.answer = REFUSAL
    failure_of(world)
    world.answer = token("fresh")
    assert world.token(way="through a proxy").cached is False
    assert world.token() == (world.answer, True)


def test_a_429_is_bridged_and_a_refusal_is_not(world):
    world.store().put(CLIENT, token("old", left=200))
    world.answer = TOO_MANY
    assert world.token().token.access_token == "old"
    assert world.token().token.access_token == "old"
    assert len(world.asked) == 1
    assert set(world.warnings) == {
        f"A token of client {ID} could not be renewed and is used while it lasts; see why with -vvv."
    }
    world.answer = REFUSAL
    failure_of(world, run="run-2")
    assert len(world.asked) == 2


def test_members_and_sessions_have_failures_of_their_own(world):
    world.answer = REFUSAL
    failure_of(world)
    failure_of(world, client=dataclasses.replace(CLIENT, member_cid=MEMBER))
    failure_of(world, client=dataclasses.replace(CLIENT, session="s"))
    assert len(world.asked) == 3


CALL = "GET /devices/queries/devices/v1"
VAIN = FalconError(f"{CALL} failed with 401, and with a new token again", refused=True)


def test_who_finds_that_another_got_a_new_token_in_vain_gets_none(world):
    """A thousand hosts whose calls are answered with 401 for another reason cost one token and not a thousand."""
    world.store().put(CLIENT, token("first"))
    world.broker().forget(CLIENT, "first", call=CALL)
    assert world.token() == (world.answer, False)
    world.broker().in_vain(CLIENT, CALL, VAIN)
    for _host in range(3):
        with pytest.raises(FalconError) as caught:
            world.broker().forget(CLIENT, "fresh", call=CALL)
        assert (caught.value.message, caught.value.refused) == (VAIN.message, True)
        assert world.token() == (world.answer, True)
    assert len(world.asked) == 1


@pytest.mark.parametrize(
    ("how", "call"), [({"run": "run-2"}, CALL), ({"way": "through a proxy"}, CALL), ({}, "GET /other/v1"), ({}, None)]
)
def test_what_was_in_vain_is_tried_by_others(world, how, call):
    world.store().put(CLIENT, token("kept"))
    world.broker().in_vain(CLIENT, CALL, VAIN)
    world.broker(**how).forget(CLIENT, "kept", call=call)
    assert world.store().get(CLIENT) is None


def test_what_was_in_vain_is_tried_again_after_half_a_minute(world, monkeypatch):
    world.store().put(CLIENT, token("kept"))
    now = [5000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    world.broker().in_vain(CLIENT, CALL, VAIN)
    now[0] += 31
    world.broker().forget(CLIENT, "kept", call=CALL)
    assert world.store().get(CLIENT) is None


def test_what_cannot_be_noted_hides_no_failure(world):
    with world.lock().held(LOCK_NAME, seconds=0):
        world.broker().in_vain(CLIENT, CALL, VAIN)


@pytest.mark.parametrize(("way", "tries"), [("way", 1), ("through a proxy", 2)])
def test_an_outage_answers_those_who_waited_on_the_same_way(world, tmp_path, monkeypatch, way, tries):
    def nap(seconds):
        somebody_waits.set()
        sleep(seconds)

    def request(client):
        with asked.open("a") as log:
            log.write("asked\n")
        asking.set()
        assert somebody_waits.wait(20)
        raise OUTAGE

    def first():
        failure_of(world, api=SimpleNamespace(request=request))

    sleep, asked = time.sleep, tmp_path / "asked"
    monkeypatch.setattr(time, "sleep", nap)
    somebody_waits, asking = FORK.Event(), FORK.Event()
    process = FORK.Process(target=first)
    process.start()
    assert asking.wait(20)
    failure = failure_of(world, way=way, run="run-2", patience=20, api=SimpleNamespace(request=request))
    process.join()
    assert (failure.message, process.exitcode) == ("no answer came", 0)
    assert asked.read_text().count("asked") == tries

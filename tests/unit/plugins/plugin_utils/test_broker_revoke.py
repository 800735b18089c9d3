# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of revocations and of whether tokens are alive, on a real store and a real lock; only the API is not there."""

from __future__ import annotations

import dataclasses
import multiprocessing
import time
from types import SimpleNamespace

import pytest
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils._broker import what_is_left
from ansible_collections.falconops.auth.tests.unit.examples import CLIENT, ID, MEMBER, US1, US2, token
from ansible_collections.falconops.auth.tests.unit.world import LOCK_NAME, SEALER, World

FORK = multiprocessing.get_context("fork")
CHILD = dataclasses.replace(CLIENT, member_cid=MEMBER)
PIPELINE = dataclasses.replace(CLIENT, session="pipeline-42")
ELSEWHERE = CLIENT.at(US2)
FOUR = {"own": CLIENT, "of-child": CHILD, "of-pipeline": PIPELINE, "elsewhere": ELSEWHERE}


@pytest.fixture
def world(tmp_path, warnings):
    return World(tmp_path, warnings)


@pytest.fixture
def four(world):
    """A world with a token for each of four."""
    for text, client in FOUR.items():
        world.store().put(client, token(text, hostname=client.hostname))
    return world


def kept(world):
    """Whose tokens are in the store."""
    found = {text: world.store().get(client) for text, client in FOUR.items()}
    assert all(each is None or each.access_token == text for text, each in found.items())
    listed = {each.access_token for _owner, each in world.store().all(CLIENT)}
    assert listed == {text for text, each in found.items() if each}
    return listed


def test_where_nothing_is_cached_nothing_is_sent(world):
    assert world.broker().revoke(CLIENT) == []
    assert world.broker().revoke_all(CLIENT) == ([], [])
    assert world.broker(cache=False).revoke(CLIENT) == []
    assert (world.revoked, world.asked, world.checked, world.files()) == ([], [], [], [])


def test_without_a_cache_what_others_have_cached_is_left_alone(four):
    assert four.broker(cache=False).revoke(CLIENT) == []
    assert four.broker(cache=False).revoke_all(CLIENT) == ([], [])
    assert four.broker(cache=False).all(CLIENT) == []
    assert (four.revoked, kept(four)) == ([], set(FOUR))


@pytest.mark.parametrize("text", FOUR)
def test_one_is_revoked_and_the_others_keep_theirs(four, text):
    [(owner, dead)] = four.broker().revoke(FOUR[text])
    assert (owner, dead.access_token) == (FOUR[text], text)
    assert four.revoked == [(FOUR[text], text)]
    assert kept(four) == set(FOUR) - {text}
    assert four.broker().revoke(FOUR[text]) == []
    assert (len(four.revoked), four.asked) == (1, [])


def test_it_is_revoked_where_it_was_issued(world):
    world.store().put(CLIENT, token("moved", hostname=US2))
    [(owner, _token)] = world.broker().revoke(CLIENT)
    assert (owner, world.revoked) == (ELSEWHERE, [(ELSEWHERE, "moved")])
    assert world.store().get(CLIENT) is None and world.store().get(ELSEWHERE) is None
    assert world.store().home_of(CLIENT) == CLIENT


def test_a_failure_keeps_the_entry(four):
    failure = FalconError("no answer")
    four.revocation = failure
    for number in (1, 2):
        with pytest.raises(FalconError) as caught:
            four.broker().revoke(CLIENT)
        assert caught.value is failure
        assert (len(four.revoked), kept(four)) == (number, set(FOUR))
    four.revocation = None
    assert len(four.broker().revoke(CLIENT)) == 1
    assert kept(four) == set(FOUR) - {"own"}


def test_a_refusal_answers_the_other_hosts_of_the_run(four):
    four.revocation = FalconError("no", refused=True)
    for _host in range(3):
        with pytest.raises(FalconError, match="^no$"):
            four.broker().revoke(CLIENT)
    assert (len(four.revoked), kept(four)) == (1, set(FOUR))
    four.revocation = None
    assert len(four.broker(run="the next run").revoke(CLIENT)) == 1


def test_a_dead_token_is_shown_to_the_api_once(world):
    world.store().put(CLIENT, token("dead"))
    world.dead.add("dead")
    assert [world.broker().verified(CLIENT) for _host in range(3)] == [False] * 3
    assert len(world.checked) == 1


def test_a_live_token_is_verified_by_each(world):
    world.store().put(CLIENT, token("live"))
    assert [world.broker().verified(CLIENT) for _host in range(2)] == [True] * 2
    assert len(world.checked) == 2 and world.store().get(CLIENT)


def test_a_given_token_whose_row_was_lost_leaves_the_store(world):
    world.store().put(CLIENT, token("own"))
    world.store()._backend.delete(SEALER.name("index"))
    world.broker().revoke_given(CLIENT, "own")
    assert world.store().get(CLIENT) is None


@pytest.mark.parametrize(("left", "sent"), [(-1, False), (5000, True), (2, True), (100, True)])
def test_only_an_expired_entry_is_dropped_without_a_request(world, left, sent):
    world.store().put(CLIENT, token("old", left=left))
    assert [each.access_token for _owner, each in world.broker().revoke(CLIENT)] == (["old"] if sent else [])
    assert world.revoked == ([(CLIENT, "old")] if sent else [])
    assert world.store().get(CLIENT) is None


def test_who_waits_too_long_says_so_and_sends_nothing(four):
    with four.lock().held(LOCK_NAME, seconds=0), pytest.raises(FalconError) as caught:
        four.broker(patience=0.6).revoke(CLIENT)
    assert caught.value.message == (
        f"Another process has been asking {US1} about a token of client {ID} for more than 1 seconds; end it or try "
        "again later."
    )
    assert (four.revoked, kept(four)) == ([], set(FOUR))


def test_two_processes_at_once_send_one_request(four, tmp_path, monkeypatch):
    def nap(seconds):
        somebody_waits.set()
        sleep(seconds)

    def revoke(client, access_token):
        with sent.open("a") as log:
            log.write(access_token + "\n")
        assert somebody_waits.wait(20)

    def host():
        start.wait()
        results.put(len(four.broker(patience=50, api=SimpleNamespace(revoke=revoke)).revoke(CLIENT)))

    sleep, sent = time.sleep, tmp_path / "sent"
    monkeypatch.setattr(time, "sleep", nap)
    somebody_waits, start, results = FORK.Event(), FORK.Barrier(2), FORK.Queue()
    processes = [FORK.Process(target=host) for _number in range(2)]
    for process in processes:
        process.start()
    counts = sorted(results.get(timeout=50) for _process in processes)
    for process in processes:
        process.join()
    assert (counts, sent.read_text()) == ([0, 1], "own\n")
    assert kept(four) == set(FOUR) - {"own"}


def test_all_are_listed_and_revoked(four):
    assert {(owner, each.access_token) for owner, each in four.broker().all(CHILD)} == {
        (client, text) for text, client in FOUR.items()
    }
    revoked, failures = four.broker().revoke_all(CHILD)
    assert failures == []
    assert {(owner, each.access_token) for owner, each in revoked} == {(client, text) for text, client in FOUR.items()}
    assert sorted(four.revoked, key=str) == sorted(((client, text) for text, client in FOUR.items()), key=str)
    assert (kept(four), four.broker().all(CLIENT), four.broker().revoke_all(CLIENT)) == (set(), [], ([], []))
    assert len(four.revoked) == 4


def test_expired_ones_are_not_listed_among_all(four):
    four.store().put(CHILD, token("of-child", left=0.3))
    time.sleep(0.4)  # and its row is still in the index
    assert len(four.store().all(CLIENT)) == 4
    assert {each.access_token for _owner, each in four.broker().all(CLIENT)} == set(FOUR) - {"of-child"}
    assert len(four.broker().revoke_all(CLIENT)[0]) == len(four.revoked) == 3


def test_all_but_those_that_cannot_be_revoked(four):
    def revoke(client, access_token):
        if client in (second, third):
            raise FalconError(f"{access_token}: no answer.")

    (_first, _token), (second, one), (third, another), _fourth = four.broker().all(CLIENT)
    revoked, failures = four.broker(api=SimpleNamespace(revoke=revoke)).revoke_all(CLIENT)
    assert kept(four) == {one.access_token, another.access_token}
    assert {text.access_token for _owner, text in revoked} == set(FOUR) - kept(four)
    assert [error.message for error in failures] == [f"{each.access_token}: no answer." for each in (one, another)]
    assert what_is_left(revoked, failures) == (
        f"2 tokens were revoked, and 2 were not: {one.access_token}: no answer. {another.access_token}: no answer."
    )
    assert what_is_left([], failures[:1]) == failures[0].message


@pytest.mark.parametrize("text", FOUR)
def test_a_given_token_that_is_cached_leaves_the_store_whoever_asks(four, text):
    assert four.broker().revoke_given(CLIENT, text) == FOUR[text]
    assert four.revoked == [(FOUR[text], text)]
    assert kept(four) == set(FOUR) - {text}


@pytest.mark.parametrize("cache", [True, False])
def test_a_given_token_that_nobody_has_cached(four, cache):
    assert four.broker(cache=cache).revoke_given(CHILD, "of-somebody") == CHILD
    assert four.revoked == [(CHILD, "of-somebody")]
    assert kept(four) == set(FOUR)


def test_a_given_token_is_revoked_where_the_client_lives(world):
    world.store().put(CLIENT, token("moved", hostname=US2))
    assert world.broker().revoke_given(CLIENT, "of-somebody") == ELSEWHERE
    assert world.revoked == [(ELSEWHERE, "of-somebody")]
    assert world.store().get(CLIENT).access_token == "moved"


def test_a_given_token_that_could_not_be_revoked_stays(four):
    four.revocation = FalconError("no answer")
    with pytest.raises(FalconError, match="no answer"):
        four.broker().revoke_given(CLIENT, "own")
    assert (len(four.revoked), kept(four)) == (1, set(FOUR))


def test_a_given_token_that_was_replaced_meanwhile_takes_nothing_with_it(world):
    def revoke(client, access_token):
        world.store().put(CLIENT, token("next"))

    world.store().put(CLIENT, token("own"))
    world.broker(api=SimpleNamespace(revoke=revoke)).revoke_given(CLIENT, "own")
    assert world.store().get(CLIENT).access_token == "next"


@pytest.mark.parametrize("cache", [True, False])
def test_a_live_token_stays(four, cache):
    assert four.broker(cache=cache).is_live(CLIENT, "own") == (CLIENT, True)
    assert (four.checked, kept(four)) == ([(CLIENT, "own")], set(FOUR))


def test_a_dead_token_leaves_the_store(four):
    four.dead = {"own", "of-child"}
    assert four.broker(cache=False).is_live(CLIENT, "own") == (CLIENT, False)
    assert kept(four) == set(FOUR)
    assert four.broker().is_live(CLIENT, "own") == (CLIENT, False)
    assert kept(four) == set(FOUR) - {"own"}
    assert four.broker().is_live(CLIENT, "of-child") == (CHILD, False)  # whoever asks about it
    assert kept(four) == set(FOUR) - {"own", "of-child"}


def test_a_dead_token_that_was_replaced_meanwhile_takes_nothing_with_it(world):
    def is_live(client, access_token):
        world.store().put(CLIENT, token("next"))
        return False

    world.store().put(CLIENT, token("own"))
    assert world.broker(api=SimpleNamespace(is_live=is_live)).is_live(CLIENT, "own") == (CLIENT, False)
    assert world.store().get(CLIENT).access_token == "next"
    assert [each.access_token for _owner, each in world.store().all(CLIENT)] == ["next"]


def test_whether_a_token_is_alive_is_asked_at_home(world):
    world.store().put(CLIENT, token("moved", hostname=US2))
    assert world.broker().is_live(CLIENT, "moved") == (ELSEWHERE, True)
    assert world.checked == [(ELSEWHERE, "moved")]


def test_who_cannot_be_told_keeps_it(four):
    def is_live(client, access_token):
        raise FalconError("no answer")

    with pytest.raises(FalconError, match="no answer"):
        four.broker(api=SimpleNamespace(is_live=is_live)).is_live(CLIENT, "own")
    assert kept(four) == set(FOUR)

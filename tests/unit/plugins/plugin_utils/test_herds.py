# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of a hundred processes that come at once, on real stores and locks. The API answers when all are there."""

from __future__ import annotations

import collections
import dataclasses
import multiprocessing
import time

import pytest
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.tests.unit.examples import CLIENT, MEMBER, token
from ansible_collections.falconops.auth.tests.unit.server import Server
from ansible_collections.falconops.auth.tests.unit.world import World

FORK = multiprocessing.get_context("fork")
HERD = 100
# Longer than any of it takes, however busy the machine.
LONG = 60.0
REFUSAL = FalconError("wrong secret", refused=True)
TOO_MANY = FalconError("too many requests", lasting=True)
MEMBERS = [CLIENT, dataclasses.replace(CLIENT, member_cid=MEMBER)]


class Herd:
    """Processes that come for a token at the same time. They may nap only in waiting for each other."""

    def __init__(self, world, server):
        self.world, self._server = world, server
        # How many have begun to wait for each client's token, and how many are done.
        self.waiting = {client: FORK.Semaphore(0) for client in MEMBERS}
        self.served = FORK.Semaphore(0)
        self._results = FORK.SimpleQueue()

    def run(self, count, *, runs=("run-1",), clients=(CLIENT,)):
        """What each of them got: the text of the token, or of the failure, and whether it had to wait."""
        go, ready = FORK.Pipe(duplex=False)  # all of them start when its other end is closed

        def one(number):
            naps, really_sleep = [], time.sleep
            client = clients[number % len(clients)]

            def nap(seconds):
                if not naps:
                    self.waiting[client].release()
                naps.append(seconds)
                really_sleep(seconds)

            ready.close()
            go.poll(LONG)
            time.sleep = nap
            try:
                issued = self.world.token(run=runs[number % len(runs)], client=client, api=self._server, patience=LONG)
                got = issued.token.access_token
            except FalconError as error:
                got = error.message
            self.served.release()
            self._results.put((got, bool(naps)))

        processes = [FORK.Process(target=one, args=(number,)) for number in range(count)]
        for process in processes:
            process.start()
        ready.close()
        results = [self._results.get() for _process in processes]
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0] * count
        return results

    def all_wait(self, count):
        """What the API does before it answers: it waits for so many others who wait for the client's token."""

        def meanwhile(client):
            assert all(self.waiting[client].acquire(timeout=LONG) for _process in range(count))

        return meanwhile

    def all_are_served(self, count):
        """It waits for so many others who have got what they came for."""

        def meanwhile(_client):
            assert all(self.served.acquire(timeout=LONG) for _process in range(count))

        return meanwhile


@pytest.fixture
def server(tmp_path):
    return Server(tmp_path / "server")


@pytest.fixture
def herd(tmp_path, warnings, server):
    return Herd(World(tmp_path, warnings), server)


@pytest.mark.parametrize("left", [None, 238, -5])  # nothing is there, or too little is left, or it is dead
def test_a_hundred_that_need_a_token_ask_once(herd, server, left):
    if left is not None:
        herd.world.store().put(CLIENT, token("old", left=left))
    server.meanwhile = herd.all_wait(HERD - 1)
    results = herd.run(HERD, runs=[f"run-{number}" for number in range(12)])
    assert server.asked() == 1
    [(fresh, _waited)] = set(results) - {(fresh, True) for fresh, _waited in results}
    assert collections.Counter(results) == {(fresh, True): HERD - 1, (fresh, False): 1}
    assert server.lives(fresh)


def test_of_a_hundred_whose_token_is_soon_due_one_asks_and_nobody_waits(herd, server):
    herd.world.store().put(CLIENT, token("old", left=250))
    server.meanwhile = herd.all_are_served(HERD - 1)  # everybody else has gone on before the answer comes
    results = collections.Counter(herd.run(HERD))
    assert server.asked() == 1
    assert results.pop(("old", False)) == HERD - 1
    [(fresh, waited)] = results
    assert server.lives(fresh) and not waited


@pytest.mark.parametrize("failure", [REFUSAL, TOO_MANY], ids=["refusal", "429"])
def test_two_hundred_of_one_run_provoke_a_failure_that_lasts_once_for_each_client(herd, server, failure):
    server.answer = failure
    server.meanwhile = herd.all_wait(HERD // 2 - 1)
    results = herd.run(HERD, clients=MEMBERS)
    assert {got for got, _waited in results} == {failure.message}
    # And those that start after it came.
    server.meanwhile = None
    results += herd.run(HERD, clients=MEMBERS)
    assert {got for got, _waited in results} == {failure.message} and len(results) == 200
    assert [server.asked(client) for client in MEMBERS] == [1, 1]


def test_an_outage_answers_all_who_waited_for_it(herd, server):
    server.answer = FalconError("no answer came")
    server.meanwhile = herd.all_wait(HERD - 1)
    results = herd.run(HERD, runs=["run-1", "run-2"])
    assert {got for got, _waited in results} == {"no answer came"}
    assert server.asked() == 1

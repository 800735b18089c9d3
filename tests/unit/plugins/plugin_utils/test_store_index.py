# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the store's index, by which all tokens of a client are found."""

from __future__ import annotations

import dataclasses
import multiprocessing
import time

import pytest
from ansible_collections.falconops.auth.plugins.plugin_utils import _store
from ansible_collections.falconops.auth.plugins.plugin_utils._seal import Sealer
from ansible_collections.falconops.auth.tests.unit.examples import (
    CLIENT,
    ID,
    MEMBER,
    OTHER_ID,
    OTHER_SECRET,
    SECRET,
    US1,
    US2,
    token,
)
from ansible_collections.falconops.auth.tests.unit.world import SEALER, World

FORK = multiprocessing.get_context("fork")
INDEX = SEALER.name("index")
CHILD = dataclasses.replace(CLIENT, member_cid=MEMBER)
OWNERS = [
    CLIENT,
    CHILD,
    CLIENT.at(US2),
    dataclasses.replace(CLIENT, session="pipeline-42"),
    dataclasses.replace(CHILD, session=MEMBER),
    CLIENT.at("https://api.example:8443"),
]


@pytest.fixture
def world(tmp_path, warnings):
    return World(tmp_path, warnings)


def put(world, *clients, **life):
    for client in clients:
        world.store().put(client, token(f"token of {OWNERS.index(client)}".replace(" ", "-"), **life))


def texts(world, client=CLIENT):
    return [each.access_token for _owner, each in world.store().all(client)]


def rows(world):
    store = world.store()
    return store._sealer.open(store._backend.get(INDEX), place=INDEX)


def test_nothing_is_in_an_empty_store(world):
    assert world.store().all(CLIENT) == []
    assert (world.files(), world.warnings) == ([], [])


@pytest.mark.parametrize("asking", OWNERS)
def test_every_host_member_and_session_is_listed_for_whoever_asks(world, asking):
    for number, client in enumerate(OWNERS):
        world.store().put(client, token(f"token-{number}", hostname=client.hostname))
    found = world.store().all(dataclasses.replace(asking, name="production"))
    assert found == [(dataclasses.replace(client, name="production"), world.store().get(client)) for client in OWNERS]
    assert [each.access_token for _owner, each in found] == [f"token-{number}" for number in range(len(OWNERS))]


def test_a_new_token_takes_the_row_of_the_old(world):
    world.store().put(CLIENT, token("first", left=300))
    world.store().put(CLIENT, token("second"))
    assert texts(world) == ["second"]
    [row] = rows(world)
    assert row[:3] == [US1, None, None]
    assert row[3] > time.time() + 1700


def test_who_was_sent_on_is_listed_once_and_at_home(world):
    world.store().put(CLIENT, token("moved", hostname=US2))
    assert [(owner, each.hostname) for owner, each in world.store().all(CLIENT)] == [(CLIENT.at(US2), US2)]


def test_rows_of_expired_tokens_are_pruned_when_the_index_is_written(world):
    world.store().put(CHILD, token("old", left=-1))
    assert rows(world) == []
    world.store().put(CHILD, token("short", left=0.2))
    assert [row[1] for row in rows(world)] == [MEMBER]
    time.sleep(0.3)
    world.store().put(CLIENT, token("fresh"))
    assert [row[1] for row in rows(world)] == [None]
    assert texts(world) == ["fresh"]


def test_what_is_deleted_is_forgotten_and_nothing_else(world):
    for number, client in enumerate(OWNERS):
        world.store().put(client, token(f"token-{number}", hostname=client.hostname))
    world.store().delete(CHILD)
    assert texts(world) == ["token-0", "token-2", "token-3", "token-4", "token-5"]
    assert world.store().get(CHILD) is None
    world.store().delete(CHILD)  # which is not there
    assert len(texts(world)) == len(rows(world)) == 5


def test_a_deleted_entry_takes_the_sign_that_led_there(world):
    world.store().put(CLIENT, token("moved", hostname=US2))
    world.store().delete(CLIENT)
    assert (texts(world), world.store().get(CLIENT), world.store().get(CLIENT.at(US2))) == ([], None, None)
    assert world.store().home_of(CLIENT) == CLIENT
    assert len(world.files()) == 1  # the index


def test_an_entry_that_is_gone_is_not_listed(world):
    put(world, CLIENT, CHILD)
    world.store()._backend.delete(world.store()._place(CHILD))
    assert texts(world) == ["token-of-0"]


def test_members_that_processes_write_at_once_are_all_listed(world):
    def host(number):
        start.wait()
        world.store().put(dataclasses.replace(CLIENT, member_cid=f"{number:032x}"), token(f"token-{number}"))

    start = FORK.Barrier(8)
    processes = [FORK.Process(target=host, args=(number,)) for number in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 8
    assert sorted(texts(world)) == [f"token-{number}" for number in range(8)]


def test_the_index_is_written_under_its_lock_and_at_last_without(world, monkeypatch):
    monkeypatch.setattr(_store, "_INDEX_PATIENCE", 0.3)
    with world.lock().held(INDEX, seconds=0):
        started = time.monotonic()
        put(world, CLIENT)
        assert time.monotonic() - started >= 0.3
    assert texts(world) == ["token-of-0"]


@pytest.mark.parametrize("damage", ["cut", "flipped", "forged", "moved", "foreign", "other secret"])
def test_a_tampered_index_is_a_warning_and_an_empty_list(world, damage):
    put(world, CLIENT, CHILD)
    backend = world.store()._backend
    sealed = backend.get(INDEX)
    content = [[US1, None, None, time.time() + 999]]
    damaged = {
        "cut": sealed[:-5],
        "flipped": sealed[:60] + ("A" if sealed[60] != "A" else "B") + sealed[61:],
        "forged": SEALER.seal(content, place="elsewhere"),
        "moved": backend.get(world.store()._place(CLIENT)),
        "foreign": "[]",
        "other secret": Sealer.from_secret(ID, OTHER_SECRET).seal(content, place=INDEX),
    }[damage]
    backend.set(INDEX, damaged)
    assert world.store().all(CLIENT) == []
    assert len(world.warnings) == 1
    assert world.warnings[0].startswith("An entry of the falconops.auth token store is damaged, ")
    assert world.store().get(CLIENT).access_token == "token-of-0"  # the tokens are still there
    put(world, CHILD)
    assert texts(world) == ["token-of-1"]


@pytest.mark.parametrize("content", [None, 7, "rows", {}, {"a": 1}])
def test_an_index_of_another_shape_is_empty(world, content):
    world.store()._backend.set(INDEX, SEALER.seal(content, place=INDEX))
    assert texts(world) == []
    put(world, CLIENT)
    assert texts(world) == ["token-of-0"]


@pytest.mark.parametrize(("client_id", "secret"), [(ID, OTHER_SECRET), (OTHER_ID, SECRET)])
def test_each_client_and_secret_has_its_own_index(world, client_id, secret):
    assert Sealer.from_secret(client_id, secret).name("index") != INDEX


def test_the_index_tells_nothing(world):
    world.store().put(dataclasses.replace(CHILD, session="pipeline-42"), token())
    sealed = world.store()._backend.get(INDEX)
    assert sealed.startswith("fa1.")
    for text in (ID, MEMBER, "pipeline", "crowdstrike"):
        assert text not in sealed

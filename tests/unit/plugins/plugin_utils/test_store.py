# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import dataclasses
import hmac
import json

import pytest
from ansible_collections.falconops.auth.plugins.plugin_utils._backend import Backend, StoreSettings
from ansible_collections.falconops.auth.plugins.plugin_utils._lock import Lock
from ansible_collections.falconops.auth.plugins.plugin_utils._seal import Sealer
from ansible_collections.falconops.auth.plugins.plugin_utils._store import Store
from ansible_collections.falconops.auth.tests.unit.examples import (
    CLIENT,
    ID,
    MEMBER,
    OTHER_ID,
    OTHER_SECRET,
    SECRET,
    TOKEN_TEXT,
    US1,
    US2,
    token,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

GOV = "https://api.laggar.gcw.crowdstrike.com"
OTHERS = [
    CLIENT.at(US2),
    dataclasses.replace(CLIENT, member_cid=MEMBER),
    dataclasses.replace(CLIENT, session="pipeline-42"),
    dataclasses.replace(CLIENT, session=MEMBER),
    dataclasses.replace(CLIENT, member_cid=MEMBER, session="pipeline-42"),
]


@pytest.fixture
def files(tmp_path):
    return tmp_path / "tokens"


@pytest.fixture
def store_of(files, warnings):
    """The store of whoever has this id and secret, as each process opens it anew."""

    def open_store(client_id=ID, secret=SECRET):
        backend = Backend(StoreSettings("ansible.builtin.jsonfile", str(files), "p_"), warnings.append)
        sealer = Sealer.from_secret(client_id, secret)
        return Store(backend, sealer, Lock(sealer, warnings.append), warnings.append)

    return open_store


def entries(files, client_id=ID, secret=SECRET):
    """The files of the store, but for the index."""
    index = Sealer.from_secret(client_id, secret).name("index")
    return {path.name: path for path in files.iterdir() if not path.name.endswith(index)}


def test_a_token_is_found_by_every_process_that_has_the_secret(store_of, warnings):
    kept = token()
    store_of().put(CLIENT, kept)
    assert store_of().get(CLIENT) == kept
    assert store_of().get(dataclasses.replace(CLIENT, name="production")) == kept
    assert warnings == []


def test_one_entry_for_each_host_member_and_session(store_of, files):
    for number, client in enumerate([CLIENT, *OTHERS]):
        store_of().put(client, token(f"token-{number}", hostname=client.hostname))
    found = [store_of().get(client).access_token for client in [CLIENT, *OTHERS]]
    assert found == [f"token-{number}" for number in range(len(OTHERS) + 1)]
    assert len(entries(files)) == len(OTHERS) + 1


@pytest.mark.parametrize("other", OTHERS)
def test_a_token_of_another_host_member_or_session_is_a_miss(store_of, warnings, other):
    store_of().put(CLIENT, token())
    assert store_of().get(other) is None
    assert warnings == []


@pytest.mark.parametrize(("client_id", "secret"), [(ID, OTHER_SECRET), (OTHER_ID, SECRET)])
def test_without_the_secret_there_is_nothing_to_be_found(store_of, warnings, client_id, secret):
    store_of().put(CLIENT, token())
    assert store_of(client_id, secret).get(CLIENT) is None
    assert warnings == []


def test_a_dead_token_comes_back_as_well(store_of):
    store_of().put(CLIENT, token(left=-5))
    assert store_of().get(CLIENT) is not None


def test_a_new_token_takes_the_place_of_the_old(store_of, files):
    store_of().put(CLIENT, token("first"))
    store_of().put(CLIENT, token("second"))
    assert store_of().get(CLIENT).access_token == "second"
    assert len(entries(files)) == 1


def test_nothing_on_disk_tells_anything(store_of, files):
    client = dataclasses.replace(CLIENT, member_cid=MEMBER, session="pipeline-42", name="production")
    store_of().put(client, token(hostname=US2))
    assert len(entries(files)) == 2
    for name, path in entries(files).items():
        for text in (
            TOKEN_TEXT,
            ID,
            SECRET,
            MEMBER,
            "pipeline-42",
            "production",
            "crowdstrike",
            "us-2",
            "moved",
            "token",
        ):
            assert text not in name
            assert text not in path.read_text()


@pytest.mark.parametrize("damage", ["cut", "flipped", "forged", "emptied", "older format", "foreign"])
def test_a_damaged_entry_is_a_miss_with_one_warning(store_of, files, warnings, damage):
    store_of().put(CLIENT, token())
    [path] = entries(files).values()
    content = path.read_text()
    start = content.index("fa1.")
    sealed = content[start : content.index('"', start)].rstrip("\\")
    forged = Sealer.from_secret(ID, OTHER_SECRET).seal(token().to_dict(), place="x")
    new = {
        "cut": sealed[:-9],
        "flipped": sealed[:60] + ("A" if sealed[60] != "A" else "B") + sealed[61:],
        "forged": forged,
        "emptied": "",
        "older format": sealed.replace("fa1.", "fa0."),
        "foreign": TOKEN_TEXT,
    }[damage]
    path.write_text(content.replace(sealed, new))
    assert store_of().get(CLIENT) is None
    assert len(warnings) == 1
    assert warnings[0].startswith(
        "An entry of the falconops.auth token store is damaged, can be written by others, was moved there or comes from"
    )
    store_of().put(CLIENT, token("next"))
    assert store_of().get(CLIENT).access_token == "next"
    assert len(warnings) == 1


@pytest.mark.parametrize("other", [*OTHERS, dataclasses.replace(CLIENT, client_id=OTHER_ID), "another secret"])
def test_an_entry_moved_to_another_place_is_a_miss(store_of, files, warnings, other):
    """Of another host, member or session, also of two at once, of another client, and of the same with a new secret."""

    def entry(client, secret):
        name = Sealer.from_secret(client.client_id, secret).name(
            "token", client.hostname, client.member_cid, client.session
        )
        [path] = [path for path in files.iterdir() if path.name.endswith(name)]
        return path

    client, secret = (CLIENT, OTHER_SECRET) if other == "another secret" else (other, SECRET)
    store_of(client.client_id, secret).put(client, token("of-the-other", hostname=client.hostname))
    store_of().put(CLIENT, token("of-the-first"))
    entry(client, secret).write_bytes(entry(CLIENT, SECRET).read_bytes())
    assert store_of(client.client_id, secret).get(client) is None
    assert len(warnings) == 1
    assert store_of().get(CLIENT).access_token == "of-the-first"


def described(secret, client_id):
    """Name, and content by name, of what the page on the sealed format describes, by other means than the code's."""
    info, prk = b"falconops.auth fa1." + client_id.encode(), hmac.digest(b"\0" * 32, secret.encode(), "sha256")
    first = hmac.digest(prk, info + b"\1", "sha256")
    naming, sealing = first, hmac.digest(prk, first + info + b"\2", "sha256")

    def name(*parts):
        return hmac.digest(naming, json.dumps(parts).encode(), "sha256").hex()

    def content(sealed, place):
        assert sealed.startswith("fa1.")
        raw = base64.urlsafe_b64decode(sealed[4:])
        return json.loads(AESGCM(sealing).decrypt(raw[:12], raw[12:], f"fa1.{place}".encode()))

    return name, content


def test_what_lies_in_the_store_is_what_the_page_describes(store_of, files, tmp_path):
    client = dataclasses.replace(CLIENT, member_cid=MEMBER, session="pipeline-42")
    kept = token(hostname=US2)
    store_of().put(client, kept)
    name, content = described(SECRET, ID)
    places = {host: name("token", host, MEMBER, "pipeline-42") for host in (US1, US2)} | {"index": name("index")}
    assert {path.name[-64:] for path in files.iterdir()} == {*places.values()}
    backend = Backend(StoreSettings("ansible.builtin.jsonfile", str(files), "p_"), print)
    found = {what: content(backend.get(place), place) for what, place in places.items()}
    assert found == {
        US2: kept.to_dict(),
        US1: {"moved_to": US2},
        "index": [[US2, MEMBER, "pipeline-42", kept.expires_at]],
    }
    nonces = {base64.urlsafe_b64decode(backend.get(place)[4:])[:12] for place in places.values()}
    for _writing in range(50):
        store_of().put(client, kept)
        nonces.add(base64.urlsafe_b64decode(backend.get(places[US2])[4:])[:12])
    assert len(nonces) == 53

    lock = Lock(Sealer.from_secret(ID, SECRET), print)
    lock_name = name("lock", MEMBER, "pipeline-42")
    with lock.held(lock_name, seconds=1) as notes:
        notes.run, notes.failure = "a run", "a sentence"
    [path] = tmp_path.rglob(f"locks/{lock_name}")
    assert content(path.read_text(), f"notes {lock_name}")["failure"] == "a sentence"


def test_with_a_new_secret_the_entries_of_the_old_one_are_never_found_again(store_of, files, warnings):
    store_of().put(CLIENT, token("of-the-old-secret"))
    before = {path.name: path.read_bytes() for path in files.iterdir()}
    renewed = store_of(secret=OTHER_SECRET)
    assert (renewed.get(CLIENT), renewed.all(CLIENT)) == (None, [])
    renewed.put(CLIENT, token("of-the-new-secret"))
    assert [each.access_token for _owner, each in renewed.all(CLIENT)] == ["of-the-new-secret"]
    assert {name: (files / name).read_bytes() for name in before} == before
    assert len(list(files.iterdir())) == 2 * len(before)
    assert warnings == []


def test_an_entry_that_was_rolled_back_serves_at_most_a_valid_token(store_of, files, warnings):
    older = token("older", left=900)
    store_of().put(CLIENT, older)
    [path] = entries(files).values()
    kept = path.read_bytes()
    store_of().put(CLIENT, token("newer"))
    path.write_bytes(kept)
    # Its time is sealed with it: nobody makes it younger than it is.
    assert store_of().get(CLIENT) == older
    assert warnings == []


@pytest.mark.parametrize("content", [None, 7, "token", [], {}, {"access_token": "x"}, {"moved_to": GOV}])
def test_a_sealed_entry_of_another_shape_is_a_miss(store_of, files, content):
    sealer = Sealer.from_secret(ID, SECRET)
    backend = Backend(StoreSettings("ansible.builtin.jsonfile", str(files), "p_"), print)
    place = sealer.name("token", CLIENT.hostname, None, None)
    backend.set(place, sealer.seal(content, place=place))
    assert store_of().get(CLIENT) is None


@pytest.mark.parametrize("content", [None, True, 7, [1], {"a": 1}])
def test_an_entry_that_is_no_text_is_a_miss(store_of, files, content):
    sealer = Sealer.from_secret(ID, SECRET)
    backend = Backend(StoreSettings("ansible.builtin.jsonfile", str(files), "p_"), print)
    backend.set(sealer.name("token", CLIENT.hostname, None, None), content)
    assert store_of().get(CLIENT) is None


def test_who_was_sent_on_finds_the_token_at_both_clouds(store_of, files):
    kept = token(hostname=US2)
    store_of().put(CLIENT, kept)
    assert store_of().get(CLIENT) == store_of().get(CLIENT.at(US2)) == kept
    assert len(entries(files)) == 2


def test_who_named_the_right_cloud_leaves_it_to_who_asks_at_the_default_one(store_of, files):
    kept = token(hostname=US2)
    store_of().put(CLIENT.at(US2), kept)
    assert store_of().get(CLIENT) == kept
    assert store_of().home_of(CLIENT) == CLIENT.at(US2)
    assert len(entries(files)) == 2


@pytest.mark.parametrize("hostname", [GOV, "https://falcon-gateway.example.com"])
def test_what_must_be_named_is_not_found_from_elsewhere(store_of, files, hostname):
    store_of().put(CLIENT.at(hostname), token(hostname=hostname))
    assert store_of().get(CLIENT) is None
    assert store_of().home_of(CLIENT) == CLIENT
    assert len(entries(files)) == 1


def test_home_is_where_an_earlier_answer_led(store_of):
    assert store_of().home_of(CLIENT) == CLIENT
    store_of().put(CLIENT, token(hostname=US2))
    assert store_of().home_of(CLIENT) == CLIENT.at(US2)
    assert store_of().home_of(CLIENT.at(US2)) == CLIENT.at(US2)
    assert store_of().home_of(dataclasses.replace(CLIENT, member_cid=MEMBER)).hostname == US1


@pytest.mark.parametrize("moved", ["https://evil.example", "http://api.us-2.crowdstrike.com", "", None, 7])
def test_a_sign_leads_to_no_stranger(store_of, files, moved):
    sealer = Sealer.from_secret(ID, SECRET)
    backend = Backend(StoreSettings("ansible.builtin.jsonfile", str(files), "p_"), print)
    place = sealer.name("token", CLIENT.hostname, None, None)
    backend.set(place, sealer.seal({"moved_to": moved}, place=place))
    assert store_of().home_of(CLIENT) == CLIENT


def test_entries_are_one_opaque_text_each(store_of, files):
    store_of().put(CLIENT, token())
    [path] = entries(files).values()
    outer = json.loads(path.read_text())
    # ansible-core 2.19 and later wrap what a plugin keeps.
    inner = json.loads(outer["__payload__"]) if isinstance(outer, dict) else outer
    assert isinstance(inner, str) and inner.startswith("fa1.")

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.falconops.auth.plugins.module_utils import _clouds
from ansible_collections.falconops.auth.plugins.module_utils._argspec import TOKEN_MODULE_SPEC
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils import _door
from ansible_collections.falconops.auth.plugins.plugin_utils._api import ApiFromHere, ApiFromThere
from ansible_collections.falconops.auth.plugins.plugin_utils._door import Door, forms, shown, unexpected
from ansible_collections.falconops.auth.plugins.plugin_utils._options import Options
from ansible_collections.falconops.auth.tests.unit.cases import who
from ansible_collections.falconops.auth.tests.unit.controller import loader_with, templar_of
from ansible_collections.falconops.auth.tests.unit.examples import (
    CLIENT,
    ID,
    MEMBER,
    SECRET,
    TOKEN_TEXT,
    US1,
    US2,
    token,
)

NOW = 1_790_000_000.0


def door_of(arguments, ask=None, task="task-1", api=None, **variables):
    def fresh(client):
        asked.append(client)
        return token("fresh")

    asked = []
    given = {"inventory_hostname": "web1", **variables}
    options = Options(TOKEN_MODULE_SPEC, door="task", arguments=arguments, variables=given, templar=templar_of(given))
    api = api or (lambda connection: SimpleNamespace(request=ask or fresh, way="way"))
    door = Door(options, loader=loader_with(), task=task, api=api)
    door.asked = asked
    return door


@pytest.mark.parametrize("cloud", [cloud for cloud in _clouds.CLOUDS.values() if cloud.known_to_falconpy])
def test_the_forms_of_a_token(cloud):
    assert forms(token(hostname=cloud.url)) == {
        "token": TOKEN_TEXT,
        "bearer": f"Bearer {TOKEN_TEXT}",
        "headers": {"Authorization": f"Bearer {TOKEN_TEXT}"},
        "auth": {"access_token": TOKEN_TEXT, "cloud": cloud.name},
    }


@pytest.mark.parametrize(
    "url", ["https://api.us-3.crowdstrike.com", "https://api.us-gov-2.crowdstrike.mil", "https://api.example:8443"]
)
def test_a_cloud_that_falconpy_does_not_know_stands_in_auth_as_its_url(url):
    assert forms(token(hostname=url))["auth"]["cloud"] == url


def test_what_is_shown_of_a_client_and_its_token(monkeypatch):
    monkeypatch.setattr("time.time", lambda: NOW)
    assert shown(CLIENT, token(left=1000.7), NOW) == {
        "client": None,
        "client_id": ID,
        "cloud": "us-1",
        "hostname": US1,
        "member_cid": None,
        "session": None,
        "expires_at": "2026-09-21T14:30:00Z",
        "expires_in": 1000,
    }
    without = shown(CLIENT.at("https://api.example"), None, NOW)
    assert (without["cloud"], without["expires_at"], without["expires_in"]) == (None, None, None)


def test_a_line_at_v_says_what_happened_without_secrets(said):
    door = door_of(who(ID, member_cid=MEMBER))
    door.token()
    door.token()
    start = f"falconops.auth: token of client {ID}, member {MEMBER} at us-1 "
    assert [line.split(", valid until ")[0] for line in said] == [
        f"{start}issued by the API",
        f"{start}taken from the cache",
    ]
    assert SECRET not in "".join(said) and "fresh" not in "".join(said)


@pytest.mark.parametrize(("more", "force"), [({}, True), ({"cache": False}, False)])
def test_force_and_cache_off_ask_once_for_a_task(said, more, force):
    asked = []
    for task in ("task-1", "task-1", "task-2"):
        door = door_of(who(ID, **more), task=task)
        door.token(force=force)
        asked.append(len(door.asked))
    assert asked == [1, 0, 1]


def test_patience_covers_every_retry_and_wait(said):
    door = door_of(who(ID, timeout=20, retries=2))
    assert door.broker._patience == 3 * (2 * 20 + 90)


@pytest.mark.parametrize(("name", "value"), [("min_ttl", 1201), ("cache", "maybe"), ("timeout", 0), ("retries", "x")])
def test_a_bad_option_is_told_before_anything_is_asked(name, value):
    with pytest.raises(FalconError, match=f"^{name} \\(argument of the task\\) must be "):
        door_of(who(ID, **{name: value}))


@pytest.mark.parametrize(
    ("more", "beaten"),
    [
        ({"falcon_cloud": "us-1"}, "cloud (variable falcon_cloud) beats cloud us-gov-1 of the stored client 'gov'"),
        (
            {"falcon_hostname": US2},
            "hostname (variable falcon_hostname) beats cloud us-gov-1 of the stored client 'gov'",
        ),
        ({"falcon_cloud": "us-gov-1"}, ""),
        ({}, ""),
    ],
)
@pytest.mark.parametrize("refused", [True, False])
def test_a_refusal_tells_that_the_cloud_of_a_stored_client_was_beaten(said, more, beaten, refused):
    def fail(client):
        raise FalconError("Failed; check this.", refused=refused)

    clients = {"gov": {"client_id": ID, "client_secret": SECRET, "cloud": "us-gov-1"}}
    door = door_of({}, ask=fail, falcon_client="gov", falcon_clients=clients, **more)
    with pytest.raises(FalconError) as caught:
        door.token()
    assert caught.value.message == f"Failed; check this{f'; mind that {beaten}' if beaten and refused else ''}."


@pytest.mark.parametrize(
    "other", [{"proxy": "http://u:p@proxy.example"}, {"timeout": 7}, {"HTTPS_PROXY": "http://b"}, {"delegate_to": "b"}]
)
def test_a_refusal_answers_only_who_asks_on_the_same_way(said, monkeypatch, other):
    """From here or from another machine, through a proxy of the options or of the environment."""

    def way(proxy=None, timeout=10, HTTPS_PROXY="http://a", delegate_to=None):
        def request(client):
            asked.append(client)
            raise FalconError("The address is not on the allowlist.", refused=True)

        def api(connection):
            machine = SimpleNamespace(_task=SimpleNamespace(delegate_to=delegate_to))
            there = ApiFromThere(machine, {}, connection) if delegate_to else ApiFromHere(connection)
            there.request = request
            return there

        monkeypatch.setenv("HTTPS_PROXY", HTTPS_PROXY)
        door = door_of(who(ID, timeout=timeout, **({"proxy": proxy} if proxy else {})), api=api)
        with pytest.raises(FalconError):
            door.token()
        return door.api.way

    asked = []
    ways = [way(), way(), way(**other), way(**other), way()]
    assert len(asked) == 3 and len({*ways}) == 2
    assert not any(secret in each for each in ways for secret in ("u:p", "http"))


def test_a_fault_of_ours_is_told_without_its_text():
    def fail(client):
        raise KeyError(SECRET)

    door = door_of(who(ID), ask=fail)
    with pytest.raises(KeyError) as caught:
        door.token()
    message = unexpected(caught.value)
    assert message.startswith("falconops.auth has a fault: KeyError in ")
    assert message.endswith("; please report it.")
    assert SECRET not in message


def test_a_run_is_named_by_its_temporary_directory():
    assert _door.run_id() == "ansible-local-1"


def test_secrets_are_registered_where_ansible_masks_them(monkeypatch):
    registered = []
    monkeypatch.setattr(_door, "_register_secret", registered.append)
    _door.register_secrets(SECRET, TOKEN_TEXT)
    assert registered == [SECRET, TOKEN_TEXT]


def test_a_token_is_registered_however_it_comes(said, monkeypatch):
    registered = []
    monkeypatch.setattr(_door, "_register_secret", registered.append)
    assert door_of(who(ID)).cached() is None
    door_of(who(ID)).token()
    assert registered.count("fresh") == 1
    door_of(who(ID)).token()
    door_of(who(ID)).cached()
    assert registered.count("fresh") == 3


def test_secrets_are_no_matter_where_ansible_does_not_mask(monkeypatch):
    monkeypatch.setattr(_door, "_register_secret", None)
    _door.register_secrets(SECRET, US2)

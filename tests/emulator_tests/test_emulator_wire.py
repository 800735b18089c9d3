# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listeners, proxy, certificates, log and control, over the network."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from emulator_calls import CCID, TOKEN, US1_TOKEN_URL, basic, credentials, post

from emulator import cast
from emulator.client import Emulator, EmulatorError
from emulator.clouds import CLOUDS, Cloud


@pytest.mark.parametrize("cloud", list(CLOUDS.values()), ids=lambda cloud: str(cloud.name))
def test_all_clouds_with_verified_tls(emulator: Emulator, cloud: Cloud) -> None:
    client = next(client for client in cast.CLIENTS.values() if cast.default_world().home(client).cloud == cloud.name)
    answer = post(client, cloud.base_url + TOKEN)
    assert (answer.status_code, answer.headers["X-Cs-Region"]) == (201, cloud.name)
    assert [connect["target"] for connect in emulator.connects()] == [f"{cloud.host}:443"]
    (token,) = emulator.live_tokens()
    assert token["sha256"] == hashlib.sha256(answer.json()["access_token"].encode()).hexdigest()
    assert (token["client_id"], token["cloud"], token["member_cid"]) == (client.client_id, cloud.name, None)


def test_redirect_is_followed_to_the_home_cloud(emulator: Emulator) -> None:
    answer = post(cast.EU1)
    assert (answer.status_code, answer.url) == (201, "https://api.eu-1.crowdstrike.com/oauth2/token")
    assert [entry["status"] for entry in emulator.requests(path=TOKEN)] == [308, 201]


def test_plain_http_goes_direct(emulator: Emulator) -> None:
    assert post(url=emulator.http_url + TOKEN).headers["X-Cs-Region"] == "us-1"
    emulator.configure(http_cloud="eu-1")
    assert post(cast.EU1, emulator.http_url + TOKEN).headers["X-Cs-Region"] == "eu-1"
    assert emulator.connects() == []
    assert [entry["listener"] for entry in emulator.requests()] == ["http", "http"]


def test_strangers_and_unknown_hosts(emulator: Emulator) -> None:
    with pytest.raises(requests.exceptions.ProxyError, match="502"):
        post(url="https://evil.example.com/oauth2/token")
    emulator.configure(strangers=["evil.example.com"])
    assert post(url="https://evil.example.com/oauth2/token").status_code == 404
    assert [(entry["target"], entry["status"]) for entry in emulator.connects()] == [
        ("evil.example.com:443", 502),
        ("evil.example.com:443", 200),
    ]
    assert len(emulator.requests(host="evil.example.com")) == 1


def test_proxy_password(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator.configure(proxy_auth="user:pass")
    for given in ("", "user:wrong"):
        monkeypatch.setenv("https_proxy", emulator.env(given)["https_proxy"])
        with pytest.raises(requests.exceptions.ProxyError, match="407"):
            post()
    monkeypatch.setenv("https_proxy", emulator.env("user:pass")["https_proxy"])
    assert post().status_code == 201
    assert [(entry["status"], entry["authorization"]) for entry in emulator.connects()] == [
        (407, False),
        (407, True),
        (200, True),
    ]


def test_proxy_is_for_connect_only(emulator: Emulator) -> None:
    answer = requests.get("http://api.crowdstrike.com/", proxies={"http": emulator.proxy}, timeout=10)
    assert answer.status_code == 405


@pytest.mark.parametrize(
    ("case", "complaint"),
    [("expired", "expired"), ("wrong-name", "Hostname mismatch"), ("self-signed", "unable to get local issuer")],
)
def test_bad_certificates(emulator: Emulator, case: str, complaint: str) -> None:
    emulator.configure(certificate=case)
    with pytest.raises(requests.exceptions.SSLError, match=complaint):
        post()
    assert emulator.requests() == []
    emulator.configure(certificate="good")
    assert post().status_code == 201


def test_log_has_no_secrets(emulator: Emulator) -> None:
    token = post(member_cid=cast.CHILD_A).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "test/1"}
    requests.get(f"https://api.crowdstrike.com{CCID}?token={token}&a=b", headers=headers, timeout=10)
    requests.post(
        "https://api.crowdstrike.com/oauth2/revoke", data={"token": token}, headers=basic(cast.US1), timeout=10
    )
    asked, used, revoked = emulator.requests()
    assert (asked["client_id"], asked["member_cid"]) == (cast.US1.client_id, cast.CHILD_A)
    assert asked["secret_sha256"] == hashlib.sha256(cast.US1.client_secret.encode()).hexdigest()
    assert (used["client_id"], used["member_cid"], used["user_agent"]) == (cast.US1.client_id, cast.CHILD_A, "test/1")
    assert used["token_sha256"] == revoked["token_sha256"] == hashlib.sha256(token.encode()).hexdigest()
    assert used["query"]["a"] == "b"
    assert [entry["authorization"] for entry in (asked, used, revoked)] == [False, True, True]
    said = json.dumps([emulator.requests(), emulator.connects(), emulator.live_tokens(), emulator.faults()])
    assert token not in said
    assert cast.US1.client_secret not in said


def test_kill_tokens(emulator: Emulator) -> None:
    token = post().json()["access_token"]
    assert emulator.is_live(token)
    assert emulator.kill_tokens() == 1
    assert not emulator.is_live(token)
    answer = requests.get(
        "https://api.crowdstrike.com" + CCID, headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    assert answer.status_code == 401


def test_added_clients(emulator: Emulator) -> None:
    client = emulator.add_client(cloud="us-2", children=[cast.CHILD_A])
    assert post(client, member_cid=cast.CHILD_A).url.startswith("https://api.us-2.")
    with pytest.raises(EmulatorError, match="there is no cloud 'us-9'"):
        emulator.add_client(cloud="us-9")
    guarded = emulator.add_client(allowlist=["203.0.113.1"])
    assert post(guarded).status_code == 403
    emulator.reset()
    assert post(client).status_code == 403


def test_reset(emulator: Emulator) -> None:
    emulator.configure(token_limit=1, token_life=5)
    emulator.fault("status", path="/never")
    assert post().json()["expires_in"] == 5
    assert post().status_code == 429
    emulator.reset()
    assert (emulator.requests(), emulator.connects(), emulator.faults(), emulator.live_tokens()) == ([], [], [], [])
    assert post().json()["expires_in"] == 1799
    assert emulator.requests()[0]["seq"] == 1


def test_a_hundred_at_once(emulator: Emulator) -> None:
    emulator.fault("delay", seconds=60, times=None)
    with ThreadPoolExecutor(100) as pool:
        answers = [pool.submit(post) for _unused in range(100)]
        assert len(emulator.wait_for_requests(100, timeout=30, done=False)) == 100
        emulator.release()
        assert {answer.result(30).status_code for answer in answers} == {201}
    assert len(emulator.live_tokens()) == 100


def test_sources_are_told_apart_through_the_proxy(emulator: Emulator) -> None:
    session = requests.Session()
    session.mount("https://", _From("127.0.0.2"))
    assert session.post(US1_TOKEN_URL, data=credentials(cast.US1), timeout=10).status_code == 201
    assert [entry["source"] for entry in emulator.requests()] == ["127.0.0.2"]


class _From(requests.adapters.HTTPAdapter):
    """Connects from a certain address."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def proxy_manager_for(self, proxy: str, **args: object) -> object:
        return super().proxy_manager_for(proxy, source_address=(self._address, 0), **args)


def test_nothing_is_complained_about(emulator: Emulator) -> None:
    """Last in this file: whatever went before, the server itself has no complaint."""
    assert (Path(emulator.ca_path).parent / "stderr").read_text() == ""

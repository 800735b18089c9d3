# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls with a token over the network: what the log says of them, and the faults that only they can meet."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import requests
from emulator_calls import bearer, post

from emulator import cast
from emulator.client import Emulator
from emulator.records import host_id

API = "https://api.crowdstrike.com"
DEVICES = "/devices/queries/devices/v1"
DETAILS = "/devices/entities/devices/v2"
DOWNLOAD = "/sensors/entities/download-installer/v3"
SAMPLES = "/samples/entities/samples/v3"
INSTALLERS = "/sensors/queries/installers/v3"


@pytest.fixture
def session(emulator: Emulator) -> requests.Session:
    """A client that may do everything and keeps its connection."""
    session = requests.Session()
    session.headers.update(bearer(post(cast.FULL).json()["access_token"]))
    return session


def get(session: requests.Session, path: str, **more: Any) -> requests.Response:
    return session.get(API + path, timeout=30, **more)


def test_log_of_a_call(emulator: Emulator, session: requests.Session) -> None:
    wish = {"ids": [host_id(cast.FULL.cid, 0)]}
    path = DETAILS + "?a=1&a=2&b=x%2By"
    session.request("POST", API + path, json=wish, headers={"X-CS-USERUUID": "me"}, timeout=30)
    (entry,) = emulator.requests(path=DETAILS)
    assert (entry["method"], entry["status"], entry["client_id"]) == ("POST", 200, cast.FULL.client_id)
    assert (entry["query_string"], entry["query"]) == ("a=1&a=2&b=x%2By", {"a": "2", "b": "x+y"})
    assert (entry["body"], entry["body_size"]) == (wish, len(json.dumps(wish)))
    assert entry["body_sha256"] == hashlib.sha256(json.dumps(wish).encode()).hexdigest()
    assert entry["headers"]["x-cs-useruuid"] == "me"
    assert entry["headers"]["content-type"] == "application/json"
    assert entry["headers"]["authorization"].startswith("sha256:")


def test_log_of_a_body_on_get(emulator: Emulator, session: requests.Session) -> None:
    assert get(session, DEVICES, data=b"text").status_code == 200
    (entry,) = emulator.requests(path=DEVICES)
    assert (entry["body"], entry["body_size"]) == ("text", 4)


def test_log_of_an_upload(emulator: Emulator, session: requests.Session) -> None:
    content = bytes(range(256)) * 8000  # more than a JSON body may have
    answer = session.post(
        API + SAMPLES, data={"file_name": "a.bin", "comment": "c"}, files={"sample": ("b.bin", content)}, timeout=30
    )
    digest = hashlib.sha256(content).hexdigest()
    assert answer.json()["resources"] == [{"sha256": digest, "file_name": "a.bin"}]
    (entry,) = emulator.requests(path=SAMPLES)
    assert entry["form"] == {"file_name": "a.bin", "comment": "c"}
    assert entry["files"] == {"sample": {"name": "b.bin", "size": 2_048_000, "sha256": digest}}
    assert (entry["body"], entry["body_size"]) == (None, 0)
    raw = session.post(
        API + SAMPLES,
        params={"file_name": "c.bin"},
        data=content,
        headers={"Content-Type": "application/octet-stream"},
        timeout=30,
    )
    assert raw.json()["resources"][0]["sha256"] == digest
    entry = emulator.requests(path=SAMPLES)[-1]
    assert (entry["body"], entry["body_size"], entry["body_sha256"]) == (None, 2_048_000, digest)
    assert get(session, SAMPLES, params={"ids": digest}).content == content


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=x"])
def test_broken_form(emulator: Emulator, session: requests.Session, kind: str) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="sample"; filename="a"\r\n\r\nabc'
    answer = session.post(API + SAMPLES, data=body, headers={"Content-Type": kind}, timeout=30)
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (400, "invalid request: there is no sample")


def test_log_hides_a_token_that_is_where_it_must_not_be(emulator: Emulator, session: requests.Session) -> None:
    token = str(session.headers["authorization"]).split()[1]
    session.post(API + DETAILS, json={"ids": [token]}, timeout=30)
    session.post(API + SAMPLES, data={"comment": token}, files={"x": b"x"}, timeout=30)
    said = json.dumps(emulator.requests())
    assert token not in said
    assert said.count(f'sha256:{hashlib.sha256(token.encode()).hexdigest()}"') == 2
    assert "body" not in {name for name, value in emulator.requests(path="/oauth2/token")[0].items() if value}


def test_log_tells_connections_apart(emulator: Emulator, session: requests.Session) -> None:
    for _unused in range(3):
        get(session, DEVICES)
    requests.get(API + DEVICES, timeout=30)
    kept, other = [entry["connection"] for entry in emulator.requests(path=DEVICES)][:3], emulator.requests()[-1]
    assert len(set(kept)) == 1
    assert other["connection"] not in kept


def test_front_door(emulator: Emulator, session: requests.Session) -> None:
    """What is too long is refused in HTML before anybody looks at it."""
    long = get(session, DEVICES, params={"filter": "x" * 20_000})
    assert (long.status_code, long.headers["Content-Type"]) == (414, "text/html")
    large = session.post(API + DETAILS, json={"ids": ["x" * 1_048_576]}, timeout=30)
    assert (large.status_code, "<h1>413" in large.text) == (413, True)
    assert get(session, DEVICES, params={"filter": "hostname:'" + "x" * 16_000 + "'"}).json()["resources"] == []
    assert [entry["status"] for entry in emulator.requests()[1:]] == [414, 413, 200]


def test_headers_are_added(emulator: Emulator, session: requests.Session) -> None:
    emulator.fault("headers", path=DEVICES, headers={"X-Api-Deprecation": "true", "X-Ratelimit-Limit": "15"})
    answer = get(session, DEVICES)
    assert (answer.status_code, len(answer.json()["resources"])) == (200, 30)
    assert (answer.headers["X-Api-Deprecation"], answer.headers["X-Ratelimit-Limit"]) == ("true", "15")
    assert "X-Api-Deprecation" not in get(session, DEVICES).headers


def test_echo(emulator: Emulator, session: requests.Session) -> None:
    header = str(session.headers["authorization"])
    emulator.fault("echo", path=DEVICES)
    emulator.fault("echo", path=DEVICES, status=502, body="<p>{token}</p>", headers={"X-Cs-Traceid": "{token}"})
    emulator.fault("echo", path=DEVICES, status=200, body={"resources": ["{authorization}"]})
    first, second, third = (get(session, DEVICES) for _unused in range(3))
    assert (first.status_code, header in first.json()["errors"][0]["message"]) == (400, True)
    assert (second.status_code, second.text) == (502, f"<p>{header.split()[1]}</p>")
    assert second.headers["X-Cs-Traceid"] == header.split()[1]
    assert (third.status_code, third.json()) == (200, {"resources": [header]})


def test_tokens_die_in_the_middle(emulator: Emulator, session: requests.Session) -> None:
    emulator.fault("kill", path=DEVICES, skip=1)
    assert [get(session, DEVICES).status_code for _unused in range(3)] == [200, 401, 401]
    assert emulator.live_tokens() == []


def test_write_is_done_although_the_answer_is_lost(emulator: Emulator, session: requests.Session) -> None:
    for number, after in enumerate((False, True)):
        emulator.fault("drop", path="/devices/entities/devices-actions/v2", after=after)
        with pytest.raises(requests.ConnectionError):
            session.post(
                f"{API}/devices/entities/devices-actions/v2?action_name=contain",
                json={"ids": [host_id(cast.FULL.cid, number)]},
                timeout=30,
            )
    hosts = get(session, "/devices/combined/devices/v1", params={"limit": 2}).json()["resources"]
    assert [host["status"] for host in hosts] == ["normal", "containment_pending"]


def test_download_over_the_network(emulator: Emulator, session: requests.Session) -> None:
    emulator.configure(installer_size=1_000_000, ranges=True)
    found = get(session, INSTALLERS, params={"limit": 1}).json()["resources"][0]
    whole = get(session, DOWNLOAD, params={"id": found})
    assert hashlib.sha256(whole.content).hexdigest() == found
    emulator.fault("truncate", path=DOWNLOAD, after=True, keep=400_000)
    broken = b""
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        for piece in get(session, DOWNLOAD, params={"id": found}, stream=True).iter_content(1000):
            broken += piece
    assert broken == whole.content[: len(broken)]
    rest = get(session, DOWNLOAD, params={"id": found}, headers={"Range": f"bytes={len(broken)}-"})
    assert (rest.status_code, broken + rest.content) == (206, whole.content)
    emulator.fault("drip", path=DOWNLOAD, seconds=0.1)
    assert get(session, DOWNLOAD, params={"id": found}).content == whole.content


def test_scroll_of_many(emulator: Emulator, session: requests.Session) -> None:
    emulator.configure(hosts=30_000)
    found: list[str] = []
    params: dict[str, object] = {"limit": 10_000}
    while params.get("offset") != "":
        answer = get(session, "/devices/queries/devices-scroll/v1", params=params).json()
        found += answer["resources"]
        params["offset"] = answer["meta"]["pagination"]["offset"]
    assert (len(found), len(set(found))) == (30_000, 30_000)
    assert len({entry["connection"] for entry in emulator.requests()[1:]}) == 1


def test_nothing_is_complained_about(emulator: Emulator) -> None:
    """Last in this file: whatever went before, the server itself has no complaint."""
    assert (Path(emulator.ca_path).parent / "stderr").read_text() == ""

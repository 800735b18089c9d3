# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of how long and how often is asked, and what reaches requests."""

from __future__ import annotations

import dataclasses
import email.utils
import time

import pytest
import responses
from ansible_collections.falconops.auth.plugins.module_utils import _wire
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.module_utils._exchange import Answer, Request
from ansible_collections.falconops.auth.plugins.module_utils._version import VERSION
from ansible_collections.falconops.auth.plugins.module_utils._wire import Wire
from ansible_collections.falconops.auth.tests.unit.examples import CONNECTION

URL = "https://api.crowdstrike.com/oauth2/token"
FORM = {"client_id": "a"}
SERVER_TIME = 1_795_608_000


@pytest.fixture
def server():
    with responses.RequestsMock() as mock:
        yield mock


def post(**settings):
    return Wire(dataclasses.replace(CONNECTION, **settings)).send(Request("POST", URL, form=FORM))


def full(retry_after, date=SERVER_TIME):
    """A 429 of a server whose clock shows this date."""
    headers = {}
    if retry_after is not None:
        headers["X-Ratelimit-Retryafter"] = str(retry_after)
    if date is not None:
        headers["Date"] = date if isinstance(date, str) else email.utils.formatdate(date, usegmt=True)
    return {"status": 429, "headers": headers}


@pytest.mark.parametrize("status", [200, 201, 302, 308, 400, 401, 403, 404, 418, 501])
def test_what_is_an_answer_comes_back_at_once(server, naps, status):
    server.post(URL, status=status, body=b"body", headers={"X-Cs-Traceid": "0123-abcd"})
    answer = post()
    body = b"" if 300 <= status < 400 else b"body"  # only the header of a redirect says anything
    assert (answer.status, answer.body, answer.url, answer.trace_id) == (status, body, URL, "0123-abcd")
    assert (len(server.calls), naps) == (1, [])


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("retries", [0, 1, 3, 10])
def test_a_faulty_server_is_asked_again_so_many_times(server, naps, status, retries):
    server.post(URL, status=status)
    assert post(retries=retries).status == status
    assert (len(server.calls), len(naps)) == (retries + 1, retries)


def test_a_server_that_recovers(server, naps):
    server.post(URL, status=503)
    server.post(URL, status=201, body=b"good")
    assert post().body == b"good"
    assert (len(server.calls), len(naps)) == (2, 1)


def test_pauses_grow_and_have_jitter(server, naps):
    server.post(URL, status=500)
    rounds = []
    for _round in range(20):
        naps.clear()
        post(retries=5)
        rounds.append(list(naps))
    for number, longest in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0)):
        pauses = [each[number] for each in rounds]
        assert all(longest / 2 <= pause <= longest for pause in pauses)
        assert len(set(pauses)) > 1
    assert all(each[0] <= 0.5 for each in rounds)


@pytest.mark.parametrize("wrong_by", [0, 7200, -7200, 10**9])
def test_429_waits_until_the_time_that_it_names_by_the_servers_clock(server, naps, monkeypatch, wrong_by):
    monkeypatch.setattr(time, "time", lambda: float(SERVER_TIME + wrong_by))
    server.post(URL, **full(SERVER_TIME + 3))
    server.post(URL, status=201)
    assert post().status == 201
    assert len(server.calls) == 2
    assert len(naps) == 1 and 3 <= naps[0] <= 3.3


@pytest.mark.parametrize("date", [None, "yesterday", "", "Wed, 99 Nov 2026 99:00:00 GMT"])
def test_429_of_a_server_without_a_clock_counts_by_our_own(server, naps, monkeypatch, date):
    monkeypatch.setattr(time, "time", lambda: float(SERVER_TIME))
    server.post(URL, **full(SERVER_TIME + 5, date=date))
    server.post(URL, status=201)
    assert post().status == 201
    assert len(naps) == 1 and 5 <= naps[0] <= 5.3


@pytest.mark.parametrize("retry_after", [SERVER_TIME - 5, SERVER_TIME, 0, -1, 60, "-inf"])
def test_429_until_a_time_that_is_over_waits_a_second(server, naps, retry_after):
    server.post(URL, **full(retry_after))
    server.post(URL, status=201)
    assert post().status == 201
    assert len(naps) == 1 and 1 <= naps[0] <= 1.3


@pytest.mark.parametrize("retry_after", [SERVER_TIME + 91, 253402300799, 1e300, "inf"])
def test_429_until_far_ahead_is_not_waited_for(server, naps, retry_after):
    server.post(URL, **full(retry_after))
    assert post().status == 429
    assert (len(server.calls), naps) == (1, [])


@pytest.mark.parametrize("retry_after", [None, "", "soon", "NaN", "0x10"])
def test_429_that_does_not_say_when_is_repeated_with_backoff(server, naps, retry_after):
    server.post(URL, **full(retry_after))
    assert post().status == 429
    assert (len(server.calls), len(naps)) == (4, 3)
    assert naps[0] < naps[1] < naps[2] <= 2


def test_429_counts_among_the_retries(server, naps):
    server.post(URL, **full(SERVER_TIME + 3))
    assert post(retries=2).wait == 3
    assert (len(server.calls), len(naps)) == (3, 2)


@pytest.mark.parametrize("status", [200, 403, 503])
def test_only_a_429_has_a_wait(status):
    headers = {"X-Ratelimit-Retryafter": str(SERVER_TIME)}
    assert Answer(URL, status, headers, b"").wait is None


def test_the_agent_names_the_collection(server):
    server.post(URL)
    post()
    post(user_agent="mycompany/1.0")
    ours = f"falconops.auth/{VERSION} (ansible collection)"
    assert [call.request.headers["User-Agent"] for call in server.calls] == [ours, f"mycompany/1.0 {ours}"]
    assert server.calls[0].request.headers["Accept-Encoding"] == "identity"


def test_no_credentials_from_netrc(server, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.post(URL)
    post()
    Wire(CONNECTION).send(Request("POST", URL, form=FORM, auth=_wire.basic("me", "pw")))
    assert "Authorization" not in server.calls[0].request.headers
    assert server.calls[1].request.headers["Authorization"] == "Basic bWU6cHc="


@pytest.mark.parametrize(
    ("settings", "variable", "verify"),
    [
        ({}, None, True),
        ({}, "/etc/env.pem", "/etc/env.pem"),
        ({"ca_path": "/etc/ours.pem"}, None, "/etc/ours.pem"),
        ({"ca_path": "/etc/ours.pem"}, "/etc/env.pem", "/etc/ours.pem"),
        ({"validate_certs": False}, "/etc/env.pem", False),
        ({"validate_certs": False, "ca_path": "/etc/ours.pem"}, None, False),
    ],
)
@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_which_ca_counts(server, monkeypatch, settings, variable, verify, name):
    if variable:
        monkeypatch.setenv(name, variable)
    server.post(URL)
    post(**settings)
    assert server.calls[0].request.req_kwargs["verify"] == verify


@pytest.mark.parametrize(
    ("option", "environment", "used"),
    [
        (None, {}, None),
        (None, {"HTTPS_PROXY": "http://env.example:3128"}, "http://env.example:3128"),
        ("http://ours.example:3128", {"HTTPS_PROXY": "http://env.example:3128"}, "http://ours.example:3128"),
        (None, {"HTTPS_PROXY": "http://env.example:3128", "NO_PROXY": ".crowdstrike.com"}, None),
    ],
)
def test_which_proxy_counts(server, monkeypatch, option, environment, used):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    server.post(URL)
    post(proxy=option)
    assert server.calls[0].request.req_kwargs["proxies"].get("https") == used


def test_the_timeout_reaches_requests_and_redirects_do_not(server):
    server.post(URL, status=308, headers={"Location": "https://evil.example/"})
    assert post(timeout=7).status == 308
    assert server.calls[0].request.req_kwargs["timeout"] == 7
    assert server.calls[0].request.req_kwargs["stream"] is True


def test_a_connection_hides_its_proxy():
    assert "hunter2" not in repr(dataclasses.replace(CONNECTION, proxy="http://me:hunter2@proxy.example"))


def test_a_wire_belongs_to_one_process_and_one_connection():
    wire = _wire.wire_of_process(CONNECTION, 1)
    assert _wire.wire_of_process(dataclasses.replace(CONNECTION), 1) is wire
    assert _wire.wire_of_process(CONNECTION, 2) is not wire
    assert _wire.wire_of_process(dataclasses.replace(CONNECTION, ca_path="/x"), 1) is not wire


def test_without_requests_one_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(_wire, "REQUESTS_IMPORT_ERROR", "Traceback ...")
    monkeypatch.setattr("sys.executable", "/opt/ansible/bin/python")
    with pytest.raises(FalconError) as caught:
        Wire(CONNECTION)
    assert caught.value.message == (
        "Asking the API needs the Python library requests, which /opt/ansible/bin/python does not have; install it "
        "with '/opt/ansible/bin/python -m pip install requests', or with 'pipx inject ansible-core requests' (or 'pipx "
        "inject ansible requests') where pipx installed Ansible."
    )

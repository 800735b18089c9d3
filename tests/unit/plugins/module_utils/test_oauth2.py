# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import dataclasses
from urllib.parse import parse_qs, quote

import pytest
import responses
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.module_utils._oauth2 import request_token
from ansible_collections.falconops.auth.plugins.module_utils._wire import Wire
from ansible_collections.falconops.auth.tests.unit.examples import (
    CLIENT,
    CONNECTION,
    ID,
    ISSUED,
    MEMBER,
    SECRET,
    TOKEN_TEXT,
    US1,
    US2,
)
from requests.exceptions import ConnectionError

PATH = "/oauth2/token"
NO_WAY = "the connection failed: ConnectionError (tried 4 times); check hostname, proxy and the network"
ASKING = f"Asking {US1} for a token of client {ID} failed"


@pytest.fixture
def server():
    with responses.RequestsMock() as mock:
        yield mock


def ask(client=CLIENT):
    return request_token(Wire(CONNECTION), client)


def asked_of(server):
    """Where requests went, in order."""
    return [call.request.url for call in server.calls]


def failure_of(client=CLIENT):
    with pytest.raises(FalconError) as caught:
        ask(client)
    assert SECRET not in caught.value.message
    assert "\n" not in caught.value.message
    assert "{{" not in caught.value.message and "{%" not in caught.value.message
    return caught.value


@pytest.mark.parametrize("status", [200, 201])
def test_a_token_is_issued(server, status):
    server.post(US1 + PATH, json=ISSUED, status=status)
    token = ask()
    assert (token.access_token, token.expires_in, token.hostname) == (TOKEN_TEXT, 1799, US1)
    request = server.calls[0].request
    assert parse_qs(request.body, keep_blank_values=True) == {"client_id": [ID], "client_secret": [SECRET]}
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert "Authorization" not in request.headers


def test_the_life_counts_from_when_the_answer_came(server, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1_790_000_000.0)
    server.post(US1 + PATH, json=ISSUED)
    assert ask().issued_at == 1_790_000_000.0


def test_a_member_is_asked_for_only_where_there_is_one(server):
    server.post(US1 + PATH, json=ISSUED)
    ask(dataclasses.replace(CLIENT, member_cid=MEMBER))
    ask(dataclasses.replace(CLIENT, member_cid=""))
    first, second = (parse_qs(call.request.body, keep_blank_values=True) for call in server.calls)
    assert first["member_cid"] == [MEMBER]
    assert "member_cid" not in second


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_to_the_clients_own_cloud_is_followed_with_the_form(server, status):
    server.post(US1 + PATH, status=status, headers={"Location": US2 + PATH})
    server.post(US2 + PATH, json=ISSUED, status=201)
    assert ask().hostname == US2
    assert asked_of(server) == [US1 + PATH, US2 + PATH]
    assert server.calls[0].request.body == server.calls[1].request.body


def test_the_body_of_a_redirect_does_not_matter(server, naps):
    body = "<html>Moved.</html>"
    headers = {"Location": US2 + PATH, "Content-Length": str(len(body))}
    server.post(US1 + PATH, status=308, body=body, headers=headers)
    server.post(US2 + PATH, json=ISSUED, status=201)
    assert ask().hostname == US2
    assert asked_of(server) == [US1 + PATH, US2 + PATH]


def test_a_redirect_back_to_the_same_host_is_followed(server):
    server.post("http://127.0.0.1:8080" + PATH, status=308, headers={"Location": "/oauth2/token?again"})
    server.post("http://127.0.0.1:8080" + PATH, json=ISSUED, status=201)
    assert ask(CLIENT.at("http://127.0.0.1:8080")).hostname == "http://127.0.0.1:8080"
    assert len(server.calls) == 2


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://evil.example/oauth2/token", "https://evil.example"),
        ("https://EVIL.example:8443/oauth2/token", "https://evil.example:8443"),
        ("//evil.example/oauth2/token", "https://evil.example"),
        ("https://api.us-2.crowdstrike.com.evil.example/", "https://api.us-2.crowdstrike.com.evil.example"),
        ("https://api.crowdstrike.com:8443/oauth2/token", "https://api.crowdstrike.com:8443"),
    ],
)
def test_a_stranger_is_not_sent_the_secret(server, location, named):
    server.post(US1 + PATH, status=308, headers={"Location": location, "X-Cs-Traceid": "0123-abcd"})
    error = failure_of()
    assert asked_of(server) == [US1 + PATH]
    assert error.refused
    assert error.message == (
        f"{ASKING}: it redirected to {named}, which is not a host of CrowdStrike's and was not sent the secret "
        f"[X-Cs-Traceid 0123-abcd]; if that is right, say so yourself with 'hostname: {named}'."
    )


@pytest.mark.parametrize(
    "location",
    [
        "http://api.us-2.crowdstrike.com/oauth2/token",
        "https://api.us-2.crowdstrike.com@evil.example/",
        "https://user:pw@api.us-2.crowdstrike.com/",
        "https://[::1/oauth2/token",
        "file:///etc/passwd",
        "https://{{ lookup('pipe', 'id') }}/",
        "javascript:alert(1)",
    ],
)
def test_no_advice_to_set_a_hostname_that_could_never_be_right(server, naps, location):
    server.post(US1 + PATH, status=308, headers={"Location": location})
    error = failure_of()
    assert asked_of(server) == [US1 + PATH]
    assert error.refused
    assert "which is not a host of CrowdStrike's and was not sent the secret; nothing was sent there." in error.message


def test_a_stranger_behind_a_cloud_of_crowdstrikes_is_refused_as_well(server):
    server.post(US1 + PATH, status=308, headers={"Location": US2 + PATH})
    server.post(US2 + PATH, status=308, headers={"Location": "https://evil.example"})
    assert f"Asking {US2} for a token" in failure_of().message
    assert asked_of(server) == [US1 + PATH, US2 + PATH]


def test_a_loop_ends(server):
    server.post(US1 + PATH, status=308, headers={"Location": US2 + PATH})
    server.post(US2 + PATH, status=308, headers={"Location": US1 + PATH})
    error = failure_of()
    assert "failed: it was redirected again and again; check hostname." in error.message
    assert len(server.calls) == 3


def test_no_answer_is_no_refusal(server, naps):
    server.post(US1 + PATH, body=ConnectionError("broken"))
    error = failure_of()
    assert error.message == f"{ASKING}: {NO_WAY}."
    assert not error.refused
    assert len(server.calls) == 4


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_would_drop_the_form_is_a_failure(server, status):
    server.post(US1 + PATH, status=status, headers={"Location": US2 + PATH})
    assert f"{ASKING} with {status} and an empty answer; check hostname, proxy" in failure_of().message
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "; check client_id."),
        (401, "; check client_id and client_secret."),
        (403, "; check that client_id and client_secret belong together, that the client lives in us-1"),
        (404, "; check hostname."),
        (405, "; check hostname, proxy and what else stands between here and the API."),
    ],
)
def test_a_refusal_in_one_sentence(server, status, advice):
    body = {"errors": [{"code": status, "message": "access denied"}, {"message": "authorization failed"}]}
    server.post(US1 + PATH, status=status, json=body, headers={"X-Cs-Traceid": "0aB9-0aB9"})
    error = failure_of()
    start = f"{ASKING} with {status} (access denied; authorization failed) [X-Cs-Traceid 0aB9-0aB9]"
    assert error.message.startswith(start + advice)
    assert error.refused
    assert len(server.calls) == 1


def test_403_names_every_likely_cause(server):
    server.post(US1 + PATH, status=403, json={})
    message = failure_of(dataclasses.replace(CLIENT, member_cid=MEMBER)).message
    for cause in ("belong together", f"that member {MEMBER} is a child of this customer", "us-1", "IP allowlist"):
        assert cause in message
    assert "child of this customer" not in failure_of().message


@pytest.mark.parametrize("status", [429, 500, 503, 504])
def test_a_full_or_faulty_server_has_not_refused(server, naps, status):
    server.post(US1 + PATH, status=status, json={"errors": [{"message": "internal"}]})
    error = failure_of()
    assert not error.refused
    assert error.lasting == (status == 429)
    assert f"{ASKING} with {status} (internal)" in error.message
    assert ("requests came from this address" in error.message) == (status == 429)
    assert ("the server has a fault; try again later" in error.message) == (status >= 500)


@pytest.mark.parametrize(
    ("until", "when"), [(str(1795608000 + 300), "300 seconds"), ("inf", "more than a day"), ("soon", "a minute")]
)
def test_429_says_when_to_try_again(server, naps, until, when):
    headers = {"Date": "Wed, 25 Nov 2026 12:00:00 GMT", "X-Ratelimit-Retryafter": until}
    server.post(US1 + PATH, status=429, headers=headers)
    assert failure_of().message.endswith(f"(the API allows 300 a minute); try again in {when}.")


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (f"no client with secret {SECRET}", "(no client with secret ***)"),
        ("first\r\nsecond\x1b[31m\u202e", "(first  second [31m)"),
        ("{{ lookup('pipe', 'id') }}{% raw %}", "({ { lookup('pipe', 'id') }}{ % raw %})"),
        ("x" * 400, f"({'x' * 300})"),
    ],
)
def test_the_servers_words_are_made_harmless(server, message, shown):
    server.post(US1 + PATH, status=403, json={"errors": [{"message": message}]})
    assert f" with 403 {shown}; check" in failure_of().message


ODD = "one+Secret/With=EveryKind%OfSign&_0123456789"


@pytest.mark.parametrize(
    "message",
    [
        f"client_id={ID}&client_secret={quote(ODD, safe='')}",
        f"{ODD[:20]}\r\n{ODD[20:]}",
        f"{ODD[3:20]}... was sent",
        f"data: {ODD[:20]}\u200b{ODD[20:]}",
        f"{ODD} or {ODD.upper()}",
        *(base64.b64encode(f"{'x' * count}{ODD}:x".encode()).decode() for count in range(3)),
        base64.urlsafe_b64encode(f"{ID}:{ODD}".encode()).decode(),
    ],
)
def test_words_that_repeat_the_secret_in_another_form_are_not_repeated(server, message):
    server.post(US1 + PATH, status=403, json={"errors": [{"message": "sent:"}, {"message": message}]})
    assert " with 403 (***); check" in failure_of(dataclasses.replace(CLIENT, client_secret=ODD)).message


@pytest.mark.parametrize("host", [f"{SECRET}.evil.example", f"{SECRET.lower()[:20]}.evil.example", "a" * 400])
def test_a_stranger_whose_name_is_odd_is_not_named(server, host):
    server.post(US1 + PATH, status=308, headers={"Location": f"https://{host}/"})
    message = failure_of().message
    assert "; nothing was sent there." in message
    assert host not in message and len(message) < 1000


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"", "and an empty answer"),
        (b"<html><h1>Bad Gateway</h1></html>", "and no words of the API"),
        (b"\xff\xfe", "and no words of the API"),
        (b"[" * 100_000, "and no words of the API"),
        (b"[1]", "and no words of the API"),
        (b'{"errors": null}', "and no words of the API"),
        (b'{"errors": [7, null, {"message": 7}, {}]}', "and no words of the API"),
    ],
)
def test_an_answer_without_words(server, body, shown):
    server.post(US1 + PATH, status=403, body=body)
    assert f"{ASKING} with 403 {shown}; check" in failure_of().message


@pytest.mark.parametrize("errors", [{"code": 500, "message": "internal"}, "internal", ["internal", None]])
def test_words_in_another_place_than_usual(server, errors):
    server.post(US1 + PATH, status=403, json={"errors": errors})
    assert f"{ASKING} with 403 (internal); check" in failure_of().message


@pytest.mark.parametrize("trace", ["{{ a }}", "<b>", "c" * 80, "", SECRET])
def test_what_does_not_look_like_a_trace_id_is_not_shown(server, trace):
    server.post(US1 + PATH, status=403, headers={"X-Cs-Traceid": trace})
    assert "X-Cs-Traceid" not in failure_of().message


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"<html>Sign in to the hotel's network</html>", "no access_token"),
        (b"", "no access_token"),
        (b"{}", "no access_token"),
        (b'{"access_token": "abc"}', "no expires_in"),
        (b'{"access_token": "two words", "expires_in": 1799}', "not a token"),
    ],
)
def test_success_without_a_token(server, body, complaint):
    server.post(US1 + PATH, status=201, body=body, headers={"X-Cs-Traceid": "0123-abce"})
    message = failure_of().message
    start = f"{ASKING}: the answer 201 holds no token that can be used ({complaint})"
    assert f"{start} [X-Cs-Traceid 0123-abce]; " in message
    assert "is there something between this machine and the API" in message
    assert len(server.calls) == 1

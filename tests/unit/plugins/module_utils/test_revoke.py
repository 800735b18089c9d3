# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from urllib.parse import parse_qs

import pytest
import responses
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.module_utils._exchange import Request
from ansible_collections.falconops.auth.plugins.module_utils._oauth2 import is_live, revoke_token
from ansible_collections.falconops.auth.plugins.module_utils._wire import Wire, basic
from ansible_collections.falconops.auth.tests.unit.examples import (
    CLIENT,
    CONNECTION,
    DONE,
    ID,
    MEMBER,
    SECRET,
    TOKEN_TEXT,
    US1,
    US2,
)
from requests.exceptions import ConnectionError

PATH, PROBE = "/oauth2/revoke", "/sensors/queries/installers/ccid/v1"
NO_WAY = "the connection failed: ConnectionError (tried 4 times); check hostname, proxy and the network"
REVOKING = f"Revoking a token of client {ID} at {US1} failed"
PROBING = f"Asking {US1} whether a token is alive failed"
# base64 of ID:SECRET
BASIC = "Basic MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY6b25lU2VjcmV0T2Y0MENoYXJhY3RlcnNfMDEyMzQ1Njc4OWFiY2RlZg=="


@pytest.fixture
def server():
    with responses.RequestsMock() as mock:
        yield mock


def revoke(client=CLIENT):
    return revoke_token(Wire(CONNECTION), client, TOKEN_TEXT)


def live():
    return is_live(Wire(CONNECTION), CLIENT, TOKEN_TEXT)


def failure_of(call, *args):
    with pytest.raises(FalconError) as caught:
        call(*args)
    for text in (SECRET, TOKEN_TEXT, BASIC, "\n", "{{"):
        assert text not in caught.value.message
    return caught.value


def asked_of(server):
    return [(call.request.method, call.request.url) for call in server.calls]


@pytest.mark.parametrize("status", [200, 201])
def test_a_revocation(server, status):
    server.post(US1 + PATH, json={"meta": {}}, status=status)
    assert revoke(dataclasses.replace(CLIENT, member_cid=MEMBER)) is None
    [call] = server.calls
    assert parse_qs(call.request.body, keep_blank_values=True) == {"client_id": [ID], "token": [TOKEN_TEXT]}
    assert call.request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert call.request.headers["Authorization"] == BASIC


TRACE = {"X-Cs-Traceid": "0aB9-0aB9"}
# What answers in the API's place with a success, and what is said of it.
STRANGE = [
    (b"<html>Sign in</html>", {"Content-Type": "text/html; charset=utf-8"}, "an HTML page"),
    (b"<html>Sign in</html>", {"Content-Type": "text/html", **TRACE}, "an HTML page [X-Cs-Traceid 0aB9-0aB9]"),
    (b"proxy says hello", {"Content-Type": "text/plain"}, "nothing that the API says"),
    (b"", {}, "nothing that the API says"),
    *[
        (body, {"Content-Type": "application/json"}, "nothing that the API says")
        for body in (b"[]", b"{}", b'{"status": "ok"}', b'{"meta": [], "errors": "x"}', b'{"meta": {', b"\xff")
    ],
]


@pytest.mark.parametrize(
    ("body", "headers"), [(b'{"errors": []}', {}), (b'{"meta": {}, "errors": null}', {}), (b"", TRACE)]
)
def test_what_else_the_api_may_say(server, body, headers):
    server.post(US1 + PATH, body=body, headers=headers)
    server.get(US1 + PROBE, body=body, headers=headers)
    assert revoke() is None
    assert live() is True


@pytest.mark.parametrize(("body", "headers", "what"), STRANGE)
def test_a_success_that_is_not_the_apis_is_none(server, body, headers, what):
    """A portal answers 200 to everything, and the token would live on."""
    said = (
        "it was answered with {} and {}; is there something between this machine and the API that answers in its place?"
    )
    server.post(US1 + PATH, body=body, headers=headers)
    error = failure_of(revoke)
    assert error.message == f"{REVOKING}: {said.format(200, what)}"
    assert (error.refused, error.lasting) == (False, False)
    for status in (200, 403):
        server.upsert("GET", US1 + PROBE, body=body, headers=headers, status=status)
        assert failure_of(live).message == f"{PROBING}: {said.format(status, what)}"


def test_a_success_with_errors_is_none(server):
    server.post(US1 + PATH, json={"meta": {}, "errors": [{"code": 500, "message": "internal"}]})
    error = failure_of(revoke)
    assert error.message.startswith(f"{REVOKING} with 200 (internal); check hostname, proxy and what else")
    assert not error.refused


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_to_the_clients_own_cloud_is_followed_with_form_and_credentials(server, status):
    server.post(US1 + PATH, status=status, headers={"Location": US2 + PATH})
    server.post(US2 + PATH, json=DONE)
    revoke()
    assert asked_of(server) == [("POST", US1 + PATH), ("POST", US2 + PATH)]
    assert server.calls[0].request.body == server.calls[1].request.body
    assert server.calls[1].request.headers["Authorization"] == BASIC


@pytest.mark.parametrize("location", ["https://evil.example/oauth2/revoke", "http://api.us-2.crowdstrike.com/", ""])
def test_a_stranger_is_sent_nothing(server, location):
    server.post(US1 + PATH, status=308, headers={"Location": location} if location else {})
    if location:
        error = failure_of(revoke)
        assert error.message.startswith(f"{REVOKING}: it redirected to ")
        assert "was not sent the secret" in error.message
        assert error.refused
        assert asked_of(server) == [("POST", US1 + PATH)]
    else:
        assert failure_of(revoke).message == f"{REVOKING}: it was redirected again and again; check hostname."
        assert {url for _method, url in asked_of(server)} == {US1 + PATH}


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "; check client_id."),
        (401, "; check client_id and client_secret."),
        (403, "; check that the token is one of this client's, and that client_id and client_secret belong together, "),
        (404, "; check hostname."),
        (302, "; check hostname, proxy and what else stands between here and the API."),
    ],
)
def test_a_refusal_in_one_sentence(server, status, advice):
    body = {"errors": [{"message": f"no {TOKEN_TEXT} of {SECRET}"}]}
    server.post(US1 + PATH, status=status, json=body, headers={"X-Cs-Traceid": "0aB9-0aB9"})
    error = failure_of(revoke)
    said = " (no *** of ***)" if status != 302 else " and an empty answer"
    assert error.message.startswith(f"{REVOKING} with {status}{said} [X-Cs-Traceid 0aB9-0aB9]{advice}")
    assert (error.refused, error.lasting) == (status != 302,) * 2
    assert len(server.calls) == 1


@pytest.mark.parametrize("message", [f"Authorization: {BASIC}", f"token={TOKEN_TEXT[:20]}..."])
def test_an_echo_of_what_was_sent_is_not_repeated(server, message):
    server.post(US1 + PATH, status=403, json={"errors": [{"message": message}]})
    assert f"{REVOKING} with 403 (***); " in failure_of(revoke).message


def test_403_for_a_member_names_it(server):
    server.post(US1 + PATH, status=403, json={})
    message = failure_of(revoke, dataclasses.replace(CLIENT, member_cid=MEMBER)).message
    assert f"that member {MEMBER} is a child of this customer" in message
    assert "child of this customer" not in failure_of(revoke).message


@pytest.mark.parametrize(("status", "lasting"), [(429, True), (500, False), (503, False)])
def test_a_full_or_faulty_server_is_asked_again_and_has_not_refused(server, naps, status, lasting):
    server.post(US1 + PATH, status=status, json={})
    error = failure_of(revoke)
    assert f"{REVOKING} with {status}" in error.message
    assert (error.refused, error.lasting) == (False, lasting)
    assert len(server.calls) == CONNECTION.retries + 1


def test_no_answer_is_no_refusal(server, naps):
    server.post(US1 + PATH, body=ConnectionError("broken"))
    error = failure_of(revoke)
    assert error.message == f"{REVOKING}: {NO_WAY}."
    assert (error.refused, error.lasting) == (False, False)


@pytest.mark.parametrize(("status", "alive"), [(200, True), (403, True), (401, False)])
def test_whether_a_token_is_alive(server, status, alive):
    server.get(US1 + PROBE, status=status, json={"errors": [{"message": "access denied"}]})
    assert live() is alive
    [call] = server.calls
    assert call.request.headers["Authorization"] == f"Bearer {TOKEN_TEXT}"
    assert call.request.body is None


@pytest.mark.parametrize("status", [201, 302, 308, 400, 404, 429, 500, 503])
def test_what_else_is_answered_does_not_tell(server, naps, status):
    headers = {"X-Cs-Traceid": "0aB9-0aB9", "Location": US2 + PROBE}
    server.get(US1 + PROBE, status=status, json={"errors": [{"message": TOKEN_TEXT}]}, headers=headers)
    error = failure_of(live)
    assert error.message == f"{PROBING}: it answered {status} [X-Cs-Traceid 0aB9-0aB9]; try again later."
    assert not error.refused
    assert {call.request.url for call in server.calls} == {US1 + PROBE}
    assert len(server.calls) == (CONNECTION.retries + 1 if status in (429, 500, 503) else 1)


def test_no_answer_does_not_tell_either(server, naps):
    server.get(US1 + PROBE, body=ConnectionError("broken"))
    assert failure_of(live).message == f"{PROBING}: {NO_WAY}."


def test_a_lasting_failure_is_a_refusal_or_said_to_last():
    assert FalconError("no").lasting is False
    assert FalconError("no", refused=True).lasting is True
    assert (FalconError("no", lasting=True).lasting, FalconError("no", lasting=True).refused) == (True, False)


def test_basic_authorisation_adds_a_header(server):
    server.get(US1 + "/x", status=200)
    Wire(CONNECTION).send(Request("GET", US1 + "/x", auth=basic("me", "pw")))
    assert server.calls[0].request.headers["Authorization"] == "Basic bWU6cHc="
    assert server.calls[0].request.url == US1 + "/x"

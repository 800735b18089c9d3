# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of what is told of tokens, as a task that is not there; HTTP is faked and nothing nearer."""

from __future__ import annotations

import json

import pytest
import responses
from ansible_collections.falconops.auth.plugins.action import falcon_token_info
from ansible_collections.falconops.auth.plugins.action.falcon_token_revoke import ActionModule as RevokeAction
from ansible_collections.falconops.auth.tests.unit.examples import (
    DONE,
    ID,
    ISSUED,
    MEMBER,
    SECRET,
    TOKEN_TEXT,
    US1,
    US2,
)

PLUGIN = falcon_token_info
WHO = {"client_id": ID, "client_secret": SECRET}
ISSUE, PROBE = "/oauth2/token", "/sensors/queries/installers/ccid/v1"
NOBODYS = {
    "client": None,
    "client_id": ID,
    "cloud": "us-1",
    "hostname": US1,
    "member_cid": None,
    "session": None,
    "expires_at": None,
    "expires_in": None,
}


@pytest.fixture
def server():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for host in (US1, US2):
            mock.post(host + ISSUE, json=ISSUED, status=201)
            mock.get(host + PROBE, json=DONE)
        yield mock


def probes(server):
    """Of whom was asked whether a token is alive, and by which authorisation."""
    return [
        (call.request.url.removesuffix(PROBE), call.request.headers["Authorization"])
        for call in server.calls
        if call.request.url.endswith(PROBE)
    ]


def of_life(result):
    """What the result says of the life, which is no constant."""
    assert result["expires_at"].endswith("Z")
    assert 1790 <= result["expires_in"] <= 1799
    return {**result, "expires_at": None, "expires_in": None}


@pytest.mark.parametrize("check", [True, False])
def test_there_is_a_token(server, run, get, check):
    get(WHO)
    before = dict(run.variables["ansible_facts"])
    result = run({}, check=check)
    assert of_life(result) == {"changed": False, "token": True, **NOBODYS}
    assert TOKEN_TEXT not in json.dumps(result) and SECRET not in json.dumps(result)
    assert run.variables["ansible_facts"] == before
    assert len(server.calls) == 1


@pytest.mark.parametrize("more", [{}, {"verify": True}])
@pytest.mark.parametrize("check", [True, False])
def test_there_is_no_token_and_none_is_asked_for(server, run, check, more):
    assert run({**WHO, **more}, check=check) == {"changed": False, "token": False, **NOBODYS}
    assert run({**WHO, "all": True, **more})["tokens"] == []
    assert len(server.calls) == 0


def test_the_token_of_another_session_is_not_this_one(server, run, get):
    get(WHO)
    assert run({"session": "s"})["token"] is False
    assert run({"min_ttl": 1200})["token"] is True


def test_the_cloud_that_issued_it(server, run, get):
    server.replace("POST", US1 + ISSUE, status=308, headers={"Location": US2 + ISSUE})
    get(WHO)
    result = run({**WHO, "verify": True})
    assert (result["cloud"], result["hostname"]) == ("us-2", US2)
    assert probes(server) == [(US2, f"Bearer {TOKEN_TEXT}")]


@pytest.mark.parametrize(("status", "alive"), [(200, True), (403, True), (401, False)])
def test_the_api_itself_is_asked_on_demand(server, run, get, status, alive):
    get(WHO)
    server.replace("GET", US1 + PROBE, status=status, json=DONE)
    result = run({"verify": True})
    assert result["token"] is alive
    assert (result["expires_in"] is None) == (result["expires_at"] is None) == (not alive)
    assert probes(server) == [(US1, f"Bearer {TOKEN_TEXT}")]
    assert run({})["token"] is alive  # a dead one has left the store
    assert get({})["cached"] is alive


@pytest.mark.parametrize("check", [True, False])
def test_the_api_cannot_be_asked(server, run, get, naps, check):
    get(WHO)
    server.replace("GET", US1 + PROBE, status=503)
    result = run({"verify": True, "retries": 2}, check=check)
    assert result == {
        "failed": True,
        "changed": False,
        "msg": f"Asking {US1} whether a token is alive failed: it answered 503; try again later.",
    }
    assert (len(probes(server)), run({})["token"]) == (3, True)


@pytest.mark.parametrize(("status", "alive"), [(200, True), (403, True), (401, False)])
def test_a_given_token_is_asked_about(server, run, get, status, alive):
    get(WHO)
    server.replace("GET", US1 + PROBE, status=status, json=DONE)
    result = run({"access_token": "another", "verify": False})
    assert result == {"changed": False, "token": alive, **NOBODYS}
    assert probes(server) == [(US1, "Bearer another")]
    assert run({})["token"] is True


def test_a_given_token_that_is_dead_and_cached_leaves_the_store(server, run, get):
    get(WHO)
    server.replace("GET", US1 + PROBE, status=401)
    assert run({"access_token": TOKEN_TEXT})["token"] is False
    assert run({})["token"] is False


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_given_token_that_is_none_is_not_given(server, run, get, nothing):
    get(WHO)
    assert of_life(run({"access_token": nothing})) == {"changed": False, "token": True, **NOBODYS}
    assert probes(server) == []


def test_all_are_listed(server, run, get):
    for more in ({}, {"session": "s"}, {"member_cid": MEMBER}, {"cloud": "us-2"}):
        get.afresh({**WHO, **more})
    result = run.afresh({**WHO, "all": True})
    assert [of_life(each) for each in result["tokens"]] == [
        NOBODYS,
        {**NOBODYS, "session": "s"},
        {**NOBODYS, "member_cid": MEMBER},
        {**NOBODYS, "cloud": "us-2", "hostname": US2},
    ]
    assert TOKEN_TEXT not in json.dumps(result)
    assert probes(server) == []
    assert "tokens" not in run(WHO)


def test_all_are_listed_that_the_api_still_takes(server, run, get):
    for more in ({}, {"cloud": "us-2"}):
        get.afresh({**WHO, **more})
    server.replace("GET", US2 + PROBE, status=401)
    result = run.afresh({**WHO, "all": True, "verify": True})
    assert (result["token"], [each["hostname"] for each in result["tokens"]]) == (True, [US1])
    assert (US2, f"Bearer {TOKEN_TEXT}") in probes(server)
    assert len(run({**WHO, "all": True})["tokens"]) == 1
    assert get({**WHO, "cloud": "us-2"})["cached"] is False


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("token", True),
        ("tokens[].member_cid", [MEMBER]),
        ("tokens[].member_cid | [0]", MEMBER),
        ("nothing", None),
        ("tokens[?session=='s']", []),
        ("sort(keys(@))[0]", "changed"),
        ("[@][0].token", True),
    ],
)
def test_a_query_over_the_result(server, run, get, query, found):
    get({**WHO, "member_cid": MEMBER})
    result = run({"all": True, "query": query})
    assert result["result"] == found
    assert result["token"] is True
    assert "result" not in run({})


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("tokens[", "query is not a JMESPath expression: 'tokens[' breaks off at its end."),
        ("a ]b", "query is not a JMESPath expression: 'a ]b' breaks at character 3, before ']b'."),
        ("a `", "query is not a JMESPath expression: 'a `' breaks "),
    ],
)
@pytest.mark.parametrize("more", [{"verify": True}, {"access_token": TOKEN_TEXT}, {"all": True, "verify": True}])
def test_a_bad_query_is_told_before_anything_is_asked(server, run, get, query, sentence, more):
    get(WHO)
    result = run({"query": query, **more})
    assert result["failed"] is True and result["msg"].startswith(sentence)
    assert len(server.calls) == 1


def test_a_bad_option_is_told_before_a_given_token_is_asked_about(server, run, get):
    result = run({**WHO, "access_token": TOKEN_TEXT, "all": "perhaps"})
    assert result["msg"] == "all (argument of the task) must be true or false."
    assert probes(server) == []


def test_a_query_that_cannot_be_applied(server, run):
    result = run({**WHO, "query": "length(`7`)"})
    assert result["failed"] is True
    assert result["msg"].startswith("query 'length(`7`)' cannot be applied to the result: ")


@pytest.mark.parametrize("check", [True, False])
def test_without_credentials_there_is_no_token_and_no_failure(server, run, check):
    result = run({}, check=check)
    message = result.pop("msg")
    assert result == {"changed": False, "token": False}
    assert message.startswith("There are no Falcon credentials: ")
    assert "the context of host web1 is not set in this run" in message
    assert len(server.calls) == 0


def test_a_cleared_context_is_no_failure_either(server, run, get):
    get(WHO, check=True)
    assert run({})["client_id"] == ID
    run.of(RevokeAction)({})
    result = run({})
    assert (result["token"], "failed" in result) == (False, False)
    assert "the context of host web1 was cleared by falcon_token_revoke" in result["msg"]


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ({**WHO, "client_secret": f"{SECRET}\n"}, "client_secret (argument of the task) holds white space"),
        ({**WHO, "access_token": "two words"}, "access_token (argument of the task) is not a token; it holds white"),
        ({"client": "none-such"}, "There is no stored client 'none-such'"),
        ({"client_id": ID}, "but no client_secret goes with it"),
        ({**WHO, "verify": "maybe"}, "verify (argument of the task) must be true or false."),
    ],
)
def test_what_is_wrong_is_a_failure(server, run, args, sentence):
    result = run(args)
    assert result["failed"] is True and sentence in result["msg"]
    assert SECRET not in result["msg"] and "two words" not in result["msg"]
    assert len(server.calls) == 0


@pytest.mark.parametrize("alive", [True, False])
def test_a_delegated_task_asks_there(server, run, get, alive):
    get(WHO)
    result, action = run.delegated({"changed": False, "token": alive}, {"verify": True})
    assert result["token"] is alive
    sent = action._execute_module.call_args.kwargs
    assert sent["module_name"] == "falconops.auth.falcon_token_info"
    assert (sent["module_args"]["access_token"], sent["module_args"]["hostname"]) == (TOKEN_TEXT, US1)
    result, action = run.delegated(AssertionError(), {})
    assert result["token"] is alive and not action._execute_module.called
    assert probes(server) == []

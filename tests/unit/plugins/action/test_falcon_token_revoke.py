# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of revocation as a task that is not there; HTTP is faked and nothing nearer."""

from __future__ import annotations

import json
import time
from urllib.parse import parse_qs

import pytest
import responses
from ansible_collections.falconops.auth.plugins.action import falcon_token_revoke
from ansible_collections.falconops.auth.tests.unit.examples import (
    DONE,
    ID,
    MEMBER,
    OTHER_ID,
    OTHER_SECRET,
    SECRET,
    TOKEN_TEXT,
    US1,
    US2,
)

PLUGIN = falcon_token_revoke
WHO, OTHER = {"client_id": ID, "client_secret": SECRET}, {"client_id": OTHER_ID, "client_secret": OTHER_SECRET}
ISSUE, REVOKE = "/oauth2/token", "/oauth2/revoke"


class Server(responses.RequestsMock):
    """The API: a new token for each that asks, and any revocation."""

    def __init__(self):
        super().__init__(assert_all_requests_are_fired=False)
        self.issued = 0
        for host in (US1, US2):
            self.add_callback("POST", host + ISSUE, self._issue)
            self.post(host + REVOKE, json=DONE)

    def _issue(self, request):
        self.issued += 1
        return 201, {}, json.dumps({"access_token": f"token-{self.issued}", "expires_in": 1799})

    def revoked(self):
        """Which tokens were revoked, and where."""
        return [
            (call.request.url.removesuffix(REVOKE), parse_qs(call.request.body)["token"][0])
            for call in self.calls
            if call.request.url.endswith(REVOKE)
        ]


@pytest.fixture
def server():
    with Server() as mock:
        yield mock


def context(run):
    return run.variables["ansible_facts"].get("falcon_context")


def test_the_cached_token_is_revoked_and_the_context_cleared(server, run, get, said):
    get({**WHO, "session": "s"})
    result = run({})
    [revoked] = result.pop("revoked")
    expires_at, expires_in = revoked.pop("expires_at"), revoked.pop("expires_in")
    assert result == {"changed": True, "ansible_facts": {"falcon_context": {}}}
    assert revoked == {
        "client": None,
        "client_id": ID,
        "cloud": "us-1",
        "hostname": US1,
        "member_cid": None,
        "session": "s",
    }
    assert expires_at.endswith("Z") and 1790 <= expires_in <= 1799
    assert server.revoked() == [(US1, "token-1")]
    assert "token of client" in said[-1] and said[-1].endswith(" at us-1 revoked")
    assert "token-1" not in json.dumps([result, revoked, said]) and SECRET not in json.dumps([result, revoked, said])
    message = run({})["msg"]
    assert "There are no Falcon credentials" in message
    assert "the context of host web1 was cleared by falcon_token_revoke" in message
    assert "is not set in this run" not in message
    assert len(server.calls) == 2


def test_where_nothing_is_cached_nothing_is_sent_but_the_context_is_cleared(server, run, get):
    get(WHO, check=True)
    assert context(run)
    assert run({}) == {"changed": False, "revoked": [], "ansible_facts": {"falcon_context": {}}}
    assert run(WHO) == {"changed": False, "revoked": []}  # there is no context to clear
    assert len(server.calls) == 0


def test_the_context_of_another_client_is_kept(server, run, get):
    get(OTHER)
    get(WHO)
    before = context(run)
    result = run(OTHER)
    assert (result["changed"], "ansible_facts" in result, context(run)) == (True, False, before)
    assert server.revoked() == [(US1, "token-1")]
    assert get({})["cached"] is True


def test_another_member_of_the_contexts_client_clears_it_too(server, run, get):
    get(WHO)
    assert run({"member_cid": MEMBER}) == {"changed": False, "revoked": [], "ansible_facts": {"falcon_context": {}}}
    assert get(WHO)["cached"] is True
    assert server.revoked() == []


def test_it_is_idempotent_and_the_next_token_is_a_new_one(server, run, get):
    get(WHO)
    assert [run(WHO)["changed"] for _host in range(3)] == [True, False, False]
    assert get(WHO)["access_token"] == "token-2"
    assert len(server.calls) == 3


def test_other_sessions_members_and_clients_keep_theirs(server, run, get):
    others = [{**WHO, "session": "s"}, {**WHO, "member_cid": MEMBER}, {**WHO, "cloud": "us-2"}, OTHER]
    for args in (WHO, *others):
        get.afresh(args)
    assert run(WHO)["changed"] is True
    assert server.revoked() == [(US1, "token-1")]
    assert [get.afresh(args)["cached"] for args in others] == [True] * 4


def test_all_are_revoked(server, run, get):
    for more in ({}, {"session": "s"}, {"member_cid": MEMBER}, {"cloud": "us-2"}):
        get.afresh({**WHO, **more})
    get(OTHER)  # which is the context's from now on
    result = run({**WHO, "all": True})
    assert "ansible_facts" not in result
    assert [(each["hostname"], each["member_cid"], each["session"]) for each in result["revoked"]] == [
        (US1, None, None),
        (US1, None, "s"),
        (US1, MEMBER, None),
        (US2, None, None),
    ]
    assert server.revoked() == [(US1, "token-1"), (US1, "token-2"), (US1, "token-3"), (US2, "token-4")]
    assert run({**WHO, "all": True}) == {"changed": False, "revoked": []}
    assert get(OTHER)["cached"] is True


def test_it_is_revoked_at_the_cloud_that_issued_it(server, run, get):
    server.remove("POST", US1 + ISSUE)
    server.post(US1 + ISSUE, status=308, headers={"Location": US2 + ISSUE})
    get(WHO)
    assert run(WHO)["revoked"][0]["hostname"] == US2
    assert server.revoked() == [(US2, "token-1")]


def test_a_given_token_is_revoked_and_always_changes(server, run, get):
    get(WHO)
    for _host in range(2):
        result = run({**WHO, "access_token": TOKEN_TEXT})
        [revoked] = result["revoked"]
        assert (result["changed"], revoked["client_id"], revoked["expires_at"], revoked["expires_in"]) == (
            True,
            ID,
            None,
            None,
        )
        assert TOKEN_TEXT not in json.dumps(result)
    assert server.revoked() == [(US1, TOKEN_TEXT)] * 2
    assert get(WHO)["cached"] is True


def test_a_given_token_that_is_a_cached_one_is_forgotten(server, run, get):
    get({**WHO, "session": "s"})
    assert run({**WHO, "access_token": "token-1"})["revoked"][0]["session"] == "s"
    assert get({**WHO, "session": "s"})["cached"] is False


@pytest.mark.parametrize("nothing", [None, ""])
@pytest.mark.parametrize("more", [{}, {"all": True}])
def test_an_empty_token_revokes_no_other(server, run, get, nothing, more):
    get(WHO)
    result = run({**WHO, "access_token": nothing, **more})
    assert result["msg"] == "access_token is empty, so nothing was revoked; leave it out for the cached token."
    assert (result["failed"], server.revoked()) == (True, [])


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ({"all": True, "access_token": TOKEN_TEXT}, "all and access_token were both given; revoke either every token "),
        ({"access_token": "two words"}, "access_token (argument of the task) is not a token; it holds white space"),
        ({"access_token": f"{TOKEN_TEXT}\n"}, "access_token (argument of the task) is not a token; it holds white"),
        ({"access_token": ["a"]}, "access_token (argument of the task) must be a string."),
        ({"all": "maybe"}, "all (argument of the task) must be true or false."),
        ({"force": True}, "Unsupported argument of the task: force; there are access_token, all, ca_path"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_what_is_refused_before_anything_is_sent(server, run, get, args, sentence, check):
    get(WHO)
    result = run({**WHO, **args}, check=check)
    message = result.pop("msg")
    assert sentence in message
    assert not [text for text in (TOKEN_TEXT, "two words", SECRET) if text in message]
    assert result == {"failed": True, "changed": False}
    assert (len(server.calls), bool(context(run))) == (1, True)


@pytest.mark.parametrize(
    ("args", "would"),
    [
        ({}, f"revoke 1 token of client {ID}, session other"),
        ({"session": "s"}, f"find nothing to revoke of client {ID}, session s"),
        ({"all": True}, f"revoke 2 tokens of client {ID}"),
        ({"access_token": TOKEN_TEXT}, f"revoke 1 token of client {ID}"),
    ],
)
def test_check_mode_revokes_nothing_and_keeps_the_context(server, run, get, args, would):
    get(WHO)
    get({**WHO, "session": "other"})
    before = context(run)
    told = {"changed": "nothing" not in would, "revoked": [], "msg": f"Would {would}."}
    assert run({**WHO, **args}, check=True) == told
    assert (len(server.calls), context(run)) == (2, before)
    assert get(WHO)["cached"] is True


def test_check_mode_agrees_about_a_token_with_little_life_left(server, run, get, monkeypatch):
    get(WHO)
    later = time.time() + 1799 - 100
    monkeypatch.setattr(time, "time", lambda: later)
    assert run(WHO, check=True)["changed"] is run(WHO)["changed"] is True


@pytest.mark.parametrize("answer", [{}, {"unreachable": True, "msg": SECRET}, {"skipped": True}])
def test_a_module_that_did_not_run_there_has_revoked_nothing(server, run, get, answer):
    get(WHO)
    result, _action = run.delegated(answer, WHO)
    assert result.get("failed") is True and get({})["cached"] is True


@pytest.mark.parametrize("args", [{}, {"all": True}])
def test_check_mode_where_nothing_is_cached(server, run, args):
    told = {"changed": False, "revoked": [], "msg": f"Would find nothing to revoke of client {ID}."}
    assert run({**WHO, **args}, check=True) == told
    assert len(server.calls) == 0


def test_somebody_elses_token_is_a_sentence_and_the_context_stays(server, run, get):
    get(WHO)
    before = context(run)
    server.replace("POST", US1 + REVOKE, status=403, json={"errors": [{"message": f"no {TOKEN_TEXT} {SECRET}"}]})
    result = run({"access_token": TOKEN_TEXT})
    assert result["failed"] is True and result["changed"] is False
    assert result["msg"].startswith(
        f"Revoking a token of client {ID} at {US1} failed with 403 (no *** ***); check that the token is one of this "
    )
    assert context(run) == before


def test_a_failure_keeps_token_and_context(server, run, get, naps):
    get(WHO)
    before = context(run)
    server.replace("POST", US1 + REVOKE, status=503)
    result = run({"retries": 1})
    assert result["failed"] is True and "with 503" in result["msg"] and "try again later" in result["msg"]
    assert (len(server.revoked()), context(run), get({})["cached"]) == (2, before, True)
    server.replace("POST", US1 + REVOKE, json=DONE)
    assert run({})["changed"] is True


def test_a_delegated_task_revokes_there(server, run, get):
    get({**WHO, "member_cid": MEMBER})
    result, action = run.delegated({"changed": True}, {"timeout": 7})
    assert (result["changed"], result["ansible_facts"]) == (True, {"falcon_context": {}})
    sent = action._execute_module.call_args.kwargs
    assert sent["module_name"] == "falconops.auth.falcon_token_revoke"
    assert sent["module_args"] == {
        **WHO,
        "access_token": "token-1",
        "hostname": US1,
        "member_cid": MEMBER,
        "timeout": 7,
        "retries": 3,
        "proxy": None,
        "ca_path": None,
        "validate_certs": True,
        "user_agent": None,
    }
    assert server.revoked() == []
    again, second = run.delegated(AssertionError(), {**WHO, "member_cid": MEMBER})
    assert again["changed"] is False and not second._execute_module.called


def test_a_failure_there_keeps_the_token(server, run, get):
    get(WHO)
    result, _action = run.delegated({"failed": True, "msg": "Revoking failed.", "refused": False}, WHO)
    assert result == {"failed": True, "changed": False, "msg": "On bastion: Revoking failed."}
    result, _action = run.delegated({"failed": True, "msg": f"MODULE FAILURE {SECRET}"}, WHO)
    assert "Python 3.8 or newer with the library requests" in result["msg"] and SECRET not in result["msg"]
    assert get({})["cached"] is True


def test_all_but_one_that_cannot_be_revoked(server, run, get, naps):
    for session in ("a", "b", "c"):
        get({**WHO, "session": session})
    before = context(run)

    def revocation(request):
        return (503 if "token-2" in request.body else 200), {}, json.dumps(DONE)

    server.remove("POST", US1 + REVOKE)
    server.add_callback("POST", US1 + REVOKE, revocation)
    result = run({"all": True, "retries": 0})
    assert (result["failed"], result["changed"], context(run)) == (True, True, before)
    assert [each["session"] for each in result["revoked"]] == ["a", "c"]
    assert result["msg"].startswith("2 tokens were revoked, and 1 were not: Revoking a token of client ")
    assert "session b at" in result["msg"] and "failed with 503" in result["msg"]
    assert get({"session": "b"})["cached"] is True and get({"session": "a"})["cached"] is False

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of who is in a session and who revokes, by tasks that are not there; HTTP is faked and nothing nearer."""

from __future__ import annotations

import fcntl
import json
import os

import pytest
import responses
from ansible import constants as C
from ansible_collections.falconops.auth.plugins.action import falcon_session_gate
from ansible_collections.falconops.auth.plugins.action.falcon_session_gate import ActionModule
from ansible_collections.falconops.auth.plugins.action.falcon_token import ActionModule as TokenAction
from ansible_collections.falconops.auth.plugins.action.falcon_token_info import ActionModule as InfoAction
from ansible_collections.falconops.auth.plugins.plugin_utils._door import run_id
from ansible_collections.falconops.auth.tests.unit.controller import trust_as_template
from ansible_collections.falconops.auth.tests.unit.examples import DONE, ID, MEMBER, SECRET, US1
from ansible_collections.falconops.auth.tests.unit.tasks import Run

OTHER_ID = ID[::-1]
STORED = {
    "falcon_clients": {
        "production": {"client_id": ID, "client_secret": SECRET},
        "other": {"client_id": OTHER_ID, "client_secret": SECRET},
        "unfit": {"client_id": OTHER_ID},
    }
}
SESSION = {"client": "production", "session": "night"}
ENTERED, LEFT = {**SESSION, "state": "entered"}, {**SESSION, "state": "left"}


class Server(responses.RequestsMock):
    """The API: a new token for each that asks, and whatever answer to a revocation."""

    def __init__(self):
        super().__init__(assert_all_requests_are_fired=False)
        self.issued, self.revocation, self.refused = 0, 200, None
        self.add_callback("POST", f"{US1}/oauth2/token", self._issue)
        self.add_callback("POST", f"{US1}/oauth2/revoke", self._revoke)

    def _issue(self, _request):
        self.issued += 1
        return 201, {}, json.dumps({"access_token": f"token-{self.issued}", "expires_in": 1799})

    def _revoke(self, request):
        return (403 if self.refused and self.refused in request.body else self.revocation), {}, json.dumps(DONE)

    @property
    def asked(self):
        """How often it was asked for a token, and to revoke one."""
        paths = [call.request.url.rpartition("/")[2] for call in self.calls]
        return paths.count("token"), paths.count("revoke")


@pytest.fixture
def server():
    with Server() as mock:
        yield mock


@pytest.fixture
def run(server, tmp_path):
    os.mkdir(C.DEFAULT_LOCAL_TMP)
    (tmp_path / "work.yml").write_text("[]")
    run = Run(ActionModule)
    run.variables |= {**STORED, "playbook_dir": str(tmp_path), "ansible_play_batch": ["web1", "web2", "web3"]}
    return run


def at(run, host, args, **how):
    run.variables["inventory_hostname"] = host
    return run(args, **how)


def named(run, **inputs):
    given = {"client": "production", "session": "", "tasks": "work.yml", "within": "", **inputs}
    return run({"state": "named", **given})


def test_the_last_one_out_revokes(run, server):
    results = [at(run, host, ENTERED) for host in ("web1", "web2")]
    assert [(result["changed"], result["client"], result["session"]) for result in results] == [
        (True, "production", "night"),
        (False, "production", "night"),
    ]
    # One that has never entered does not matter, and neither does how often one leaves.
    for host in ("web2", "web3", "web2"):
        assert at(run, host, LEFT) == {"changed": False, "revoked": []}
    result = at(run, "web1", LEFT)
    assert result["changed"] and [each["session"] for each in result["revoked"]] == ["night"]
    assert server.asked == (1, 1)
    assert at(run, "web3", LEFT) == {"changed": False, "revoked": []}


def test_one_that_left_the_play_is_not_waited_for(run, server):
    for host in ("web1", "web2"):
        at(run, host, ENTERED)
    run.variables["ansible_play_batch"] = ["web2", "web3"]
    assert at(run, "web2", LEFT)["changed"]
    assert server.asked == (1, 1)


def test_one_that_left_by_meta_in_an_earlier_play_is_not_waited_for(run, server):
    at(run, "web2", ENTERED, play="play-0")
    at(run, "web1", ENTERED)
    assert at(run, "web1", LEFT)["changed"] and server.asked == (1, 1)


def test_what_is_kept_nowhere_cannot_be_revoked(run, server):
    run.variables["falcon_cache"] = False
    result = at(run, "web1", ENTERED)
    assert result["msg"].startswith("cache (variable falcon_cache) is false, and what is kept nowhere")
    assert server.asked == (0, 0)


@pytest.mark.parametrize("then", [{"client_id": ID, "client_secret": SECRET[::-1]}, None])
def test_it_revokes_as_whom_it_asked_whatever_is_stored_by_then(run, server, then):
    at(run, "web1", ENTERED)
    run.variables["falcon_clients"] = {**STORED["falcon_clients"], "production": then}
    [revoked] = at(run, "web1", LEFT)["revoked"]
    assert (revoked["client"], revoked["session"]) == ("production", "night") and server.asked == (1, 1)


def test_hosts_may_know_different_clients_by_the_same_name(run, server):
    at(run, "web1", ENTERED)
    other = {"falcon_clients": {"production": STORED["falcon_clients"]["other"]}}
    run.variables |= other
    at(run, "web2", ENTERED)
    assert at(run, "web1", LEFT) == {"changed": False, "revoked": []}
    revoked = at(run, "web2", LEFT)["revoked"]
    assert {each["client_id"] for each in revoked} == {ID, OTHER_ID} and server.asked == (2, 2)


def test_the_session_of_the_token_in_use(run):
    assert run({"state": "current"}) == {"changed": False}  # nobody's
    run.of(TokenAction)({"client": "production", "session": "mine"})
    assert run({"state": "current"}) == {"changed": False, "session": "mine"}
    run.variables["falcon_client"] = "other"  # whose token is another one
    assert run({"state": "current"}) == {"changed": False}
    run.variables["falcon_client"] = "production"
    assert run({"state": "current"}) == {"changed": False, "session": "mine"}
    run.variables["ansible_facts"]["falcon_context"]["session"] = "forged"
    assert run({"state": "current"}) == {"changed": False}


def test_the_context_of_a_session_counts_only_in_it(run):
    own = f"{run_id()}/1234"
    run.of(TokenAction)({"client": "production", "session": own})
    info = run.of(InfoAction)
    assert "msg" in info({})  # there are no credentials
    # As the role has it.
    run.variables["falcon_session_name"] = trust_as_template("{{ falcon_session.session }}")
    run.variables["falcon_session"] = {"session": own}
    assert info({})["token"] is True


def test_sessions_do_not_know_of_each_other(run, server):
    at(run, "web1", ENTERED)
    at(run, "web2", {**ENTERED, "session": "day"})
    [revoked] = at(run, "web1", LEFT)["revoked"]
    assert revoked["session"] == "night" and server.asked == (2, 1)


def test_tokens_of_members_go_too_and_others_stay(run, server):
    at(run, "web1", ENTERED)
    run.of(TokenAction)({**SESSION, "member_cid": MEMBER})
    run.of(TokenAction)({"client": "production", "session": "day", "member_cid": ""})
    revoked = at(run, "web1", LEFT)["revoked"]
    assert [(each["session"], each["member_cid"]) for each in revoked] == [("night", None), ("night", MEMBER)]
    assert server.asked == (3, 2)


def test_the_context_is_what_it_was_before_whatever_tasks_have_chosen(run):
    for choice in (SESSION, {"client": "production", "session": "day"}, {"client": "other", "session": "night"}):
        run.variables["ansible_facts"] = {}
        at(run, "web1", ENTERED)
        run.of(TokenAction)(choice)
        assert at(run, "web1", LEFT)["ansible_facts"] == {"falcon_context": {}}
    at(run, "web1", ENTERED)
    assert "ansible_facts" not in at(run, "web1", LEFT)
    run.of(TokenAction)({"client": "production", "session": "day"})
    before = run.variables["ansible_facts"]["falcon_context"]
    at(run, "web1", ENTERED)
    run.of(TokenAction)(SESSION)
    assert at(run, "web1", LEFT)["ansible_facts"] == {"falcon_context": before}


@pytest.mark.parametrize(("own", "gone"), [(True, ["production", "other"]), (False, ["production"])])
def test_in_a_session_of_the_runs_own_tokens_of_other_clients_go_too(run, own, gone):
    """In one by a name of the user's, another run may use those of others."""
    session = f"{run_id()}/0123abcd" if own else "night"
    at(run, "web1", {**ENTERED, "session": session})
    run.of(TokenAction)({"client": "other", "session": session})
    run.of(TokenAction)({"client": "other", "session": "day"})
    revoked = at(run, "web1", {**LEFT, "session": session})["revoked"]
    assert [(each["client"], each["session"]) for each in revoked] == [(name, session) for name in gone]


def test_who_does_not_know_the_client_has_not_entered(run, server):
    stranger = {"client": "nobody", "session": "night"}
    assert "no stored client 'nobody'" in at(run, "web1", {**stranger, "state": "entered"})["msg"]
    # It has failed already for that reason.
    assert at(run, "web1", {**stranger, "state": "left"}) == {"changed": False, "revoked": []}
    assert server.asked == (0, 0)


def test_a_failed_revocation_is_told_by_one(run, server):
    for host in ("web1", "web2"):
        at(run, host, ENTERED)
    run.variables["ansible_play_batch"] = []  # both have failed
    server.revocation = 403
    message = at(run, "web1", LEFT)["msg"]
    assert "failed with 403" in message
    assert "run falcon_token_revoke with client 'production' and session 'night'" in message
    assert at(run, "web2", LEFT) == {"changed": False, "revoked": []}
    assert server.asked == (1, 1)


def test_one_that_cannot_be_revoked_keeps_no_other_alive(run, server):
    session = f"{run_id()}/0123abcd"
    at(run, "web1", {**ENTERED, "session": session})
    for more in ({"member_cid": MEMBER}, {"member_cid": "", "client": "other"}):
        run.of(TokenAction)({**SESSION, "session": session, **more})
    server.refused = "token-1"
    result = at(run, "web1", {**LEFT, "session": session})
    assert result["failed"] and result["changed"] and "ansible_facts" not in result
    assert [(each["client"], each["member_cid"]) for each in result["revoked"]] == [
        ("production", MEMBER),
        ("other", None),
    ]
    assert result["msg"].startswith("2 tokens were revoked, and 1 were not: Revoking a token of client 'production'")
    assert f"run falcon_token_revoke with client 'production' and session '{session}'" in result["msg"]
    assert server.asked == (3, 3)


def test_a_process_that_is_killed_while_it_notes_leaves_what_was_noted(run, server, monkeypatch):
    def killed(handle, *args, **kwargs):
        raise KeyboardInterrupt

    at(run, "web1", ENTERED)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(os, "replace", killed)
        at(run, "web2", ENTERED)
    assert at(run, "web1", LEFT)["changed"] and server.asked == (1, 1)


def test_a_full_disk_is_a_sentence(run, server, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    run.of(TokenAction)(SESSION)
    monkeypatch.setattr("tempfile.mkstemp", full)
    message = at(run, "web1", ENTERED)["msg"]
    assert message.startswith("The hosts of the session night could not be noted in ")
    assert "(No space left on device)" in message


def test_who_waits_for_a_host_that_was_stopped_says_so(run, server, monkeypatch):
    at(run, "web1", ENTERED)
    [lock] = [name for name in os.listdir(locks(run)) if name == noted(run)]
    monkeypatch.setattr(falcon_session_gate, "_PATIENCE", 0.2)
    with open(os.path.join(locks(run), lock)) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        message = at(run, "web2", ENTERED)["msg"]
    assert message.startswith("Another host has been entering or leaving the session night for more than 0 seconds; ")
    assert at(run, "web1", LEFT)["changed"]


def noted(run):
    """The name under which the hosts of the one session are noted."""
    [name] = [each for each in os.listdir(C.DEFAULT_LOCAL_TMP) if each.startswith("falcon_session_")]
    return name.removeprefix("falcon_session_")


def locks(run):
    return os.path.join(run.variables["playbook_dir"], "home", "falconops_auth", "locks")


def test_check_mode_revokes_what_is_its_own(run, server):
    own = f"{run_id()}/0123abcd"
    for session, expected in (("night", (0, 0)), (own, (1, 1))):
        entered = at(run, "web1", {**ENTERED, "session": session}, check=True)
        assert entered["changed"] and entered["msg"].startswith(f"Would ask {US1}")
        if session == own:
            run.of(TokenAction)({**SESSION, "session": own})  # with check_mode: false, or a lookup
        at(run, "web1", {**LEFT, "session": session}, check=True)
        assert server.asked == expected


def test_a_name_of_its_own_for_each_use_in_a_run(run, tmp_path, monkeypatch):
    (tmp_path / "other.yml").write_text("[]")
    result = named(run)
    assert result["tasks"] == str(tmp_path / "work.yml") and result["session"].startswith("ansible-local-1/")
    assert named(run) == result == named(run, tasks=str(tmp_path / "work.yml"))
    monkeypatch.setenv("FALCON_SESSION", "of-the-pipeline")
    run.variables["falcon_session_name"] = "of-the-group"
    others = [{"client": "other"}, {"tasks": "other.yml"}, {"within": "night"}]
    sessions = {named(run, **each)["session"] for each in others} | {result["session"], named(run)["session"]}
    assert len(sessions) == 4
    monkeypatch.setattr(C, "DEFAULT_LOCAL_TMP", "ansible-local-2")
    assert named(run)["session"] not in sessions


def test_a_given_name_counts_unless_it_is_that_of_the_session_around(run):
    assert named(run, session="night")["session"] == "night"
    assert named(run, session="night", within="night")["session"].startswith("ansible-local-1/")


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"client": ""}, "falcon_session_client is empty"),
        ({"tasks": ""}, "which is no file"),
        ({"tasks": "nothing.yml"}, "nothing.yml, which is no file"),
        ({"session": "a b"}, "session (argument of the role falcon_session) must be"),
    ],
)
def test_a_name_for_what_cannot_be(run, inputs, words):
    run.variables["falcon_client"] = "production"
    result = named(run, **inputs)
    assert result["failed"] and words in result["msg"]


@pytest.mark.parametrize("name", ["client", "client_id", "client_secret", "cloud", "hostname", "member_cid"])
def test_what_beats_the_role_is_named_and_not_shown(run, server, name):
    run.variables[f"falcon_{name}"] = "something"
    empty = dict.fromkeys(("client_id", "client_secret", "cloud", "hostname", "member_cid"), "")
    result = at(run, "web1", {**ENTERED, **empty})
    assert result["msg"].startswith(f"falcon_{name} is an extra variable (-e)") and "something" not in result["msg"]
    assert server.asked == (0, 0)

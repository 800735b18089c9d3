# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the action plugin with a task and a connection that are not there; HTTP is faked and nothing nearer."""

from __future__ import annotations

import json
import os

import pytest
import responses
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.falconops.auth.plugins.action import falcon_token as action_plugin
from ansible_collections.falconops.auth.tests.unit.examples import ID, ISSUED, MEMBER, SECRET, TOKEN_TEXT, US1, US2

PLUGIN = action_plugin
WHO = {"client_id": ID, "client_secret": SECRET}
PATH = "/oauth2/token"


@pytest.fixture
def server():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(US1 + PATH, json=ISSUED, status=201)
        yield mock


def test_a_token_and_what_is_told_of_it(server, run):
    result = run({**WHO, "session": "s"})
    expires_in, expires_at, facts = (result.pop(name) for name in ("expires_in", "expires_at", "ansible_facts"))
    assert result == {
        "_ansible_no_log": True,
        "changed": True,
        "cached": False,
        "access_token": TOKEN_TEXT,
        "token_type": "bearer",
        "headers": {"Authorization": f"Bearer {TOKEN_TEXT}"},
        "auth": {"access_token": TOKEN_TEXT, "cloud": "us-1"},
        "client": None,
        "client_id": ID,
        "cloud": "us-1",
        "hostname": US1,
        "member_cid": None,
        "session": "s",
    }
    assert 1790 <= expires_in <= 1799
    assert expires_at.endswith("Z")
    assert list(facts) == ["falcon_context"]
    assert SECRET not in json.dumps([result, facts])
    assert run.last._task.no_log is True


def test_the_second_time_it_is_cached_and_nothing_has_changed(server, run):
    assert run(WHO)["changed"] is True
    result = run(WHO, uuid="task-2")
    assert (result["changed"], result["cached"], result["access_token"]) == (False, True, TOKEN_TEXT)
    assert len(server.calls) == 1


def test_the_context_serves_later_tasks_until_another_run(server, run):
    run({**WHO, "member_cid": MEMBER})
    result = run({})
    assert (result["cached"], result["client_id"], result["member_cid"]) == (True, ID, MEMBER)
    assert run({"member_cid": ""})["member_cid"] is None
    assert len(server.calls) == 2


def test_force_asks_once_for_all_hosts_of_a_task(server, run):
    run(WHO)
    for _host in range(3):
        run({**WHO, "force": True}, uuid="task-2")
    assert len(server.calls) == 2


def test_who_was_sent_on_is_told_where(server, run):
    server.replace("POST", US1 + PATH, status=308, headers={"Location": US2 + PATH})
    server.post(US2 + PATH, json=ISSUED, status=201)
    result = run(WHO)
    assert (result["cloud"], result["hostname"], result["auth"]["cloud"]) == ("us-2", US2, "us-2")
    assert result["ansible_facts"]["falcon_context"]["hostname"] == US2
    assert run({})["cached"] and run({**WHO, "cloud": "us-2"})["cached"] and run({**WHO, "cloud": "us-1"})["cached"]
    assert len(server.calls) == 2


def test_check_mode_asks_for_nothing_and_says_what_it_would_do(server, run):
    result = run({**WHO, "member_cid": MEMBER}, check=True)
    assert result["changed"] is True
    assert result["msg"] == f"Would ask {US1} for a new token of client {ID}, member {MEMBER}."
    assert (result["expires_at"], result["expires_in"], result["member_cid"]) == (None, None, MEMBER)
    assert not {"access_token", "headers", "auth", "_ansible_no_log", "cached"} & set(result)
    assert run({}, check=True)["member_cid"] == MEMBER  # the context is set in check mode too
    assert len(server.calls) == 0


def test_check_mode_with_a_cached_token(server, run, said):
    run(WHO)
    said.clear()
    result = run(WHO, check=True)
    assert [line.partition(", valid until")[0] for line in said] == [
        f"falconops.auth: token of client {ID} at us-1 taken from the cache"
    ]
    assert (result["changed"], result["cached"], result["access_token"]) == (False, True, TOKEN_TEXT)
    result = run({**WHO, "force": True}, check=True)
    assert result["changed"] is True and "access_token" not in result
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ({}, "There are no Falcon credentials"),
        ({**WHO, "client_secret": SECRET + "\n"}, "client_secret (argument of the task) holds white space"),
        ({**WHO, "colour": "red"}, "Unsupported argument of the task: colour"),
        ({**WHO, "min_ttl": -1}, "min_ttl (argument of the task) must be a number from 0 to 1200."),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_a_failure_is_readable_and_sets_no_context(server, run, args, sentence, check):
    result = run(args, check=check)
    message = result.pop("msg")
    assert sentence in message and SECRET not in message
    assert result == {"failed": True, "changed": False}
    assert len(server.calls) == 0


def test_a_refusal_leaves_context_and_token_alone(server, run):
    run(WHO)
    before = dict(run.variables["ansible_facts"])
    server.replace("POST", US1 + PATH, status=403, json={"errors": [{"message": "access denied"}]})
    result = run({**WHO, "member_cid": MEMBER})
    assert result["failed"] is True and "with 403 (access denied)" in result["msg"]
    assert run.variables["ansible_facts"] == before
    assert run({})["cached"] is True


def test_fifty_hosts_with_a_wrong_secret_ask_once(server, run):
    server.replace("POST", US1 + PATH, status=403, json={})
    assert {run(WHO)["failed"] for _host in range(50)} == {True}
    assert len(server.calls) == 1


@pytest.mark.parametrize(("name", "value"), [("A=B", "x"), ("", "x"), ("a\0b", "x"), ("FALCON_CLOUD", "a\0b")])
def test_an_environment_keyword_that_no_process_can_have_is_a_sentence(run, name, value):
    before = dict(os.environ)
    result = run({}, environment=[{"FALCON_SESSION": "x"}, {name: value}])
    assert result["msg"].startswith("environment: the name or the value of ")
    assert dict(os.environ) == before


def test_the_environment_keyword_counts_and_is_gone_afterwards(server, run, monkeypatch):
    monkeypatch.setenv("FALCON_CLIENT_ID", "overlaid")
    overlays = [{"FALCON_CLIENT_ID": MEMBER, "FALCON_CLIENT_SECRET": SECRET}, {"FALCON_CLIENT_ID": ID, "PORT": 7}]
    before = dict(os.environ)
    assert run({}, environment=overlays)["client_id"] == ID
    assert dict(os.environ) == before
    assert run({}, environment=[{"FALCON_CLOUD": "mars"}], check=True).get("failed") is None  # the context comes first
    assert dict(os.environ) == before


@pytest.mark.parametrize("check", [True, False])
def test_an_unexpected_exception_is_told_without_its_text(run, monkeypatch, check):
    def fail(*args, **kwargs):
        raise RuntimeError(f"no {SECRET}")

    monkeypatch.setattr(action_plugin, "shown", fail)
    with responses.RequestsMock() as server:
        if not check:
            server.post(US1 + PATH, json=ISSUED, status=201)
        result = run(WHO, check=check)
    assert result["failed"] is True and "ansible_facts" not in result
    assert result["msg"].startswith("falconops.auth has a fault: RuntimeError in ")
    assert SECRET not in json.dumps(result)


def delegated(run, answer, args=None):
    return run.delegated(answer, args or WHO)


def test_a_delegated_task_asks_there_and_keeps_the_token_here(server, run):
    args = {**WHO, "member_cid": f"{MEMBER.upper()}-12", "timeout": 7, "session": "s"}
    result, action = delegated(run, {**ISSUED, "hostname": US2, "changed": True}, args)
    assert (result["changed"], result["hostname"], result["access_token"]) == (True, US2, TOKEN_TEXT)
    sent = action._execute_module.call_args.kwargs
    assert sent["module_name"] == "falconops.auth.falcon_token"
    assert sent["module_args"] == {
        **WHO,
        "hostname": US1,
        "member_cid": MEMBER,
        "timeout": 7,
        "retries": 3,
        "proxy": None,
        "ca_path": None,
        "validate_certs": True,
        "user_agent": None,
    }
    assert run({**args})["cached"] is True
    again, second = delegated(run, AssertionError(), args)
    assert again["cached"] is True and not second._execute_module.called
    assert len(server.calls) == 0


def test_no_log_is_on_while_the_module_runs_there(run):
    action = run.action(WHO, elsewhere="bastion")
    seen = []

    def execute(**kwargs):
        seen.append((action._task.no_log, action._play_context.no_log))
        return {"failed": True, "msg": "no"}

    action._execute_module = execute
    action.run(task_vars=run.variables)
    assert seen == [(True, True)]
    assert action._task.no_log is False


@pytest.mark.parametrize("refused", [True, False])
def test_a_failure_there_names_the_machine(run, refused):
    result, _action = delegated(run, {"failed": True, "msg": "Asking failed with 403.", "refused": refused})
    assert result == {"failed": True, "changed": False, "msg": "On bastion: Asking failed with 403."}


@pytest.mark.parametrize(
    "answer",
    [
        {"failed": True, "msg": f"MODULE FAILURE {SECRET}", "module_stdout": SECRET},
        {"unreachable": True, "msg": SECRET},
        {"access_token": TOKEN_TEXT},
        {},
    ],
)
def test_a_module_that_did_not_run_there(run, answer):
    result, _action = delegated(run, answer)
    assert "Python 3.8 or newer with the library requests" in result["msg"]
    assert "bastion" in result["msg"]
    assert SECRET not in json.dumps(result)


def test_a_machine_that_cannot_be_reached_is_ansibles_to_tell(run):
    with pytest.raises(AnsibleConnectionFailure):
        delegated(run, AnsibleConnectionFailure("no route"))


def test_no_secret_is_left_in_files_there(run, monkeypatch):
    monkeypatch.setattr("ansible.constants.DEFAULT_KEEP_REMOTE_FILES", True)
    result, action = delegated(run, {})
    assert "keep_remote_files is on" in result["msg"] and "bastion" in result["msg"]
    assert not action._execute_module.called

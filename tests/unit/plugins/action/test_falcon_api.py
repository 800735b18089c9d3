# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of calls as tasks that are not there; HTTP is faked and nothing nearer."""

from __future__ import annotations

import hashlib
import json
import os
from unittest.mock import Mock

import pytest
import responses
from ansible_collections.falconops.auth.plugins.action import falcon_api
from ansible_collections.falconops.auth.tests.unit.examples import ID, ISSUED, SECRET, TOKEN_TEXT, US1

PLUGIN = falcon_api
WHO = {"client_id": ID, "client_secret": SECRET}
HOSTS, GROUPS = "/devices/queries/devices/v1", "/devices/entities/host-groups/v1"
INSTALLER, REVEAL = "/sensors/entities/download-installer/v3", "/policy/combined/reveal-uninstall-token/v1"
UPLOAD = {"path": "/samples/entities/samples/v3", "method": "POST", "body_format": "multipart"}
BLOB = b"\x7fELF\xff" * 100
SUM = hashlib.sha256(BLOB).hexdigest()


@pytest.fixture
def server():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(f"{US1}/oauth2/token", json=ISSUED, status=201)
        mock.get(US1 + HOSTS, json={"resources": ["a", "b"], "meta": {"pagination": {"offset": 0, "total": 2}}})
        mock.post(US1 + GROUPS, json={"resources": [{"id": "g"}], "meta": {"writes": {"resources_affected": 1}}})
        mock.get(US1 + INSTALLER, body=BLOB, content_type="application/octet-stream")
        mock.post(US1 + REVEAL, json={"resources": [{"uninstall_token": "u-secret"}], "meta": {}})
        yield mock


def sent(server):
    """What was sent, but for requests for tokens."""
    return [call.request for call in server.calls if "/oauth2/" not in call.request.url]


@pytest.mark.parametrize("check", [True, False])
def test_a_read(server, run, check):
    result = run({**WHO, "path": HOSTS, "query": "resources[0]"}, check=check)
    assert (result["resources"], result["result"], result["changed"]) == (["a", "b"], "a", False)
    assert (result["cloud"], result["member_cid"], result["session"], result["status"]) == ("us-1", None, None, 200)
    assert TOKEN_TEXT not in json.dumps(result) and SECRET not in json.dumps(result)
    assert "_ansible_no_log" not in result and "deprecation" not in result
    assert len(sent(server)) == 1 and len(server.calls) == 2


def test_a_write_and_its_check_mode(server, run):
    args = {**WHO, "path": GROUPS, "method": "POST", "body": {"resources": [{"name": "x"}]}}
    assert run(args, check=True) == {
        "changed": True,
        "request": {"method": "POST", "path": GROUPS, "params": {}, "body": {"resources": [{"name": "x"}]}},
        "msg": f"Would send POST {GROUPS}.",
    }
    assert len(server.calls) == 0
    result = run(args)
    assert (result["changed"], result["resources"]) == (True, [{"id": "g"}])
    would = run({"path": GROUPS, "method": "DELETE", "ids": ["a"], "params": {"b": 1}}, check=True)
    assert would["request"] == {"method": "DELETE", "path": GROUPS, "params": {"b": 1}, "body": None, "ids": ["a"]}
    assert len(sent(server)) == 1


def test_a_dead_token_is_replaced_in_the_store(server, run):
    run({**WHO, "path": HOSTS})
    server.replace("POST", f"{US1}/oauth2/token", json={**ISSUED, "access_token": "another.token"}, status=201)
    server.add_callback("GET", US1 + GROUPS, lambda request: (
        (401, {}, "") if request.headers["Authorization"].endswith(TOKEN_TEXT) else (200, {}, '{"resources": ["c"]}')
    ))  # fmt: skip
    assert run({**WHO, "path": GROUPS})["resources"] == ["c"]
    assert run({**WHO, "path": GROUPS})["resources"] == ["c"]
    tokens = [request.headers["Authorization"] for request in sent(server)[1:]]
    assert tokens == [f"Bearer {TOKEN_TEXT}", "Bearer another.token", "Bearer another.token"]


def test_a_failure_tells_what_was_done(server, run):
    server.replace(
        "POST", US1 + GROUPS, json={"resources": ["a"], "errors": [{"code": 404, "message": "b"}]}, status=400
    )
    result = run({**WHO, "path": GROUPS, "method": "POST", "body": {}})
    assert (result["failed"], result["changed"], result["resources"], result["cloud"]) == (True, True, ["a"], "us-1")
    assert "did only a part (400): 1 done, 1 not (b)" in result["msg"]


def test_a_query_that_fails_does_not_hide_that_something_was_done(server, run):
    for query in ("length(status)", "contains('a', nothing)"):
        result = run({**WHO, "path": GROUPS, "method": "POST", "body": {}, "query": query})
        assert (result["failed"], result["changed"], result["status"]) == (True, True, 200)
        assert "cannot be applied to the result" in result["msg"]


@pytest.mark.parametrize("check", [True, False])
def test_what_is_known_to_be_secret_is_hidden(server, run, check):
    result = run({**WHO, "path": REVEAL, "method": "POST", "body": {"device_id": "x"}}, check=check)
    assert result["_ansible_no_log"] is True and result["hidden"] is True and run.last._task.no_log is True
    assert check or result["resources"] == [{"uninstall_token": "u-secret"}]


def test_why_it_failed_is_shown_without_what_may_be_secret(server, run):
    answer = {"more": "u-secret", "errors": [{"code": 403, "message": "b"}]}
    server.replace("POST", US1 + REVEAL, json=answer, status=403)
    result = run({**WHO, "path": REVEAL, "method": "POST", "body": {"device_id": "x"}})
    assert result["failed"] and "failed with 403" in result["msg"] and "u-secret" not in json.dumps(result)
    assert "_ansible_no_log" not in result and run.last._task.no_log is False


@pytest.mark.parametrize("query", [None, "sort(resources)"])
def test_a_secret_that_came_with_a_failure_is_kept_and_hidden(server, run, said, query):
    errors = [] if query else [{"code": 404, "message": "b"}]
    answer = {"resources": [{"uninstall_token": "u-secret"}], "errors": errors}
    server.replace("POST", US1 + REVEAL, json=answer, status=207)
    more = {"query": query} if query else {}
    result = run({**WHO, "path": REVEAL, "method": "POST", "body": {"device_id": "x"}, **more})
    assert result["failed"] and result["resources"] == answer["resources"] and "u-secret" not in result["msg"]
    assert result["_ansible_no_log"] is True and result["hidden"] is True
    assert [line for line in said if result["msg"] in line] and "u-secret" not in str(said)


def test_bytes_into_a_file(server, run, tmp_path):
    dest = tmp_path / "sensor.rpm"
    args = {**WHO, "path": INSTALLER, "params": {"id": SUM}, "dest": str(dest), "mode": "0640"}
    assert run(args, check=True)["changed"] is True and not dest.exists()
    result = run(args)
    assert (result["changed"], result["dest"], result["size"], result["checksum"]) == (
        True, str(dest), len(BLOB), f"sha256:{SUM}",
    )  # fmt: skip
    assert "resources" not in result and "content" not in result and dest.read_bytes() == BLOB
    assert run(args)["changed"] is False
    requests = len(server.calls)
    there = run({**args, "checksum": SUM})
    assert there == {"changed": False, "dest": str(dest), "size": len(BLOB), "checksum": f"sha256:{SUM}"}
    assert len(server.calls) == requests
    wrong = run({**args, "checksum": "0" * 64})
    assert wrong["failed"] and "was thrown away" in wrong["msg"] and dest.read_bytes() == BLOB


@pytest.mark.parametrize(("ignore", "failed"), [([404], False), ([], True)])
def test_no_answer_that_belongs_there_leaves_the_file(server, run, tmp_path, ignore, failed):
    dest = tmp_path / "file"
    dest.write_bytes(b"old")
    server.replace("GET", US1 + INSTALLER, status=404, json={"errors": [{"code": 404, "message": "none"}]})
    result = run({**WHO, "path": INSTALLER, "dest": str(dest), "ignore_codes": ignore})
    assert (bool(result.get("failed")), result["changed"], result["status"]) == (failed, False, 404)
    assert dest.read_bytes() == b"old" and list(tmp_path.glob(".falconops*")) == []


@pytest.mark.parametrize(("status", "body"), [(204, b""), (200, b"")])
def test_nothing_leaves_the_file(server, run, said, tmp_path, status, body):
    dest = tmp_path / "file"
    dest.write_bytes(b"old")
    server.replace("GET", US1 + INSTALLER, status=status, body=body)
    result = run({**WHO, "path": INSTALLER, "dest": str(dest)})
    assert (result["changed"], result["status"], result.get("dest"), dest.read_bytes()) == (False, status, None, b"old")
    assert [line for line in said if f"was answered with nothing ({status}), so dest stays as it was" in line]
    wrong = run({**WHO, "path": INSTALLER, "dest": str(dest), "checksum": SUM})
    assert wrong["failed"] and "was thrown away" in wrong["msg"] and dest.read_bytes() == b"old"
    # Of a list, nothing is what there is.
    server.replace("GET", US1 + HOSTS, json={"resources": [], "meta": {"pagination": {"total": 0}}})
    assert run({**WHO, "path": HOSTS, "paginate": True, "dest": str(dest)})["changed"] and dest.read_bytes() == b""


@pytest.mark.parametrize("let", [{"allow_partial": True}, {"ignore_codes": [404]}])
def test_items_that_came_are_in_the_file_whatever_the_last_answer_was(server, run, tmp_path, let):
    dest, part = tmp_path / "hosts.jsonl", {"resources": ["a"], "errors": [{"code": 404, "message": "no b"}]}
    server.replace("GET", US1 + HOSTS, status=400, json=part)
    result = run({**WHO, "path": HOSTS, "ids": ["a", "b"], "dest": str(dest), **let})
    assert (dest.read_text(), result["changed"], result["dest"], result["status"]) == ('"a"\n', True, str(dest), 400)


def test_a_list_in_a_file_tells_what_is_missing(server, run, tmp_path):
    dest, text = tmp_path / "hosts.json", '{"meta": {"pagination": {"total": 9}}, "resources": ["a"], "errors": []}'
    server.replace("GET", US1 + HOSTS, body=text, content_type="application/json")
    result = run({**WHO, "path": HOSTS, "dest": str(dest)})
    assert (dest.read_text(), result["count"], result["total"], result["truncated"]) == (text, 1, 9, True)
    assert not {"resources", "json", "content"}.intersection(result)
    other = '{"errors": [{"code": 404, "message": "no b"}], "meta": {}, "resources": ["a"]}'
    server.replace("GET", US1 + HOSTS, body=other, content_type="application/json")
    result = run({**WHO, "path": HOSTS, "dest": str(dest)})
    assert "did only a part" in result["msg"] and dest.read_text() == text
    assert not run({**WHO, "path": HOSTS, "dest": str(dest), "allow_partial": True}).get("failed")
    assert dest.read_text() == other
    report = '{"errors": [{"message": "of a report"}]}'
    server.replace("GET", US1 + HOSTS, body=report, content_type="application/json")
    assert not run({**WHO, "path": HOSTS, "dest": str(dest)}).get("failed") and dest.read_text() == report


def test_items_into_a_file(server, run, tmp_path):
    dest = tmp_path / "hosts.jsonl"
    result = run({**WHO, "path": HOSTS, "paginate": True, "dest": str(dest)})
    assert (result["changed"], result["count"], dest.read_text()) == (True, 2, '"a"\n"b"\n')
    assert run({**WHO, "path": HOSTS, "ids": ["x"], "dest": str(dest)})["changed"] is False


def test_a_file_as_the_body(server, run, tmp_path):
    (tmp_path / "body").write_bytes(BLOB)
    args = {**WHO, "path": GROUPS, "method": "POST", "src": str(tmp_path / "body")}
    assert run(args, check=True)["request"]["src"] == str(tmp_path / "body")
    run(args)
    assert sent(server)[0].headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(("named", "filename"), [({}, "sample.bin"), ({"filename": "other"}, "other")])
def test_files_as_parts_of_the_body(server, run, tmp_path, named, filename):
    server.post(US1 + UPLOAD["path"], json={"resources": [{"sha256": SUM}]})
    path = tmp_path / "sample.bin"
    path.write_bytes(BLOB)
    args = {**WHO, **UPLOAD, "body": {"sample": {"src": str(path), **named}, "file_name": "x"}}
    assert run(args, check=True)["request"]["body"] == args["body"]
    result = run(args)
    assert result["changed"] is True, result.get("msg")
    [request] = sent(server)
    content = request.body
    assert len(content) == int(request.headers["Content-Length"])
    assert f'name="sample"; filename="{filename}"'.encode() in content and BLOB in content
    assert b'name="file_name"\r\n\r\nx\r\n' in content
    result, action = run.delegated({}, args)
    assert "src is for files of the control node" in result["msg"] and not action._execute_module.called


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ({}, "path is missing"),
        ({"path": GROUPS, "method": "POST", "src": "/no/such/file"}, "src /no/such/file cannot be read (No such file"),
        ({"path": GROUPS, "method": "POST", "src": "/"}, "src / cannot be read (Not a regular file); nothing was sent"),
        ({"path": GROUPS, "method": "POST", "src": "/dev/zero"}, "src /dev/zero cannot be read (Not a regular file)"),
        ({**UPLOAD, "body": {"file": {"src": "/no/such/file"}}}, "src /no/such/file cannot be read (No such file"),
        ({**UPLOAD, "body": {"file": {"src": "/dev/zero"}}}, "src /dev/zero cannot be read (Not a regular file)"),
        ({"path": HOSTS, "dest": "/no/such/file"}, "dest is /no/such/file, and there is no directory /no/such"),
        ({"path": HOSTS, "dest": "/"}, "dest is /, which is a directory"),
        ({"path": HOSTS, "dest": "/dev/null"}, "Not a regular file"),
        ({"path": GROUPS, "method": "POST", "dest": "x"}, "dest is for what only reads"),
        ({"path": HOSTS, "dest": "x", "method": "HEAD"}, "dest goes with no HEAD"),
        ({"path": HOSTS, "dest": "x", "query": "a"}, "query and dest exclude each other"),
        ({"path": HOSTS, "mode": "0600"}, "mode and checksum are those of dest, which is missing"),
        ({"path": HOSTS, "query": "a["}, "query is not a JMESPath expression"),
        ({"path": HOSTS, "access_token": "x"}, "access_token is the action plugin's to set"),
        ({"path": HOSTS, "ids": []}, "ids (argument of the task) is empty"),
    ],
)
def test_what_is_refused_before_anything_is_sent(server, run, check, args, sentence):
    result = run({**WHO, **args}, check=check)
    assert result["failed"] and not result["changed"] and sentence in result["msg"]
    assert len(server.calls) == 0


@pytest.mark.parametrize("more", [{"dest": "x"}, {"src": "x", "method": "POST"}, {"dest": "x", "mode": "0600"}])
def test_files_of_the_control_node_do_not_go_to_another_machine(run, more):
    result, action = run.delegated({}, {**WHO, "path": HOSTS, **more})
    assert "of the control node, which bastion cannot reach" in result["msg"]
    assert not action._execute_module.called


def test_delegated_it_is_the_module_that_calls(server, run):
    answer = {
        **{"changed": False, "status": 200, "resources": ["a"], "deprecation": "", "truncated": False},
        **{"ansible_facts": {"falcon_client_id": "planted"}, "warnings": ["x"], "invocation": {}, "anything": 1},
    }
    run.of(PLUGIN.ActionModule)({**WHO, "path": HOSTS})
    result, action = run.delegated(answer, {**WHO, "path": HOSTS, "params": {"limit": 1}, "max_wait": 0})
    assert result == {
        **{"changed": False, "status": 200, "resources": ["a"], "truncated": False},
        **{"cloud": "us-1", "member_cid": None, "session": None},
    }
    told = action._execute_module.call_args.kwargs["module_args"]
    assert (told["access_token"], told["path"], told["read_only"], told["max_wait"]) == (TOKEN_TEXT, HOSTS, True, 0)


@pytest.mark.parametrize(
    "answer", [{}, {"skipped": True}, {"unreachable": True}, {"failed": True, "msg": f"MODULE FAILURE {SECRET}"}]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_delegated_a_call_without_an_end_may_have_been_made(server, run, answer, method):
    path = HOSTS if method == "GET" else GROUPS
    run({**WHO, "path": HOSTS})
    result, _action = run.delegated(answer, {**WHO, "path": path, "method": method})
    assert result["failed"] is True and SECRET not in str(result)
    assert result["msg"].startswith(f"Asking {US1} from bastion failed: the module did not run there, or not to its")
    assert (f"look whether {method} {path} was done" in result["msg"]) is (method == "POST")


@pytest.mark.parametrize("body", [{}, [], {"a": None}, None])
def test_delegated_the_body_is_as_it_is_from_here(server, run, body):
    run({**WHO, "path": HOSTS})
    args = {**WHO, "path": GROUPS, "method": "POST", **({} if body is None else {"body": body})}
    _result, action = run.delegated({"status": 200}, args)
    assert action._execute_module.call_args.kwargs["module_args"].get("body") == body


def test_delegated_with_a_dead_token_another_one_is_sent(server, run):
    run({**WHO, "path": HOSTS})
    action = run.action({**WHO, "path": HOSTS}, elsewhere="bastion")
    fresh = {**ISSUED, "access_token": "another.token", "hostname": US1, "changed": True}
    answers = iter([{"dead": True, "changed": False}, fresh, {"changed": False, "status": 200, "resources": ["a"]}])
    calls = []
    action._execute_module = lambda **kwargs: (calls.append(kwargs), next(answers))[1]
    assert action.run(task_vars=run.variables)["resources"] == ["a"]
    tokens = [each["module_args"].get("access_token") for each in calls]
    assert tokens == [TOKEN_TEXT, None, "another.token"]


def test_delegated_with_dead_tokens_only(server, run):
    run({**WHO, "path": HOSTS})
    action = run.action({**WHO, "path": HOSTS}, elsewhere="bastion")
    fresh = {**ISSUED, "access_token": "another.token", "hostname": US1, "changed": True}
    answers = iter([{"dead": True}, fresh, {"dead": True}])
    action._execute_module = lambda **kwargs: next(answers)
    result = action.run(task_vars=run.variables)
    assert result["msg"].startswith(f"On bastion: GET {HOSTS} at {US1} failed with 401, and with a new token again")


@pytest.mark.parametrize("cache", [True, False])
def test_a_401_that_is_not_the_tokens_fault_costs_a_run_two_tokens(server, run, cache):
    server.replace("GET", US1 + HOSTS, status=401)
    failures = {run({**WHO, "path": HOSTS, "cache": cache})["msg"] for _host in range(5)}
    assert len(failures) == 1 and f"GET {HOSTS} at {US1} failed with 401, and with a new token again" in failures.pop()
    assert len(server.calls) - len(sent(server)) == 2
    assert run({**WHO, "path": GROUPS, "method": "POST", "cache": cache})["changed"]  # other calls go on
    assert len(server.calls) - len(sent(server)) == 2


def test_delegated_it_costs_two_tokens_as_well(server, run):
    asked = []

    def module(module_name, **_more):
        asked.append(module_name.rpartition(".")[2])
        fresh = {**ISSUED, "access_token": f"another.{len(asked)}", "hostname": US1, "changed": True}
        return fresh if asked[-1] == "falcon_token" else {"dead": True}

    for _host in range(3):
        action = run.action({**WHO, "path": HOSTS}, elsewhere="bastion")
        action._execute_module = module
        result = action.run(task_vars=run.variables)
        assert result["msg"].startswith(f"On bastion: GET {HOSTS} at {US1} failed with 401, and with a new token again")
    assert asked.count("falcon_token") == 2


def test_a_dead_token_that_nobody_can_remove_is_not_sent_again(server, run, monkeypatch):
    def gateway(request):
        dead = request.headers["Authorization"].endswith(TOKEN_TEXT)
        return (401 if dead else 200), {}, json.dumps({"resources": ["a"]})

    run({**WHO, "path": HOSTS})
    server.replace("POST", f"{US1}/oauth2/token", json={**ISSUED, "access_token": "another.token"}, status=201)
    server.remove("GET", US1 + HOSTS)
    server.add_callback("GET", US1 + HOSTS, gateway)
    monkeypatch.setattr(os, "unlink", Mock(side_effect=PermissionError(1, "not permitted")))
    assert run({**WHO, "path": HOSTS})["resources"] == ["a"]
    tokens = [each.headers["Authorization"].removeprefix("Bearer ") for each in sent(server)]
    assert tokens == [TOKEN_TEXT, TOKEN_TEXT, "another.token"]

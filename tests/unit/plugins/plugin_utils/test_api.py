# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the two ways to the API; HTTP is faked and nothing nearer."""

from __future__ import annotations

import dataclasses
from unittest.mock import MagicMock
from urllib.parse import parse_qs

import pytest
import responses
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible_collections.falconops.auth.plugins.module_utils import _wire
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils._api import ApiFromHere, ApiFromThere, is_elsewhere
from ansible_collections.falconops.auth.plugins.plugin_utils._pace import PACE
from ansible_collections.falconops.auth.tests.unit.examples import (
    CLIENT,
    CONNECTION,
    DONE,
    ID,
    ISSUED,
    MEMBER,
    SECRET,
    TOKEN_TEXT,
    US1,
    US2,
)

PROBE = "/sensors/queries/installers/ccid/v1"
CHILD = dataclasses.replace(CLIENT, member_cid=MEMBER, session="s", name="production")


@pytest.fixture
def server():
    with responses.RequestsMock() as mock:
        yield mock


def there(answer, **task):
    """The API there, whose modules answer so, and the action."""
    action = MagicMock()
    action._task = MagicMock(delegate_to="bastion", **{**TASK, **task})
    action._play_context = MagicMock(no_log=False)
    action._execute_module = MagicMock(return_value=answer)
    action._is_become_unprivileged.return_value = False
    return ApiFromThere(action, {"a": 1}, CONNECTION), action


TASK = {"no_log": False, "check_mode": False, "environment": []}
CALLS = {
    "request": lambda api: api.request(CHILD),
    "revoke": lambda api: api.revoke(CHILD, TOKEN_TEXT),
    "is_live": lambda api: api.is_live(CHILD, TOKEN_TEXT),
}


def test_from_here_each_call_is_one_request(server):
    server.post(US1 + "/oauth2/token", json=ISSUED, status=201)
    server.post(US1 + "/oauth2/revoke", json=DONE)
    server.get(US1 + PROBE, status=401)
    api = ApiFromHere(CONNECTION)
    assert api.request(CHILD).access_token == TOKEN_TEXT
    assert api.revoke(CHILD, TOKEN_TEXT) is None
    assert api.is_live(CHILD, TOKEN_TEXT) is False
    asked, revoked, probed = (call.request for call in server.calls)
    assert parse_qs(asked.body) == {"client_id": [ID], "client_secret": [SECRET], "member_cid": [MEMBER]}
    assert parse_qs(revoked.body) == {"client_id": [ID], "token": [TOKEN_TEXT]}
    assert probed.headers["Authorization"] == f"Bearer {TOKEN_TEXT}"


def test_from_here_all_calls_share_a_wire(server, monkeypatch):
    def counted(connection, pace):
        made.append(connection)
        assert pace is PACE
        return real(connection, pace)

    real, made = _wire.Wire, []
    monkeypatch.setattr(_wire, "Wire", counted)
    _wire.wire_of_process.cache_clear()
    server.get(US1 + PROBE, json=DONE)
    for _task in range(3):
        assert ApiFromHere(CONNECTION).is_live(CLIENT, TOKEN_TEXT)
    ApiFromHere(dataclasses.replace(CONNECTION, timeout=7)).is_live(CLIENT, TOKEN_TEXT)
    _wire.wire_of_process.cache_clear()
    assert made == [CONNECTION, dataclasses.replace(CONNECTION, timeout=7)]
    assert len(server.calls) == 4


@pytest.mark.parametrize(
    ("name", "module", "more", "answer", "value"),
    [
        ("revoke", "falcon_token_revoke", {"access_token": TOKEN_TEXT}, {"changed": True}, None),
        ("is_live", "falcon_token_info", {"access_token": TOKEN_TEXT}, {"changed": False, "token": True}, True),
        ("is_live", "falcon_token_info", {"access_token": TOKEN_TEXT}, {"changed": False, "token": False}, False),
    ],
)
def test_from_there_each_call_is_one_module(name, module, more, answer, value):
    api, action = there(answer)
    assert CALLS[name](api) is value
    action._execute_module.assert_called_once_with(
        module_name=f"falconops.auth.{module}",
        module_args={
            "client_id": ID,
            "client_secret": SECRET,
            "hostname": US1,
            "member_cid": MEMBER,
            **dataclasses.asdict(CONNECTION),
            **more,
        },
        task_vars={"a": 1},
    )
    assert (action._task.no_log, action._play_context.no_log) == (False, False)


def test_from_there_a_token_comes_with_its_host():
    api, action = there({**ISSUED, "hostname": US2})
    assert (api.request(CHILD).access_token, api.request(CHILD).hostname) == (TOKEN_TEXT, US2)
    assert "access_token" not in action._execute_module.call_args.kwargs["module_args"]


@pytest.mark.parametrize("named", ["https://api.crowdstrike.com.evil.example", "http://api.crowdstrike.com", None])
def test_from_there_nobody_chooses_whom_the_run_talks_to(named):
    api, _action = there({**ISSUED, "hostname": named})
    with pytest.raises(FalconError, match="^Asking .* from bastion failed: .* that is not CrowdStrike's") as caught:
        api.request(CHILD)
    assert caught.value.refused


def test_from_there_the_host_that_the_user_named_gives_the_token():
    api, _action = there({**ISSUED, "hostname": "https://api.example:8443"})
    assert api.request(CHILD.at("https://api.example:8443")).hostname == "https://api.example:8443"


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
@pytest.mark.parametrize(("refused", "lasting"), [(True, True), (False, True), (False, False)])
def test_from_there_a_failure_is_as_it_was_there(call, refused, lasting):
    api, _action = there({"failed": True, "msg": "Asking failed.", "refused": refused, "lasting": lasting})
    with pytest.raises(FalconError) as caught:
        call(api)
    error = caught.value
    assert (error.message, error.refused, error.lasting) == ("On bastion: Asking failed.", refused, lasting)


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_from_there_a_module_that_did_not_run(call):
    api, action = there({"failed": True, "msg": f"{SECRET} {TOKEN_TEXT}", "module_stdout": SECRET})
    with pytest.raises(FalconError) as caught:
        call(api)
    assert caught.value.message.startswith(f"Asking {US1} from bastion failed: the module did not run there, ")
    assert SECRET not in caught.value.message and TOKEN_TEXT not in caught.value.message
    assert (action._task.no_log, action._play_context.no_log) == (False, False)


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_from_there_nothing_is_left_in_files(call, monkeypatch):
    monkeypatch.setattr("ansible.constants.DEFAULT_KEEP_REMOTE_FILES", True)
    api, action = there({})
    with pytest.raises(FalconError, match="^keep_remote_files is on, .* would stay in a file on bastion; "):
        call(api)
    assert not action._execute_module.called


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_from_there_ansible_prints_no_arguments(call, monkeypatch):
    monkeypatch.setattr("ansible.constants.DEFAULT_DEBUG", True)
    api, action = there({})
    with pytest.raises(
        FalconError, match="^ANSIBLE_DEBUG is on, .* on its way to bastion; switch it off, and use -vvv"
    ):
        call(api)
    assert not action._execute_module.called


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_from_there_the_task_is_as_the_module_needs_it_and_what_it_was_afterwards(call):
    def as_it_is():
        task = action._task
        return task.no_log, action._play_context.no_log, task.check_mode, task.environment

    def execute(**kwargs):
        seen.append(as_it_is())
        raise RuntimeError

    seen = []
    overlays = [{"FALCON_CLIENT_SECRET": SECRET, "HTTPS_PROXY": "http://a"}, {1: 2, "FALCON_PROXY": "http://u:p@b"}]
    api, action = there(None, check_mode=True, environment=overlays)
    action._execute_module, before = execute, as_it_is()
    with pytest.raises(RuntimeError):
        call(api)
    assert seen == [(True, True, False, [{"HTTPS_PROXY": "http://a"}, {1: 2}])]
    assert as_it_is() == before == (False, False, True, overlays)
    assert overlays[0]["FALCON_CLIENT_SECRET"] == SECRET


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_from_there_what_ansible_cannot_start_is_a_sentence_of_ours(call):
    api, action = there(None)
    action._execute_module.side_effect = AnsibleError(f"Missing sudo password {SECRET}")
    with pytest.raises(FalconError) as caught:
        call(api)
    assert caught.value.message.startswith(f"Asking {US1} from bastion failed before anything was sent: ")
    assert "become" in caught.value.message and SECRET not in caught.value.message
    action._execute_module.side_effect = AnsibleConnectionFailure("no route")
    with pytest.raises(AnsibleConnectionFailure):
        call(api)


@pytest.mark.parametrize(
    ("unprivileged", "readable", "pipelining", "refused"),
    [(True, True, False, True), (False, True, False, False), (True, False, False, False), (True, True, True, False)],
)
def test_from_there_no_file_is_for_all_to_read(unprivileged, readable, pipelining, refused):
    api, action = there({"changed": True})
    action._is_become_unprivileged.return_value = unprivileged
    action._is_pipelining_enabled.return_value = pipelining
    action.get_shell_option = {"world_readable_temp": readable}.get
    action.get_become_option = {"become_user": "nobody"}.get
    if not refused:
        api.revoke(CHILD, TOKEN_TEXT)
        return
    with pytest.raises(FalconError, match="every user of bastion could read the secret .* runs as nobody; "):
        api.revoke(CHILD, TOKEN_TEXT)
    assert not action._execute_module.called


@pytest.mark.parametrize(
    ("machine", "transport", "elsewhere"),
    [("bastion", "ssh", True), ("localhost", "local", False), (None, "ssh", False), ("", "ssh", False)],
)
def test_what_is_elsewhere(machine, transport, elsewhere):
    action = MagicMock()
    action._task.delegate_to, action._connection.transport = machine, transport
    assert is_elsewhere(action) is elsewhere

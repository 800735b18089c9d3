# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the module, which runs on a machine that a task is delegated to."""

from __future__ import annotations

import json

import pytest
import responses
from ansible_collections.falconops.auth.plugins.modules import falcon_token_info
from ansible_collections.falconops.auth.tests.unit.examples import ID, MEMBER, SECRET, TOKEN_TEXT, US1, US2
from ansible_collections.falconops.auth.tests.unit.modules import runner

URL = US1 + "/sensors/queries/installers/ccid/v1"
GIVEN = {"client_id": ID, "client_secret": SECRET, "hostname": US1, "access_token": TOKEN_TEXT}


@pytest.fixture
def server():
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run the module with these arguments; its result comes back."""
    return runner(falcon_token_info, monkeypatch, capsys, tmp_path)


def secrets_in(result):
    return [text for text in (SECRET, TOKEN_TEXT) if text in json.dumps(result)]


@pytest.mark.parametrize(("status", "alive"), [(200, True), (403, True), (401, False)])
def test_whether_a_token_is_alive(server, run, status, alive):
    server.get(URL, status=status, json={})
    result = run(**GIVEN, member_cid=MEMBER)
    assert secrets_in(result) == []
    result.pop("invocation", None)
    assert result == {"changed": False, "token": alive}
    [call] = server.calls
    assert call.request.headers["Authorization"] == f"Bearer {TOKEN_TEXT}"


def test_the_connection_is_as_it_was_told(server, run, tmp_path):
    server.get(URL, json={})
    run(**GIVEN, timeout=7, ca_path=str(tmp_path), proxy="http://proxy.example", user_agent="mine")
    request = server.calls[0].request
    assert (request.req_kwargs["timeout"], request.req_kwargs["verify"]) == (7, str(tmp_path))
    assert request.req_kwargs["proxies"]["https"] == "http://proxy.example"
    assert request.headers["User-Agent"].startswith("mine falconops.auth/")


@pytest.mark.parametrize("status", [308, 404, 429, 503])
def test_a_failure(server, run, naps, status):
    headers = {"Location": US2}
    server.get(URL, status=status, json={"errors": [{"message": f"no {SECRET} {TOKEN_TEXT}"}]}, headers=headers)
    result = run(**GIVEN, retries=2)
    assert (result["failed"], result["refused"], result["lasting"]) == (True, False, False)
    assert result["msg"] == f"Asking {US1} whether a token is alive failed: it answered {status}; try again later."
    assert len(server.calls) == (3 if status in (429, 503) else 1)
    assert secrets_in(result) == []


@pytest.mark.parametrize("missing", ["client_id", "client_secret", "hostname"])
def test_it_is_run_by_its_action_plugin_only(server, run, missing):
    result = run(**{name: value for name, value in GIVEN.items() if name != missing})
    assert result["msg"] == "This module is run by its action plugin, with client_id, client_secret and hostname."


def test_in_check_mode_it_asks_nothing(server, run):
    assert run(**GIVEN, _ansible_check_mode=True)["failed"] is True

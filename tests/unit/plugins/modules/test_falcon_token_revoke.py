# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the module, which runs on a machine that a task is delegated to."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest
import responses
from ansible_collections.falconops.auth.plugins.modules import falcon_token_revoke
from ansible_collections.falconops.auth.tests.unit.examples import ID, MEMBER, SECRET, TOKEN_TEXT, US1, US2
from ansible_collections.falconops.auth.tests.unit.modules import runner

URL = US1 + "/oauth2/revoke"
GIVEN = {"client_id": ID, "client_secret": SECRET, "hostname": US1, "access_token": TOKEN_TEXT}


@pytest.fixture
def server():
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run the module with these arguments; its result comes back."""
    return runner(falcon_token_revoke, monkeypatch, capsys, tmp_path)


def secrets_in(result):
    return [text for text in (SECRET, TOKEN_TEXT) if text in json.dumps(result)]


def test_a_revocation(server, run):
    server.post(URL, json={})
    result = run(**GIVEN, member_cid=MEMBER)
    assert secrets_in(result) == []
    result.pop("invocation", None)
    assert result == {"changed": True}
    [call] = server.calls
    assert parse_qs(call.request.body) == {"client_id": [ID], "token": [TOKEN_TEXT]}
    assert call.request.headers["Authorization"].startswith("Basic ")


def test_it_follows_to_the_clients_own_cloud(server, run):
    server.post(URL, status=308, headers={"Location": US2 + "/oauth2/revoke"})
    server.post(US2 + "/oauth2/revoke", json={})
    assert run(**GIVEN)["changed"] is True
    assert len(server.calls) == 2


def test_the_connection_is_as_it_was_told(server, run, tmp_path):
    server.post(URL, json={})
    run(**GIVEN, timeout=7, ca_path=str(tmp_path), proxy="http://proxy.example", user_agent="mine")
    request = server.calls[0].request
    assert (request.req_kwargs["timeout"], request.req_kwargs["verify"]) == (7, str(tmp_path))
    assert request.req_kwargs["proxies"]["https"] == "http://proxy.example"
    assert request.headers["User-Agent"].startswith("mine falconops.auth/")


@pytest.mark.parametrize(("status", "refused", "lasting"), [(403, True, True), (501, False, False), (429, False, True)])
def test_a_failure(server, run, naps, status, refused, lasting):
    server.post(URL, status=status, json={"errors": [{"message": f"no {SECRET} {TOKEN_TEXT}"}]})
    result = run(**GIVEN)
    assert (result["refused"], result["lasting"]) == (refused, lasting)
    assert f"Revoking a token of client {ID} at {US1} failed with {status} (no *** ***)" in result["msg"]
    assert secrets_in(result) == []


@pytest.mark.parametrize("missing", ["client_id", "client_secret", "hostname"])
def test_it_is_run_by_its_action_plugin_only(server, run, missing):
    result = run(**{name: value for name, value in GIVEN.items() if name != missing})
    assert result["msg"] == "This module is run by its action plugin, with client_id, client_secret and hostname."


def test_in_check_mode_it_revokes_nothing(server, run):
    assert run(**GIVEN, _ansible_check_mode=True)["failed"] is True

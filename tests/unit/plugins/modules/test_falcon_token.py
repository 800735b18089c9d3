# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the module, which runs on a machine that a task is delegated to."""

from __future__ import annotations

import json

import pytest
import responses
from ansible_collections.falconops.auth.plugins.modules import falcon_token
from ansible_collections.falconops.auth.tests.unit.examples import ID, ISSUED, MEMBER, SECRET, TOKEN_TEXT, US1, US2
from ansible_collections.falconops.auth.tests.unit.modules import runner

URL = US1 + "/oauth2/token"
GIVEN = {"client_id": ID, "client_secret": SECRET, "hostname": US1}


@pytest.fixture
def server():
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run the module with these arguments; its result comes back."""
    return runner(falcon_token, monkeypatch, capsys, tmp_path)


def test_a_token(server, run):
    server.post(URL, json=ISSUED, status=201)
    result = run(**GIVEN, member_cid=MEMBER)
    assert 1790 <= result.pop("expires_in") <= 1799
    assert SECRET not in json.dumps(result.pop("invocation", None))
    assert result == {"changed": True, "access_token": TOKEN_TEXT, "token_type": "bearer", "hostname": US1}
    assert f"member_cid={MEMBER}" in server.calls[0].request.body


def test_it_says_which_cloud_issued_it(server, run):
    server.post(URL, status=308, headers={"Location": US2 + "/oauth2/token"})
    server.post(US2 + "/oauth2/token", json=ISSUED, status=201)
    assert run(**GIVEN)["hostname"] == US2


def test_the_connection_is_as_it_was_told(server, run, tmp_path):
    server.post(URL, json=ISSUED, status=201)
    run(**GIVEN, timeout=7, ca_path=str(tmp_path), proxy="http://proxy.example", user_agent="mine")
    request = server.calls[0].request
    assert (request.req_kwargs["timeout"], request.req_kwargs["verify"]) == (7, str(tmp_path))
    assert request.req_kwargs["proxies"]["https"] == "http://proxy.example"
    assert request.headers["User-Agent"].startswith("mine falconops.auth/")


@pytest.mark.parametrize(("status", "refused"), [(403, True), (501, False), (429, False)])
def test_a_failure(server, run, naps, status, refused):
    server.post(URL, status=status, json={"errors": [{"message": f"no {SECRET}"}]})
    result = run(**GIVEN)
    assert (result["refused"], result["lasting"]) == (refused, status in (403, 429))
    assert f"with {status} (no ***)" in result["msg"]
    assert SECRET not in json.dumps(result)


@pytest.mark.parametrize("missing", ["client_id", "client_secret", "hostname"])
def test_it_is_run_by_its_action_plugin_only(server, run, missing):
    result = run(**{name: value for name, value in GIVEN.items() if name != missing})
    assert result["msg"] == "This module is run by its action plugin, with client_id, client_secret and hostname."


def test_in_check_mode_it_asks_for_nothing(server, run):
    assert run(**GIVEN, _ansible_check_mode=True)["failed"] is True

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of what all modules have in common where they really run."""

from __future__ import annotations

import json

import pytest
import responses
from ansible_collections.falconops.auth.plugins.modules import falcon_token, falcon_token_info, falcon_token_revoke
from ansible_collections.falconops.auth.tests.unit.examples import (
    DONE,
    GIVEN,
    GIVEN_TOKEN,
    ISSUED,
    SECRET,
    TOKEN_TEXT,
    US1,
)
from ansible_collections.falconops.auth.tests.unit.modules import runner

# What each of them asks the API.
CALLS = {
    falcon_token: ("POST", "/oauth2/token"),
    falcon_token_info: ("GET", "/sensors/queries/installers/ccid/v1"),
    falcon_token_revoke: ("POST", "/oauth2/revoke"),
}


@pytest.fixture(params=CALLS, ids=lambda module: module.__name__.rpartition(".")[2])
def module(request):
    return request.param


@pytest.fixture
def server(module):
    """An API that answers any of the modules."""
    method, path = CALLS[module]
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add(method, US1 + path, json={**DONE, **ISSUED})
        yield mock


@pytest.fixture
def run(module, monkeypatch, capsys, tmp_path):
    return runner(module, monkeypatch, capsys, tmp_path)


@pytest.fixture
def given(module):
    return GIVEN if module is falcon_token else GIVEN_TOKEN


def test_the_connection_is_as_it_was_told(server, run, given, tmp_path):
    run(**given, timeout=7, ca_path=str(tmp_path), proxy="http://proxy.example", user_agent="mine")
    [call] = server.calls
    assert (call.request.req_kwargs["timeout"], call.request.req_kwargs["verify"]) == (7, str(tmp_path))
    assert call.request.req_kwargs["proxies"]["https"] == "http://proxy.example"
    assert call.request.headers["User-Agent"].startswith("mine falconops.auth/")


@pytest.mark.parametrize("missing", ["client_id", "client_secret", "hostname"])
def test_it_is_run_by_its_action_plugin_only(server, run, given, missing):
    result = run(**{name: value for name, value in given.items() if name != missing})
    assert result["msg"] == "This module is run by its action plugin, with client_id, client_secret and hostname."
    assert len(server.calls) == 0


def test_what_check_mode_leaves_to_be_done_is_the_action_plugins_to_say(server, run, given):
    result = run(**given, _ansible_check_mode=True)
    assert result["msg"].startswith("This module is run by its action plugin") and len(server.calls) == 0


def test_no_secret_is_in_the_result_but_the_token_that_is_asked_for(server, run, given, module):
    result = run(**given)
    assert result["changed"] is (module is not falcon_token_info)
    assert SECRET not in json.dumps(result)
    assert (TOKEN_TEXT in json.dumps(result)) is (module is falcon_token)

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the module, which runs on a machine that a task is delegated to."""

from __future__ import annotations

import json

from ansible_collections.falconops.auth.plugins.modules import falcon_api
from ansible_collections.falconops.auth.tests.unit.examples import GIVEN, GIVEN_TOKEN, SECRET, TOKEN_TEXT, US1

MODULE = falcon_api
PATH = "/devices/queries/devices/v1"
URL = US1 + PATH


def secrets_in(result):
    return [text for text in (SECRET, TOKEN_TEXT) if text in json.dumps(result)]


def test_a_call(server, run):
    page = {"meta": {"pagination": {"offset": 0, "total": 2}}, "errors": [], "resources": ["a"]}
    server.get(URL, json=page)
    server.get(URL, json={**page, "resources": [f"b {TOKEN_TEXT}"]})
    result = run(**GIVEN_TOKEN, path=PATH, params={"filter": "x+y"}, paginate=True, read_only=True)
    assert secrets_in({**result, "invocation": None}) == []
    assert (result["resources"], result["pages"], result["changed"]) == (["a", "b ***"], 2, False)
    assert [call.request.url.partition("?")[2] for call in server.calls] == ["filter=x%2By", "filter=x%2By&offset=1"]
    assert {call.request.headers["Authorization"] for call in server.calls} == {f"Bearer {TOKEN_TEXT}"}


def test_a_dead_token_is_the_action_plugins_to_renew(server, run):
    server.get(URL, status=401)
    result = run(**GIVEN_TOKEN, path=PATH, read_only=True)
    assert (result["dead"], result["changed"]) == (True, False)
    assert len(server.calls) == 1


def test_a_failure_comes_with_what_was_done(server, run):
    server.delete(URL, json={"errors": [{"code": 404, "message": "no b"}], "resources": ["a"]}, status=207)
    result = run(**GIVEN_TOKEN, path=PATH, method="DELETE", ids=["a", "b"], read_only=False)
    assert (result["failed"], result["refused"]) == (True, False)
    assert "did only a part (207): 1 done, 1 not (no b)" in result["msg"]
    assert (result["done"]["changed"], result["done"]["resources"]) == (True, ["a"])


def test_a_refusal(server, run):
    server.get(URL, status=403, json={"errors": [{"code": 403, "message": "access denied"}]})
    result = run(**GIVEN_TOKEN, path=PATH, read_only=True)
    assert (result["failed"], result["refused"]) == (True, True)
    assert "failed with 403 (access denied)" in result["msg"] and result["done"]["status"] == 403


def test_by_itself_it_says_who_runs_it(run):
    assert "run by its action plugin" in run(path=PATH)["msg"]
    assert "run by its action plugin" in run(**{**GIVEN, "client_secret": ""}, path=PATH)["msg"]

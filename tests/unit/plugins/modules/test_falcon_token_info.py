# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the module, which runs on a machine that a task is delegated to."""

from __future__ import annotations

import json

import pytest
from ansible_collections.falconops.auth.plugins.modules import falcon_token_info
from ansible_collections.falconops.auth.tests.unit.examples import (
    DONE,
    GIVEN_TOKEN,
    MEMBER,
    SECRET,
    TOKEN_TEXT,
    US1,
    US2,
)

URL = US1 + "/sensors/queries/installers/ccid/v1"
MODULE = falcon_token_info


def secrets_in(result):
    return [text for text in (SECRET, TOKEN_TEXT) if text in json.dumps(result)]


@pytest.mark.parametrize(("status", "alive"), [(200, True), (403, True), (401, False)])
def test_whether_a_token_is_alive(server, run, status, alive):
    server.get(URL, status=status, json=DONE)
    result = run(**GIVEN_TOKEN, member_cid=MEMBER)
    assert secrets_in(result) == []
    result.pop("invocation", None)
    assert result == {"changed": False, "token": alive}
    [call] = server.calls
    assert call.request.headers["Authorization"] == f"Bearer {TOKEN_TEXT}"


@pytest.mark.parametrize("status", [308, 404, 429, 503])
def test_a_failure(server, run, naps, status):
    headers = {"Location": US2}
    server.get(URL, status=status, json={"errors": [{"message": f"no {SECRET} {TOKEN_TEXT}"}]}, headers=headers)
    result = run(**GIVEN_TOKEN, retries=2)
    assert (result["failed"], result["refused"], result["lasting"]) == (True, False, False)
    assert result["msg"] == f"Asking {US1} whether a token is alive failed: it answered {status}; try again later."
    assert len(server.calls) == (3 if status in (429, 503) else 1)
    assert secrets_in(result) == []

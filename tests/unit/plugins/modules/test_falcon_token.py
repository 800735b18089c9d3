# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the module, which runs on a machine that a task is delegated to."""

from __future__ import annotations

import json

import pytest
from ansible_collections.falconops.auth.plugins.modules import falcon_token
from ansible_collections.falconops.auth.tests.unit.examples import (
    GIVEN,
    ISSUED,
    MEMBER,
    SECRET,
    TOKEN_TEXT,
    US1,
    US2,
)

URL = US1 + "/oauth2/token"
MODULE = falcon_token


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


@pytest.mark.parametrize(("status", "refused"), [(403, True), (501, False), (429, False)])
def test_a_failure(server, run, naps, status, refused):
    server.post(URL, status=status, json={"errors": [{"message": f"no {SECRET}"}]})
    result = run(**GIVEN)
    assert (result["refused"], result["lasting"]) == (refused, status in (403, 429))
    assert f"with {status} (no ***)" in result["msg"]
    assert SECRET not in json.dumps(result)

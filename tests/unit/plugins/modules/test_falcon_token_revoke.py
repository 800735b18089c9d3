# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the module, which runs on a machine that a task is delegated to."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest
from ansible_collections.falconops.auth.plugins.modules import falcon_token_revoke
from ansible_collections.falconops.auth.tests.unit.examples import (
    DONE,
    GIVEN_TOKEN,
    ID,
    MEMBER,
    SECRET,
    TOKEN_TEXT,
    US1,
    US2,
)

URL = US1 + "/oauth2/revoke"
MODULE = falcon_token_revoke


def secrets_in(result):
    return [text for text in (SECRET, TOKEN_TEXT) if text in json.dumps(result)]


def test_a_revocation(server, run):
    server.post(URL, json=DONE)
    result = run(**GIVEN_TOKEN, member_cid=MEMBER)
    assert secrets_in(result) == []
    result.pop("invocation", None)
    assert result == {"changed": True}
    [call] = server.calls
    assert parse_qs(call.request.body) == {"client_id": [ID], "token": [TOKEN_TEXT]}
    assert call.request.headers["Authorization"].startswith("Basic ")


def test_it_follows_to_the_clients_own_cloud(server, run):
    server.post(URL, status=308, headers={"Location": US2 + "/oauth2/revoke"})
    server.post(US2 + "/oauth2/revoke", json=DONE)
    assert run(**GIVEN_TOKEN)["changed"] is True
    assert len(server.calls) == 2


@pytest.mark.parametrize(("status", "refused", "lasting"), [(403, True, True), (501, False, False), (429, False, True)])
def test_a_failure(server, run, naps, status, refused, lasting):
    server.post(URL, status=status, json={"errors": [{"message": f"no {SECRET} {TOKEN_TEXT}"}]})
    result = run(**GIVEN_TOKEN)
    assert (result["refused"], result["lasting"]) == (refused, lasting)
    assert f"Revoking a token of client {ID} at {US1} failed with {status} (no *** ***)" in result["msg"]
    assert secrets_in(result) == []

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's own client must find nothing odd about the emulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from emulator_calls import CCID, REVOKE, TOKEN

from emulator import cast as people
from emulator.client import Emulator
from emulator.world import ApiClient, ccid

pytest.importorskip("falconpy")

SESSION = Path(__file__).with_name("falconpy_session.py")
DENIED = "access denied, authorization failed"


def falconpy(emulator: Emulator, client: ApiClient, *steps: str, **more: str) -> dict[str, Any]:
    arguments = {"client_id": client.client_id, "client_secret": client.client_secret, "steps": steps, **more}
    done = subprocess.run(
        [sys.executable, str(SESSION)],
        input=json.dumps(arguments),
        env={**os.environ, **emulator.env()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return cast("dict[str, Any]", json.loads(done.stdout))


def test_login_call_revoke(emulator: Emulator) -> None:
    done = falconpy(emulator, people.US1, "login", "call", "revoke", "call again")
    assert done["login"]["status"] == 201
    assert done["call"] == {"status": 200, "errors": [], "resources": [ccid(people.US1.cid)]}
    assert done["revoke"] == {"status": 200, "errors": [], "resources": None}
    assert done["call again"]["status"] == 401
    assert done["call again"]["errors"] == ["access denied, invalid bearer token"]
    assert [(entry["path"], entry["status"]) for entry in emulator.requests()] == [
        (TOKEN, 201),
        (CCID, 200),
        (REVOKE, 200),
        (CCID, 401),
    ]
    assert emulator.live_tokens() == []


@pytest.mark.parametrize(
    ("client", "host"), [(people.US2, "api.us-2.crowdstrike.com"), (people.EU1, "api.eu-1.crowdstrike.com")]
)
def test_discovers_the_cloud(emulator: Emulator, client: ApiClient, host: str) -> None:
    done = falconpy(emulator, client, "login", "call", "revoke", base_url="us1")
    assert (done["login"]["status"], done["base_url"]) == (201, f"https://{host}")
    assert done["call"]["resources"] == [ccid(client.cid)]
    assert done["revoke"]["status"] == 200
    assert [(entry["host"], entry["status"]) for entry in emulator.requests()] == [
        ("api.crowdstrike.com", 308),
        (host, 201),
        (host, 200),
        (host, 200),
    ]


def test_gov_must_be_named(emulator: Emulator) -> None:
    assert falconpy(emulator, people.GOV1, "login")["login"] == {"status": 403, "errors": [DENIED], "resources": None}
    for client, cloud in ((people.GOV1, "usgov1"), (people.GOV2, "usgov2")):
        done = falconpy(emulator, client, "login", "call", base_url=cloud)
        assert (done["login"]["status"], done["call"]["status"]) == (201, 200)


def test_member(emulator: Emulator) -> None:
    done = falconpy(emulator, people.US1, "login", "call", member_cid=people.CHILD_A)
    assert done["call"]["resources"] == [ccid(people.CHILD_A)]
    done = falconpy(emulator, people.US1, "login", member_cid=people.UNKNOWN_CID)
    assert done["login"]["status"] == 403
    assert done["login"]["errors"] == [f"Failed to generate access token for customer ID={people.UNKNOWN_CID}"]


def test_wrong_secret(emulator: Emulator) -> None:
    client = ApiClient(people.US1.client_id, people.WRONG_SECRET, people.US1.cid)
    assert falconpy(emulator, client, "login")["login"] == {"status": 403, "errors": [DENIED], "resources": None}


def test_scope(emulator: Emulator) -> None:
    done = falconpy(emulator, people.NO_SCOPE, "login", "call")
    assert (done["login"]["status"], done["call"]["status"]) == (201, 403)
    assert done["call"]["errors"] == [DENIED]


def test_throttled(emulator: Emulator) -> None:
    emulator.configure(token_limit=0)
    done = falconpy(emulator, people.US1, "login")
    assert (done["login"]["status"], done["login"]["errors"]) == (429, ["API rate limit exceeded."])

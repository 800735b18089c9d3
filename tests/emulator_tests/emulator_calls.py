# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short ways to make calls, in process and over the network."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, cast

import requests

from emulator.cast import US1
from emulator.clouds import CLOUDS
from emulator.messages import Call, Reply
from emulator.routing import answer
from emulator.state import State
from emulator.world import ApiClient

TOKEN = "/oauth2/token"
REVOKE = "/oauth2/revoke"
CCID = "/sensors/queries/installers/ccid/v1"
US1_TOKEN_URL = "https://api.crowdstrike.com" + TOKEN


class Clock:
    def __init__(self, now: float = 1_800_000_000.25) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def basic(client: ApiClient) -> dict[str, str]:
    pair = base64.b64encode(f"{client.client_id}:{client.client_secret}".encode()).decode()
    return {"authorization": f"Basic {pair}"}


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def credentials(client: ApiClient, **more: str) -> dict[str, str]:
    return {"client_id": client.client_id, "client_secret": client.client_secret, **more}


def call(
    state: State,
    method: str,
    path: str,
    *,
    cloud: str = "us-1",
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    source: str = "127.0.0.1",
) -> Reply:
    return answer(state, Call(method, path, CLOUDS[cloud], source, headers=headers or {}, form=form or {}))


def ask(state: State, client: ApiClient = US1, cloud: str = "us-1", source: str = "127.0.0.1", **more: str) -> Reply:
    return call(state, "POST", TOKEN, cloud=cloud, form=credentials(client, **more), source=source)


def revoke(state: State, token: str, client: ApiClient = US1, cloud: str = "us-1", **more: str) -> Reply:
    return call(state, "POST", REVOKE, cloud=cloud, form={"token": token, **more}, headers=basic(client))


def ccid_call(state: State, token: str | None, cloud: str = "us-1", source: str = "127.0.0.1") -> Reply:
    return call(state, "GET", CCID, cloud=cloud, headers=bearer(token) if token else {}, source=source)


def body(reply: Reply) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(reply.body))


def token_of(reply: Reply) -> str:
    assert reply.status == 201, reply
    return str(body(reply)["access_token"])


def error_of(reply: Reply) -> tuple[int, str]:
    """The status and the message of the one error, whose code must be the status."""
    (error,) = body(reply)["errors"]
    assert error["code"] == reply.status
    return reply.status, error["message"]


def post(client: ApiClient = US1, url: str = US1_TOKEN_URL, **more: str) -> requests.Response:
    """A token request over the network."""
    return requests.post(url, data=credentials(client, **more), timeout=30)

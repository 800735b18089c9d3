# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each row of what the token endpoints say, in process and with a clock of our own."""

from __future__ import annotations

import base64
import json

import pytest
from emulator_calls import (
    REVOKE,
    TOKEN,
    Clock,
    ask,
    basic,
    body,
    call,
    ccid_call,
    credentials,
    error_of,
    revoke,
    token_of,
)

from emulator import cast
from emulator.clouds import CLOUDS
from emulator.settings import Settings
from emulator.state import State
from emulator.world import ApiClient

DENIED = (403, "access denied, authorization failed")
HOMES = [
    (cast.US1, "us-1"),
    (cast.US2, "us-2"),
    (cast.US3, "us-3"),
    (cast.EU1, "eu-1"),
    (cast.GOV1, "us-gov-1"),
    (cast.GOV2, "us-gov-2"),
]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(clock: Clock) -> State:
    return State(clock=clock)


@pytest.mark.parametrize(("client", "cloud"), HOMES)
def test_token_at_the_own_cloud(state: State, client: ApiClient, cloud: str) -> None:
    reply = ask(state, client, cloud)
    assert reply.status == 201
    assert set(body(reply)) == {"access_token", "expires_in", "token_type"}
    assert (body(reply)["expires_in"], body(reply)["token_type"]) == (1799, "bearer")
    assert reply.headers["X-Cs-Region"] == cloud
    assert reply.headers["X-Cs-Traceid"]
    assert (reply.headers["X-Ratelimit-Limit"], reply.headers["X-Ratelimit-Remaining"]) == ("300", "299")
    assert "X-Ratelimit-Retryafter" not in reply.headers


@pytest.mark.parametrize(("client", "home"), HOMES)
@pytest.mark.parametrize("asked", list(CLOUDS))
def test_only_commercial_clouds_redirect_to_commercial_clouds(
    state: State, client: ApiClient, home: str, asked: str
) -> None:
    reply = ask(state, client, asked)
    if asked == home:
        assert reply.status == 201
    elif CLOUDS[asked].commercial and CLOUDS[home].commercial:
        assert reply.status == 308
        assert reply.headers["Location"] == f"https://{CLOUDS[home].host}/oauth2/token"
        assert reply.headers["X-Cs-Region"] == home
        assert {"X-Cs-Traceid", "X-Ratelimit-Limit", "X-Ratelimit-Remaining"} <= set(reply.headers)
    else:
        assert error_of(reply) == DENIED
        assert "Location" not in reply.headers


def test_tokens_look_like_tokens(state: State) -> None:
    tokens = {token_of(ask(state)) for _unused in range(200)}
    assert len(tokens) == 200
    assert all(1200 <= len(token) <= 1700 for token in tokens)
    for token in tokens:
        header, claims, _unused = (json_or_bytes(part) for part in token.split("."))
        assert isinstance(header, dict) and header["typ"] == "JWT"
        assert isinstance(claims, dict) and claims["exp"] - claims["iat"] == 1799
        assert "us-1" not in json.dumps(claims)


def json_or_bytes(part: str) -> object:
    data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    try:
        return json.loads(data)
    except ValueError:
        return data


def test_malformed_client_id(state: State) -> None:
    for client_id in ("cid", "", cast.US1.client_id.upper()):
        reply = call(state, "POST", TOKEN, form={"client_id": client_id, "client_secret": cast.US1.client_secret})
        assert error_of(reply) == (400, f"Failed to generate access token for clientID={client_id}.")
        assert reply.headers["X-Cs-Traceid"] == body(reply)["meta"]["trace_id"]
    assert call(state, "POST", TOKEN).status == 400


@pytest.mark.parametrize(
    "client",
    [
        ApiClient(cast.UNKNOWN_CLIENT_ID, cast.US1.client_secret, cast.US1.cid),
        ApiClient(cast.US1.client_id, cast.WRONG_SECRET, cast.US1.cid),
        ApiClient(cast.US1.client_id, "", cast.US1.cid),
        cast.NOT_ALLOWED,
    ],
)
def test_denied(state: State, client: ApiClient) -> None:
    assert error_of(ask(state, client)) == DENIED


def test_allowlist_goes_by_source(state: State) -> None:
    assert ask(state, cast.NOT_ALLOWED, source="203.0.113.10").status == 201


def test_members(state: State) -> None:
    token = token_of(ask(state, member_cid=cast.CHILD_A))
    assert body(ccid_call(state, token))["resources"][0].startswith(cast.CHILD_A.upper() + "-")
    own = token_of(ask(state))
    assert body(ccid_call(state, own))["resources"][0].startswith(cast.US1.cid.upper() + "-")


@pytest.mark.parametrize("member", ["", cast.UNKNOWN_CID, cast.CHILD_A.upper(), cast.CHILD_A + "-AB", "x"])
def test_wrong_member(state: State, member: str) -> None:
    expected = (403, f"Failed to generate access token for customer ID={member}")
    assert error_of(ask(state, member_cid=member)) == expected


def test_token_limit_slides(state: State, clock: Clock) -> None:
    start = clock.now
    for n in range(300):
        clock.now = start + n / 10
        reply = ask(state)
        assert (reply.status, reply.headers["X-Ratelimit-Remaining"]) == (201, str(299 - n))
    refused = ask(state)
    assert error_of(refused) == (429, "API rate limit exceeded.")
    assert refused.headers["X-Ratelimit-Remaining"] == "0"
    # An absolute time, rounded up: the first call leaves the window then.
    retry_at = int(refused.headers["X-Ratelimit-Retryafter"])
    assert retry_at == int(start + 60) + 1
    assert ask(state, source="127.0.0.2").status == 201
    assert ask(state, cast.US2, "us-2").status == 201
    clock.now = float(retry_at)
    # All that were made in the first three quarters of a second have left.
    statuses = [ask(state).status for _unused in range(9)]
    assert statuses == [201] * 8 + [429]


def test_refused_calls_do_not_prolong_the_refusal(clock: Clock) -> None:
    state = State(Settings(token_limit=1, window=10), clock)
    assert ask(state).status == 201
    for _unused in range(5):
        clock.now += 1.5
        assert ask(state).status == 429
    clock.now += 2.5
    assert ask(state).status == 201


def test_clock_offset_moves_what_clients_are_shown(clock: Clock) -> None:
    state = State(Settings(token_limit=1, clock_offset=3600), clock)
    token = token_of(ask(state))
    claims = json_or_bytes(token.split(".")[1])
    assert isinstance(claims, dict) and claims["iat"] == int(clock.now) + 3600
    assert int(ask(state).headers["X-Ratelimit-Retryafter"]) == int(clock.now) + 1 + 60 + 3600
    assert ccid_call(state, token).status == 200


def test_expiry(state: State, clock: Clock) -> None:
    token = token_of(ask(state))
    clock.now += 1798
    assert ccid_call(state, token).status == 200
    clock.now += 1
    assert ccid_call(state, token).status == 401
    assert state.tokens.live(clock.now) == []


def test_revoke(state: State) -> None:
    older, newer = token_of(ask(state)), token_of(ask(state))
    assert ccid_call(state, older).status == 200  # a new token does not end the older one
    for _unused in range(2):  # the second time it is unknown
        reply = revoke(state, older)
        assert (reply.status, body(reply)["errors"]) == (200, [])
        assert reply.headers["X-Cs-Traceid"] and reply.headers["X-Ratelimit-Limit"]
    assert ccid_call(state, older).status == 401
    assert ccid_call(state, newer).status == 200
    assert revoke(state, newer, client_id=cast.US1.client_id).status == 200


def test_revoke_of_somebody_elses_token(state: State) -> None:
    token = token_of(ask(state))
    assert error_of(revoke(state, token, cast.US1_OTHER)) == DENIED
    assert error_of(revoke(state, token, client_id=cast.US1_OTHER.client_id)) == DENIED
    assert ccid_call(state, token).status == 200


def test_revoke_at_the_wrong_cloud(state: State) -> None:
    token = token_of(ask(state, cast.US2, "us-2"))
    assert error_of(revoke(state, token, cast.US2, "us-1")) == DENIED
    assert ccid_call(state, token, "us-2").status == 200


def test_revoke_of_nonsense(state: State) -> None:
    wrong = ApiClient(cast.US1.client_id, cast.WRONG_SECRET, cast.US1.cid)
    assert error_of(revoke(state, "token", wrong)) == DENIED
    assert revoke(state, "").status == 400
    assert call(state, "POST", REVOKE, form={"token": "token"}).status == 400
    garbled = {"authorization": "Basic %%%"}
    assert call(state, "POST", REVOKE, form={"token": "token"}, headers=garbled).status == 400
    assert call(state, "POST", REVOKE, form=credentials(cast.US1), headers=basic(cast.US1)).status == 400


def test_revoke_has_a_limit_of_its_own(clock: Clock) -> None:
    state = State(Settings(token_limit=2), clock)
    token = token_of(ask(state))
    assert [revoke(state, token).status for _unused in range(3)] == [200, 200, 429]
    assert ask(state).status == 201

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls with a token: dead or live, in or out of scope, over a limit."""

from __future__ import annotations

import pytest
from emulator_calls import CCID, TOKEN, Clock, ask, bearer, body, call, ccid_call, error_of, token_of

from emulator import cast
from emulator.ratelimit import SlidingWindow
from emulator.settings import Settings
from emulator.state import State
from emulator.world import ccid

DEAD = (401, "access denied, invalid bearer token")


def test_authorised_call() -> None:
    state = State()
    reply = ccid_call(state, token_of(ask(state)))
    assert reply.status == 200
    assert body(reply)["resources"] == [ccid(cast.US1.cid)]
    assert body(reply)["errors"] == []
    assert set(body(reply)["meta"]) == {"query_time", "powered_by", "trace_id"}
    assert body(reply)["meta"]["trace_id"] == reply.headers["X-Cs-Traceid"]
    assert (reply.headers["X-Ratelimit-Limit"], reply.headers["X-Ratelimit-Remaining"]) == ("6000", "5999")


def test_scope() -> None:
    state = State()
    reply = ccid_call(state, token_of(ask(state, cast.NO_SCOPE)))
    assert error_of(reply) == (403, "access denied, authorization failed")
    assert reply.headers["X-Ratelimit-Limit"] == "6000"


def test_dead_tokens() -> None:
    state = State()
    for headers in ({}, bearer("x"), {"authorization": "Bearer "}, {"authorization": "x"}):
        assert error_of(call(state, "GET", CCID, headers=headers)) == DEAD
    token = token_of(ask(state))
    assert error_of(ccid_call(state, token, "us-2")) == DEAD  # known to its own cloud only
    assert state.tokens.kill_all() == 1
    assert error_of(ccid_call(state, token)) == DEAD


@pytest.mark.parametrize("lockout", [True, False])
def test_dead_tokens_lock_the_source_out(lockout: bool) -> None:
    clock = Clock()
    state = State(Settings(lockout=lockout), clock)
    token = token_of(ask(state))
    for n in range(15):
        reply = ccid_call(state, "dead")
        assert (reply.status, reply.headers["X-Ratelimit-Limit"]) == (401, "15")
        assert reply.headers["X-Ratelimit-Remaining"] == str(14 - n)
    reply = ccid_call(state, "dead")
    assert error_of(reply) == (429, "API rate limit exceeded.")
    assert reply.headers["X-Ratelimit-Limit"] == "15"
    assert int(reply.headers["X-Ratelimit-Retryafter"]) == int(clock.now) + 61
    assert ccid_call(state, token).status == (429 if lockout else 200)
    assert ccid_call(state, token, source="127.0.0.2").status == 200
    assert ask(state).status == 201  # tokens have a limit of their own
    clock.now += 60
    assert ccid_call(state, token).status == 200
    assert ccid_call(state, "dead").status == 401


def test_customer_limit_is_shared() -> None:
    state = State(Settings(customer_limit=2), Clock())
    mine, other = token_of(ask(state)), token_of(ask(state, cast.US1_OTHER))
    assert [ccid_call(state, token).status for token in (mine, other, mine, other)] == [200, 200, 429, 429]
    assert ccid_call(state, mine, source="127.0.0.2").status == 429
    member = token_of(ask(state, member_cid=cast.CHILD_B))
    assert ccid_call(state, member).status == 200


def test_unknown_paths() -> None:
    state = State()
    token = token_of(ask(state))
    assert error_of(call(state, "GET", "/nowhere")) == DEAD
    assert error_of(call(state, "GET", "/nowhere", headers=bearer(token))) == (404, "404: Page Not Found")
    assert call(state, "GET", TOKEN, headers=bearer(token)).status == 404


def test_window_whose_limit_is_lowered() -> None:
    window = SlidingWindow()
    for now in range(10):
        assert window.hit("key", 10, 60, now).allowed
    verdict = window.hit("key", 3, 60, 10)
    assert (verdict.remaining, verdict.retry_at) == (0, 67)
    assert not window.hit("key", 3, 60, 66.9).allowed
    assert window.hit("key", 3, 60, 67).allowed
    assert window.hit("none", 0, 60, 10).retry_at == 70


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"life": 1}, "there is no setting 'life'"),
        ({"token_life": "1"}, "token_life must be of type int"),
        ({"token_life": True}, "token_life must be of type int"),
        ({"token_life": -1}, "token_life must not be negative"),
        ({"http_cloud": "us-9"}, "http_cloud must be one of us-1"),
        ({"strangers": "evil"}, "strangers must be a list of strings"),
    ],
)
def test_settings_are_checked(values: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Settings().changed(values)


def test_settings_change() -> None:
    settings = Settings().changed({"window": 5, "clock_offset": -7, "strangers": ["a"]})
    assert (settings.window, settings.clock_offset, settings.strangers) == (5.0, -7.0, ("a",))

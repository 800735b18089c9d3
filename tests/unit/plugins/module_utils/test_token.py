# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import time

import pytest
from ansible_collections.falconops.auth.plugins.module_utils import _token
from ansible_collections.falconops.auth.plugins.module_utils._token import LONGEST_LIFE, Token
from ansible_collections.falconops.auth.tests.unit.examples import ISSUED, TOKEN_TEXT, US1
from hypothesis import given
from hypothesis import strategies as st

NOW = 1_790_000_000.0
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["access_token", "token_type", "issued_at", "expires_in", "hostname", "boot", "uptime"]


@pytest.fixture(autouse=True)
def since_boot(monkeypatch):
    """The machine's own time, which goes on when a test says so."""
    uptime = [5000.0]
    monkeypatch.setattr(_token, "since_boot", lambda: uptime[0])
    return uptime


def issued(**fields):
    return Token.from_answer({**ISSUED, **fields}, hostname=US1, now=NOW)


def test_the_token_of_an_answer():
    token = issued()
    assert token == Token(TOKEN_TEXT, "bearer", NOW, 1799, US1)
    assert token.expires_at == NOW + 1799
    assert token.expires_at_text == "2026-09-21T14:43:19Z"


@pytest.mark.parametrize(("life", "believed"), [(1, 1), (1800, 1800), (1801, 1800), (10**30, 1800)])
def test_no_token_is_believed_to_live_longer_than_half_an_hour(life, believed):
    assert issued(expires_in=life).expires_in == believed
    assert LONGEST_LIFE == 1800


@pytest.mark.parametrize("life", [None, 0, -1, 1799.0, "1799", True, [1799], {}])
def test_an_answer_without_a_life(life):
    with pytest.raises(ValueError, match="no expires_in"):
        issued(expires_in=life)


@pytest.mark.parametrize("text", [None, 7, b"x", ["x"], {}])
def test_an_answer_without_a_token(text):
    with pytest.raises(ValueError, match="no access_token"):
        issued(access_token=text)


@pytest.mark.parametrize("text", ["", "two words", "line\nbreak", "nul\0", "ünicode", "x" * 65537])
def test_an_answer_with_a_token_that_no_header_can_carry(text):
    with pytest.raises(ValueError, match="not a token"):
        issued(access_token=text)


@pytest.mark.parametrize("body", [None, True, 7, "token", b"token", [], [ISSUED], {}])
def test_an_answer_of_another_shape(body):
    with pytest.raises(ValueError, match="no access_token"):
        Token.from_answer(body, hostname=US1, now=NOW)


def test_the_type_is_bearer_whatever_the_server_calls_it():
    assert issued(token_type="Mac").token_type == "bearer"


@given(body=JSON | st.fixed_dictionaries({"access_token": JSON, "expires_in": JSON}))
def test_any_answer_is_a_usable_token_or_a_valueerror(body):
    try:
        token = Token.from_answer(body, hostname=US1, now=NOW)
    except ValueError:
        return
    assert token.access_token == body["access_token"]
    assert 0 < token.seconds_left(NOW) <= LONGEST_LIFE


@given(raw=JSON | st.fixed_dictionaries(dict.fromkeys(FIELDS, JSON)) | st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_any_stored_content_is_a_token_or_a_valueerror(raw):
    try:
        token = Token.from_dict(raw)
    except ValueError:
        return
    assert token.seconds_left(NOW) <= LONGEST_LIFE


@given(
    text=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1),
    issued_at=st.floats(0, 4e9),
    life=st.integers(1, LONGEST_LIFE),
)
def test_what_is_stored_comes_back_whole(text, issued_at, life):
    token = Token(text, "bearer", issued_at, life, US1)
    assert Token.from_dict(json.loads(json.dumps(token.to_dict()))) == token


@pytest.mark.parametrize("life", [0, -1, LONGEST_LIFE + 1])
def test_a_stored_token_with_an_impossible_life_is_none(life):
    with pytest.raises(ValueError, match="not a token"):
        Token.from_dict({**issued().to_dict(), "expires_in": life})


@pytest.mark.parametrize(
    ("passed", "left"), [(0, 1799), (1, 1798), (1799, 0), (1800, -1), (10**6, 1799 - 10**6), (-0.001, -1), (-3600, -1)]
)
def test_seconds_left_as_the_clock_goes_on_or_is_set_back(passed, left):
    assert issued().seconds_left(NOW + passed) == left


@pytest.mark.parametrize(("passed", "left"), [(-60, 1799), (-60.001, -1), (-3600, -1), (10, 1789)])
def test_the_clock_of_the_machine_that_keeps_it_may_be_ahead(passed, left):
    assert issued().seconds_left(NOW + passed, clocks_differ=60) == left


@pytest.mark.parametrize("issued_at", [float("nan"), float("inf"), float("-inf"), 1e300])
def test_a_token_of_no_real_time_is_dead(issued_at):
    assert Token(TOKEN_TEXT, "bearer", issued_at, 1799, US1).seconds_left(NOW) < 0


@pytest.mark.parametrize("set_back", [3600, 3500, 2000, 1801])
def test_a_dead_token_stays_dead_when_the_clock_is_set_back(since_boot, set_back):
    token = Token.from_dict(json.loads(json.dumps(issued().to_dict())))
    since_boot[0] += 3600
    assert token.seconds_left(NOW + 3600 - set_back, clocks_differ=3600) < 0


def test_the_machines_own_time_shows_how_much_is_left_at_most(since_boot):
    token = issued()
    since_boot[0] += 100
    assert token.seconds_left(NOW + 30) == 1699
    assert token.seconds_left(NOW + 500) == 1299


@pytest.mark.parametrize("boot", ["", "another machine, or this one before it was started again"])
def test_where_another_machines_time_says_nothing_the_clock_alone_counts(since_boot, boot):
    token = dataclasses.replace(issued(), boot=boot)
    since_boot[0] += 100
    assert token.seconds_left(NOW + 30) == 1769


def test_a_machine_without_such_a_clock(monkeypatch):
    monkeypatch.undo()
    assert 0 < _token.since_boot() <= _token.since_boot()
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    assert _token.since_boot() == 0.0
    monkeypatch.setattr("builtins.open", lambda *args, **kwargs: (none for none in ()).throw(FileNotFoundError()))
    _token.this_boot.cache_clear()
    boot = _token.this_boot()
    monkeypatch.undo()
    _token.this_boot.cache_clear()
    assert boot == ""
    assert len(_token.this_boot()) == 36


def test_a_token_hides_its_text():
    assert TOKEN_TEXT not in repr(issued())
    assert TOKEN_TEXT not in str(issued())


@pytest.mark.parametrize("text", ["a", TOKEN_TEXT, "~" * 65536, "{{", "Bearer:x"])
def test_a_bare_token_that_a_user_gives(text):
    assert Token.checked_text(text) == text


@pytest.mark.parametrize("text", ["", "two words", f"{TOKEN_TEXT}\n", "\ta", "a\x00", "\u00e4", "a" * 65537])
def test_what_is_no_bare_token(text):
    with pytest.raises(ValueError) as caught:
        Token.checked_text(text)
    assert str(caught.value) == "is not a token; it holds white space or characters that no token has"

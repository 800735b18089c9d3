# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a server says, byte by byte: a token that is checked or one sentence, and nothing false in the store."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import logging
import os
import typing as t
from types import SimpleNamespace
from unittest import mock

import pytest
import urllib3
from ansible_collections.falconops.auth.plugins.module_utils._call import Call
from ansible_collections.falconops.auth.plugins.module_utils._calls import perform
from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._clouds import CLOUDS
from ansible_collections.falconops.auth.plugins.module_utils._connection import Connection
from ansible_collections.falconops.auth.plugins.module_utils._errors import CallFailed, FalconError
from ansible_collections.falconops.auth.plugins.module_utils._exchange import LARGEST_ANSWER, LONGEST_WAIT
from ansible_collections.falconops.auth.plugins.module_utils._oauth2 import is_live, request_token, revoke_token
from ansible_collections.falconops.auth.plugins.module_utils._token import LONGEST_LIFE, Token
from ansible_collections.falconops.auth.plugins.module_utils._wire import Wire
from ansible_collections.falconops.auth.plugins.plugin_utils._broker import Broker
from ansible_collections.falconops.auth.plugins.plugin_utils._pace import Pace
from ansible_collections.falconops.auth.plugins.plugin_utils._store import Store
from ansible_collections.falconops.auth.tests.unit.examples import ID, MEMBER, US1
from ansible_collections.falconops.auth.tests.unit.hostile import (
    ANSWERS,
    ENDLESS,
    NOW,
    OLD,
    SECRET,
    Endless,
    leaks,
)
from ansible_collections.falconops.auth.tests.unit.sockets import Clock, FakeSocket
from ansible_collections.falconops.auth.tests.unit.world import SEALER, World
from hypothesis import given, settings
from hypothesis import strategies as st

# Here TLS is left out; what verifies it is tested with real servers.
pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")

LONG = bool(os.environ.get("FALCONOPS_TEST_ALL"))
CONNECTION = Connection(timeout=5, retries=1, proxy=None, ca_path=None, validate_certs=True, user_agent=None)
CLIENT = Client(client_id=ID, client_secret=SECRET, hostname=US1, member_cid=MEMBER)
PATH = "/devices/queries/devices/v1"
OURS = {cloud.url.partition("://")[2] for cloud in CLOUDS.values()}
# A client is sent on twice at most, and each try may be repeated once.
MOST_TRIES = 3 * 2
# The headers and the body may take the timeout each. Before, and after, the rate limit may be waited for.
LONGEST_TRY = 2 * CONNECTION.timeout + LONGEST_WAIT + 121
MOST_READ = LARGEST_ANSWER + 100 * 65536 + 65536


class Server:
    """Every host of the internet: gives these answers one after the other, and the last one for ever."""

    def __init__(self, answers: t.Sequence[t.Any], clock: Clock) -> None:
        self.answers = list(answers)
        self.sockets: list[tuple[str, FakeSocket]] = []
        self._clock = clock

    def connect(self, address: tuple[str, int], *_unused: t.Any, **_more: t.Any) -> FakeSocket:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        fake = FakeSocket(answer, clock=self._clock)
        self.sockets.append((address[0], fake))
        return fake


class Log(logging.Handler):
    """What a library logs: with ANSIBLE_LOG_PATH it stands in a file."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextlib.contextmanager
def internet(answers: t.Sequence[t.Any]) -> t.Iterator[tuple[Server, Clock]]:
    """Nobody is there but this server. TLS is left out, so that what it says can be made up; the time is faked."""
    clock = Clock(NOW)
    log = Log()
    server = Server(answers, clock)
    https = urllib3.connection.HTTPSConnection
    with (
        mock.patch.object(logging.root, "handlers", [log]),
        clock.rules(),
        mock.patch.object(urllib3.util.connection, "create_connection", server.connect),
        mock.patch.object(https, "connect", urllib3.connection.HTTPConnection.connect),
    ):
        yield server, clock
    # Whatever it said: the secret went to CrowdStrike's own hosts, a bounded number of times, and was bounded by us.
    assert len(server.sockets) <= MOST_TRIES
    assert {host for host, fake in server.sockets if fake.sent} <= OURS
    assert all(fake.read <= MOST_READ for _host, fake in server.sockets)
    assert clock.passed <= MOST_TRIES * LONGEST_TRY
    assert not leaks("\n".join(log.lines), SECRET, OLD)


class Hostile(World):
    """A world whose API is what the server says, and whose store holds this token."""

    _runs = itertools.count()

    def __init__(self, old: Token | None = None) -> None:
        self.warnings: list[str] = []
        self.wire = Wire(CONNECTION, Pace())
        self._entries: dict[str, str] = {}
        self._run = f"run {next(self._runs)}"
        if old:
            self.store().put(CLIENT, old)

    def store(self) -> Store:
        # In memory: files would take most of the time of ten thousand cases.
        entries = SimpleNamespace(
            get=self._entries.get, set=self._entries.__setitem__, delete=lambda name: self._entries.pop(name, None)
        )
        return Store(entries, SEALER, self.lock(), self.warnings.append)

    def broker(self, **settings: t.Any) -> Broker:
        return super().broker(run=self._run, **settings)

    def request(self, client: Client) -> Token:
        return request_token(self.wire, client)

    def revoke(self, client: Client, access_token: str) -> None:
        revoke_token(self.wire, client, access_token)

    def is_live(self, client: Client, access_token: str) -> bool:
        return is_live(self.wire, client, access_token)


def check_sentence(text: str, *sent: str) -> None:
    """Whether it is one of our sentences, and repeats nothing that was sent in secret."""
    check_words(text, SECRET, *sent)


def check_words(text: str, *sent: str) -> None:
    assert text.isprintable(), text
    assert len(text) <= 1000, text
    assert "{{" not in text and "{%" not in text, text
    assert not leaks(text, *sent), text


def left(world: Hostile) -> dict[str, str]:
    """What the store holds after all, by host."""
    return {
        token.hostname: token.access_token
        for cloud in CLOUDS.values()
        if (token := world.store().get(CLIENT.at(cloud.url)))
    }


def hostile(cases: int) -> t.Any:
    """Settings of hypothesis: so many cases in `make test-all`, fewer in `make test`."""
    return settings(max_examples=cases if LONG else cases // 10)


ANSWERED = st.lists(ANSWERS, min_size=1, max_size=4)


@hostile(3000)
@given(answers=ANSWERED, age=st.sampled_from([None, 1500, 1780]))
def test_an_answer_to_the_request_for_a_token(answers, age):
    old = Token(OLD, "bearer", NOW - age, 1799, US1) if age else None
    with internet(answers):
        here = Hostile(old)
        before = left(here)
        try:
            token, cached = here.broker(patience=1).token(CLIENT, min_ttl=240)
        except FalconError as error:
            check_sentence(error.message)
            assert left(here) == before
        else:
            assert dataclasses.replace(token, access_token="x") == Token.from_dict(
                {**token.to_dict(), "access_token": "x"}
            )
            assert 0 < token.expires_in <= LONGEST_LIFE and token.expires_at >= NOW
            assert token.access_token.isascii() and token.access_token.isprintable() and " " not in token.access_token
            assert token.hostname.partition("://")[2] in OURS
            assert left(here) == ({**before, token.hostname: token.access_token} if not cached else before)
    for warning in here.warnings:
        check_sentence(warning)


@hostile(1500)
@given(answers=ANSWERED)
def test_an_answer_to_a_revocation(answers):
    with internet(answers):
        here = Hostile(Token(OLD, "bearer", NOW, 1799, US1))
        try:
            assert [token.access_token for _owner, token in here.broker().revoke(CLIENT)] == [OLD]
        except FalconError as error:
            check_sentence(error.message, OLD)
            assert left(here) == {US1: OLD}
        else:
            assert left(here) == {}
    assert here.warnings == []


@hostile(1500)
@given(answers=ANSWERED)
def test_an_answer_to_the_question_whether_a_token_is_alive(answers):
    with internet(answers) as (server, _clock):
        here = Hostile(Token(OLD, "bearer", NOW, 1799, US1))
        try:
            live = here.broker().verified(CLIENT)
        except FalconError as error:
            check_sentence(error.message, OLD)
            live = True
        assert left(here) == ({US1: OLD} if live else {})
        # Another host would be shown the token.
        assert {host for host, fake in server.sockets} == {"api.crowdstrike.com"}
    assert here.warnings == []


class Tokens:
    """Of a call: the old one, and if it is dead another one."""

    def __init__(self) -> None:
        self.token = OLD

    def current(self) -> str:
        return self.token

    def renewed(self, dead: str) -> str:
        self.token = OLD.swapcase()
        return self.token

    def in_vain(self, failure: FalconError) -> None:
        check_words(failure.message, self.token)


@hostile(1500)
@given(
    answers=ANSWERED,
    call=st.sampled_from([Call("GET", PATH), Call("GET", PATH, allow_partial=True), Call("POST", PATH, reads=False)]),
    to_file=st.booleans(),
)
def test_an_answer_to_any_other_call(answers, call, to_file):
    pieces: list[bytes | None] = []
    tokens = Tokens()
    with internet(answers):
        streams = {"sink": pieces.append} if to_file and call.reads else {}
        try:
            result = perform(Hostile().wire, CLIENT, call, tokens, **streams)
        except CallFailed as error:
            check_words(error.message, tokens.token)  # the secret is not sent with a call, so nobody can repeat it
            result = error.result
    assert isinstance(result["changed"], bool) and not (call.reads and result["changed"])
    # Pieces of the token may stand in what the API gives, but not all of it.
    given = [json.dumps(result, ensure_ascii=False), b"".join(filter(None, pieces)).decode("utf-8", "replace")]
    given.append(given[0].replace("\\u0000", ""))
    assert not any(tokens.token in text for text in given)


@pytest.mark.parametrize("name", ENDLESS)
def test_an_answer_without_an_end_is_left(name):
    with internet([Endless(name)]) as (server, clock):
        here = Hostile()
        with pytest.raises(FalconError) as caught:
            here.broker().token(CLIENT, min_ttl=240)
        check_sentence(caught.value.message)
        assert clock.passed < len(server.sockets) * (2 * CONNECTION.timeout + 2)
        assert left(here) == {}

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of one request with a token: how it is written, when the token is replaced, and how often it is sent."""

from __future__ import annotations

import base64
import dataclasses
import html
import io
import json
import random
import re
from urllib.parse import quote, urlencode

import pytest
import responses
import urllib3
from ansible_collections.falconops.auth.plugins.module_utils._call import Call
from ansible_collections.falconops.auth.plugins.module_utils._calls import perform
from ansible_collections.falconops.auth.plugins.module_utils._errors import CallFailed
from ansible_collections.falconops.auth.plugins.module_utils._line import encoded, scrubbing
from ansible_collections.falconops.auth.plugins.module_utils._oauth2 import is_live, request_token
from ansible_collections.falconops.auth.plugins.module_utils._wire import Wire
from ansible_collections.falconops.auth.plugins.plugin_utils._pace import PACE
from ansible_collections.falconops.auth.tests.unit.calls import (
    PATH,
    TOKEN,
    TRACE,
    Server,
    Tokens,
    answer,
    envelope,
    result_of,
)
from ansible_collections.falconops.auth.tests.unit.examples import (
    CLIENT,
    CONNECTION,
    DONE,
    ISSUED,
    MEMBER,
    OTHER_ID,
    US1,
    US2,
)
from ansible_collections.falconops.auth.tests.unit.sockets import Clock, FakeSocket
from hypothesis import given
from hypothesis import strategies as st

WRITE = {"method": "POST", "path": "/devices/entities/host-groups/v1", "reads": False}
LOCKED_OUT = {"X_Ratelimit_Limit": "15", "X_Ratelimit_Retryafter": "1030", "Date": "Thu, 01 Jan 1970 00:16:40 GMT"}


def failure_of(server, tokens=None, **call):
    with pytest.raises(CallFailed) as caught:
        result_of(server, tokens, **call)
    return caught.value.message


def test_a_query_repeats_lists_and_encodes_once():
    params = {
        "filter": "a:'b c'+d:'e%2B'",
        "facet": ["x", "y"],
        "all": True,
        "none": None,
        "limit": 7,
        "and": [None, 1],
    }
    assert encoded(params) == "filter=a%3A%27b+c%27%2Bd%3A%27e%252B%27&facet=x&facet=y&all=true&limit=7&and=1"


@pytest.mark.parametrize(
    ("call", "kind", "content"),
    [
        ({"body": {"a": [1, None, "\u00e4"]}}, "application/json", b'{"a": [1, null, "\\u00e4"]}'),
        ({"body": [{"a": 1}]}, "application/json", b'[{"a": 1}]'),
        (
            {"body": {"a": "b c", "d": [True, 1]}, "body_format": "form"},
            "application/x-www-form-urlencoded",
            b"a=b+c&d=true&d=1",
        ),
        ({"body": "a: b", "body_format": "raw"}, "text/plain; charset=utf-8", b"a: b"),
        ({"body": "a: b", "body_format": "raw", "headers": {"CONTENT-TYPE": "a/yaml"}}, "a/yaml", b"a: b"),
        ({}, None, None),
    ],
)
def test_a_body_goes_out_in_its_format(call, kind, content):
    server = Server(envelope([]))
    result_of(server, **WRITE, **call)
    [asked] = server.asked
    assert (asked.headers.get("content-type"), asked.content) == (kind, content)
    assert asked.token == f"{TOKEN}0" and not asked.request.repeatable


def test_a_body_of_parts():
    server = Server(envelope([]))
    body = {"comment": "a", "number": 7, "file": {"filename": "x.txt", "content": "line"}}
    result_of(server, **WRITE, body=body, body_format="multipart", headers={"Content-Type": "mine"})
    [asked] = server.asked
    assert asked.headers["content-type"].startswith("multipart/form-data; boundary=")
    for part in (b'name="comment"\r\n\r\na\r\n', b'name="number"\r\n\r\n7\r\n', b'filename="x.txt"'):
        assert part in asked.content


def test_a_file_is_a_body():
    server, source = Server(envelope([])), io.BytesIO(b"x" * 2_000_000)
    result_of(server, streams={"source": source}, **WRITE)
    assert server.asked[0].request.content is source
    assert server.asked[0].headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"params": {"ids": ["x" * 1000] * 17}}, "its URL has 17"),
        ({**WRITE, "body": {"a": "x" * 1_000_000}}, "its body has 1000009 bytes"),
        ({"ids": ["x" * 160] * 100, "batch_size": 100}, "its URL has 16"),
        ({"ids": ["x" * 17_000]}, "its URL has 17"),
        ({"ids": ["x"] * 2 + ["x" * 9000] * 2, "batch_size": 2}, "its URL has 18"),
        ({**WRITE, "ids": ["x", "x" * 1_000_000], "batch_size": 1}, "bytes, and the API takes less than a million"),
    ],
)
def test_what_is_too_large_is_not_sent_and_nothing_else_either(call, words):
    server = Server(envelope([]), envelope([]))
    message = failure_of(server, **call)
    assert words in message and "was not sent" in message
    assert ("batch_size" in message) == ("ids" in call or "body" in call)
    assert server.asked == []


@pytest.mark.parametrize("call", [{}, WRITE])
@pytest.mark.parametrize("dead", [answer(401), answer(401, {"errors": [{"code": 401, "message": "x"}]})])
def test_a_dead_token_is_replaced_once(call, dead):
    server, tokens = Server(dead, envelope(["a"])), Tokens()
    assert result_of(server, tokens, **call)["resources"] == ["a"]
    assert (tokens.renewals, tokens.vain) == ([f"{TOKEN}0"], [])
    assert [asked.token for asked in server.asked] == [f"{TOKEN}0", f"{TOKEN}1"]


def test_a_second_401_is_one_sentence():
    server, tokens = Server(answer(401), answer(401)), Tokens()
    message = failure_of(server, tokens)
    assert message == (
        f"GET {PATH} at {US1} failed with 401, and with a new token again [X-Cs-Traceid {TRACE}]; the API client may "
        "have been disabled, or something between here and the API takes the token away."
    )
    assert len(server.asked) == 2 and len(tokens.renewals) == 1
    assert tokens.vain == [message]


def test_each_request_of_a_long_call_may_find_its_token_dead():
    pages = [envelope([n], pagination={"offset": n, "total": 3}) for n in range(3)]
    server, tokens = Server(pages[0], answer(401), pages[1], answer(401), pages[2]), Tokens()
    assert result_of(server, tokens, paginate=True)["resources"] == [0, 1, 2]
    assert len(tokens.renewals) == 2


@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_no_other_refusal_replaces_it(status):
    server, tokens = Server(envelope([], [{"code": status, "message": "because"}], status=status)), Tokens()
    message = failure_of(server, tokens)
    assert f"failed with {status} (because) [X-Cs-Traceid {TRACE}]; " in message
    assert ("scope" in message and "allowlist" in message) == (status == 403)
    assert (len(server.asked), tokens.renewals) == (1, [])


def test_a_lock_out_for_dead_tokens_is_waited_for_once(naps):
    server, tokens = Server(answer(429, **LOCKED_OUT), answer(429, **LOCKED_OUT), envelope(["a"])), Tokens()
    assert result_of(server, tokens)["resources"] == ["a"]
    assert (naps, len(tokens.renewals)) == ([30.0], 1)


@pytest.mark.parametrize(("most", "waits"), [(90, [30.0]), (20, []), (0, [])])
def test_a_lock_out_that_does_not_end_is_told(naps, most, waits):
    message = failure_of(Server(lambda asked: answer(429, **LOCKED_OUT)), max_wait=most)
    assert "too many requests with dead tokens" in message and TRACE in message
    assert naps == waits


def test_with_a_dead_token_the_wire_waits_for_nothing(naps):
    """Only with another one: any more of the dead one would lock the address out for longer."""
    headers = {name.replace("_", "-"): value for name, value in LOCKED_OUT.items()}
    with responses.RequestsMock() as server:
        server.get(US1 + PATH, status=429, headers=headers)
        server.get(US1 + PATH, json={"resources": ["a"]})
        result = perform(Wire(CONNECTION), CLIENT, Call("GET", PATH), Tokens())
        sent = [call.request.headers["Authorization"] for call in server.calls]
    assert (result["resources"], sent, naps) == (["a"], [f"Bearer {TOKEN}0", f"Bearer {TOKEN}1"], [])


def test_what_the_server_repeats_of_the_token_is_scrubbed_everywhere():
    echo = f"Bearer {TOKEN}0"
    body = {"errors": [], "resources": [echo, {echo: echo}], "meta": {"x": echo}, "more": echo}
    server = Server(answer(200, body, X_Api_Deprecation=echo), answer(400, {"errors": [{"message": echo}]}))
    assert TOKEN not in str(result_of(server))
    assert TOKEN not in failure_of(server)
    text = result_of(Server(answer(200, f"<{echo}>".encode())))
    assert text["content"] == "<Bearer ***>"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
@pytest.mark.parametrize("status", [200, 400])
def test_what_is_not_utf_8_is_neither_json_nor_text(status, kind, encoding):
    body = json.dumps({"errors": [{"message": f"Bearer {TOKEN}0"}], "resources": [f"Bearer {TOKEN}0"]})
    with pytest.raises(CallFailed) as caught:
        result_of(Server(answer(status, body.encode(encoding), Content_Type=kind)))
    told = str([caught.value.message, caught.value.result]).replace("\\x00", "")
    assert "failed with 400" in told if status == 400 else "JSON that cannot be read" in told or "with bytes" in told
    assert TOKEN not in told


# What a token may hold beside letters and digits.
ODD = "abcdefghijklmnopqrstuvwxyz0123456789-._~+/=%&<'>" + '"'
ECHOES = {
    "percent": quote(ODD, safe=""),
    "percent in small letters": re.sub("%..", lambda found: found[0].lower(), quote(ODD, safe="")),
    "a form": urlencode({"token": ODD}),
    "JSON": json.dumps(ODD),
    "JSON of PHP": json.dumps(ODD).replace("/", "\\/"),
    "JSON of Java": "".join(char if char.isalnum() else f"\\u{ord(char):04x}" for char in ODD),
    "JSON of .NET": "".join(char if char.isalnum() else f"\\u{ord(char):04X}" for char in ODD),
    "HTML": html.escape(ODD),
    "a dump": ODD.encode().hex(),
    "a dump in capitals": ODD.encode().hex().upper(),
    "base64": base64.b64encode(ODD.encode()).decode(),
    "base64 behind a word": base64.b64encode(f"Bearer {ODD}".encode()).decode(),
    "base64 in a text": base64.b64encode(f"token: {ODD}, and".encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(f"a {ODD}".encode()).decode(),
}


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
@pytest.mark.parametrize("size", [1, 7, 4096])
def test_a_server_that_repeats_the_token_in_another_spelling(monkeypatch, echo, size):
    monkeypatch.setattr(Tokens, "current", lambda self: ODD)
    seen: list[bytes] = []
    take = scrubbing(lambda piece: seen.append(piece or b""), lambda: ODD)
    for at in range(0, len(echo), size):
        take(echo[at : at + size].encode())
    take(b"")
    shown = [
        result_of(Server(answer(200, f"a {echo} b".encode())))["content"],
        result_of(Server(answer(200, {"resources": []}, X_Api_Deprecation=echo)))["deprecation"],
        failure_of(Server(answer(400, {"errors": [{"message": echo}]}))),
        failure_of(Server(answer(207, {"resources": ["a"], "errors": [{"code": 400, "message": echo}]}))),
        b"".join(seen).decode(),
    ]
    for text in shown:
        assert "***" in text
        assert not re.search("[A-Za-z0-9]{14}", text)  # such a piece of it, in whatever spelling


@given(st.lists(st.integers(1, 40), min_size=1), st.integers(0, 2**32))
def test_a_sink_never_sees_the_token_wherever_the_pieces_end(sizes, seed):
    chance, secret = random.Random(seed), "abcabcabd.abcab"
    text = "".join(chance.choice([secret, secret[:7], "a", "ab", "x" * 20]) for _each in range(20)).encode()
    seen: list[bytes] = []
    take = scrubbing(lambda piece: seen.clear() if piece is None else seen.append(piece), lambda: secret)
    take(None)
    take(b"of an answer that broke off abcab")
    take(None)
    at = 0
    while at < len(text):
        size = sizes[at % len(sizes)]
        take(text[at : at + size])
        at += size
    take(b"")
    assert b"".join(seen) == text.replace(secret.encode(), b"***")


@pytest.mark.parametrize(
    "cursor",
    [
        "https://evil.example.com/devices/queries/devices/v1",
        "//evil.example.com/a",
        "@evil.example.com/a",
        f"{US1}.evil.example.com/a",
        f"{US1}@evil.example.com/a",
        "/a/../b",
        "/oauth2/token",
        "/a?b=c\u00e4",
        "evil",
        f"https://evil.example.com/{TOKEN}0",
    ],
)
def test_a_next_page_elsewhere_is_not_asked_for(cursor):
    server = Server(answer(200, {"meta": {}, "resources": [1]}, Next_Page=cursor))
    message = failure_of(server, paginate=True)
    assert "named a next page that is not at the same host" in message and TOKEN not in message
    assert len(server.asked) == 1


@pytest.mark.parametrize("cursor", ["/a/b?c=d%20e&f", f"{US1}/a/b?c=d%20e&f"])
def test_a_next_page_at_the_same_host_is_asked_for_as_it_stands(cursor):
    server = Server(answer(200, {"meta": {}, "resources": [1]}, Next_Page=cursor), envelope([2]))
    assert result_of(server, paginate=True, params={"limit": 1})["resources"] == [1, 2]
    assert server.asked[1].url == f"{US1}/a/b?c=d%20e&f"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status):
    server = Server(answer(status, Location="https://evil.example.com/"))
    assert re.search(rf"failed with {status} and an empty answer .*; it is not followed", failure_of(server))
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "told"), [(304, "nothing has changed since"), (300, "check path"), (399, "check path")]
)
def test_what_else_begins_with_a_3_is_no_redirect(status, told):
    assert re.search(rf"failed with {status} and an empty answer .*; {told}", failure_of(Server(answer(status))))


def test_what_is_larger_than_memory_wants_a_file():
    server = Server(envelope([]))
    result_of(server)
    assert server.asked[0].request.if_larger == "give dest, a file to put it in"


# What a server does with the bytes of a request that it has got at least in part.
GOOD = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{"resources":[1]}'
FAULTS = {
    "no answer": [],
    "a reset": [ConnectionResetError(104, "Connection reset by peer")],
    "silence": [999.0],
    "half a head": [GOOD[:20]],
    "half a body": [GOOD[:-5]],
    **{f"{status}": [GOOD.replace(b"200 OK", f"{status} X".encode())] for status in (408, 500, 502, 503, 504)},
}


class Sockets:
    """Connections to a server that answers each request so, and counts those of which a byte has come."""

    def __init__(self, answers, clock, *, after=None):
        self._answers, self._clock, self._after = iter(answers), clock, after
        self.made: list[FakeSocket] = []

    def __call__(self, *args, **kwargs):
        made = _Breaking(next(self._answers, [GOOD]), clock=self._clock, after=self._after)
        self._after = None
        self.made.append(made)
        return made

    @property
    def arrived(self):
        return sum(bool(each.sent) for each in self.made)


class _Breaking(FakeSocket):
    """A connection that breaks after so many bytes of a request."""

    def __init__(self, answer, *, clock, after):
        super().__init__(answer, clock=clock)
        self._left = after

    def sendall(self, data):
        data = bytes(data)
        if self._left is not None and self._left < len(data):
            self.sent += data[: self._left]
            raise BrokenPipeError(32, "Broken pipe")
        self._left = None if self._left is None else self._left - len(data)
        super().sendall(data)
        if data[:6] in (b"PATCH ", b"PUT /d", b"DELETE"):  # what the socket does not know for a request
            self._deeds = iter(next(self._answers, ()))


def sent_by(monkeypatch, answers, method, *, after=None, proxy=None, **more):
    clock = Clock()
    sockets = Sockets(answers, clock, after=after)
    monkeypatch.setattr(urllib3.util.connection, "create_connection", sockets)
    wire = Wire(dataclasses.replace(CONNECTION, retries=2, proxy=proxy))
    call = {"path": "/devices/x/v1", "method": method, "reads": method == "GET"}
    body = {} if method in ("GET", "DELETE") else {"body": {"a": "b" * 50}}
    failure = ""
    with clock.rules():
        try:
            perform(wire, CLIENT.at("http://127.0.0.1:9"), Call(**{**call, **body, **more}), Tokens())
        except CallFailed as error:
            failure = error.message
    return sockets, failure


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("proxy", [None, "http://127.0.0.1:3128"])
def test_a_write_that_may_have_arrived_is_sent_once_and_a_read_again(monkeypatch, method, fault, proxy):
    sockets, failure = sent_by(monkeypatch, [FAULTS[fault]] * 3, method, proxy=proxy)
    assert sockets.arrived == (3 if method == "GET" else 1)
    assert bool(failure)
    if method != "GET":
        assert "it was not sent again, since it may have arrived" in failure or "look whether it was done" in failure


@pytest.mark.parametrize(
    ("fault", "offset", "times"),
    [("500", 9_000, 3), ("500", 10_000, 1), ("500", 9_950, 1), ("503", 10_000, 4), ("a reset", 10_000, 4)],
)
def test_beyond_the_window_a_500_is_the_answer(monkeypatch, fault, offset, times):
    params = {"offset": offset, "limit": 100}
    sockets, failure = sent_by(monkeypatch, [FAULTS[fault]] * 5, "GET", params=params)
    assert sockets.arrived == times
    assert ("gives only so many of a list by their number" in failure) == (times == 1)


@pytest.mark.parametrize("fault", FAULTS)
def test_nor_is_a_write_with_an_offset_sent_again(monkeypatch, fault):
    sockets, failure = sent_by(monkeypatch, [FAULTS[fault]] * 5, "POST", body={"offset": 20_000})
    assert sockets.arrived == 1 and "was not sent again" in failure


@given(after=st.integers(1, 300), method=st.sampled_from(["POST", "PUT", "PATCH", "DELETE"]))
def test_a_write_that_breaks_at_any_byte_is_not_sent_again(after, method):
    with pytest.MonkeyPatch.context() as monkeypatch:
        sockets, failure = sent_by(monkeypatch, [[GOOD]] * 3, method, after=after)
    assert sockets.arrived == 1
    assert ("it was not sent again" in failure) == (len(sockets.made[0].sent) == after and bool(failure))


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_what_never_arrived_is_sent_when_there_is_somebody(monkeypatch, method):
    tries = []

    def create_connection(*args, **kwargs):
        tries.append(args)
        if len(tries) < 3:
            raise ConnectionRefusedError(111, "Connection refused")
        return FakeSocket([GOOD]) if method != "DELETE" else _Breaking([GOOD], clock=Clock(), after=None)

    monkeypatch.setattr(urllib3.util.connection, "create_connection", create_connection)
    clock = Clock()
    with clock.rules():
        wire = Wire(dataclasses.replace(CONNECTION, retries=2))
        result = perform(
            wire, CLIENT.at("http://127.0.0.1:9"), Call(method, "/devices/x/v1", reads=method == "GET"), Tokens()
        )
    assert result["status"] == 200 and len(tries) == 3


@pytest.mark.parametrize("write", [False, True])
def test_a_rate_limit_that_others_were_told_of_and_that_outlasts_the_patience_is_one_sentence(naps, write):
    """It is not waited for until it is over, and what was not sent is not said to have arrived."""
    PACE.heard(f"{US1} {CLIENT.account}", remaining=0, wait=60.0)
    call = Call(**(WRITE if write else {"method": "GET", "path": PATH}), max_wait=5)
    with responses.RequestsMock() as server, pytest.raises(CallFailed) as caught:
        perform(Wire(CONNECTION, PACE), CLIENT, call, Tokens())
    assert caught.value.message == (
        f"{call} at {US1} failed with 429 (as it told another process, so that it was not asked again); the rate limit "
        "is reached, and the API asked to wait 60 seconds; wait longer (max_wait, retries), or ask less."
    )
    assert (len(server.calls), naps, caught.value.result["changed"]) == (0, [], False)


OTHERS = [{"client_id": OTHER_ID}, {"member_cid": MEMBER}, {"hostname": US2}]


@pytest.mark.parametrize(
    ("who", "waits"), [({}, True), ({"session": "s", "name": "x"}, True)] + [(other, False) for other in OTHERS]
)
def test_only_the_calls_of_a_customer_wait_for_its_limit(naps, who, waits):
    client = dataclasses.replace(CLIENT, **who)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as server:
        for host in (US1, US2):
            server.get(host + PATH, json={"resources": []}, headers={"X-Ratelimit-Remaining": "5000"})
            server.get(f"{host}/sensors/queries/installers/ccid/v1", json=DONE, status=403)
            server.post(host + "/oauth2/token", json=ISSUED, status=201)
        wire = Wire(CONNECTION, PACE)
        PACE.heard(f"{US1} {CLIENT.account}", remaining=0, wait=20.0)
        perform(wire, client, Call("GET", PATH), Tokens())
        assert [round(nap) for nap in naps] == [20] * waits
        is_live(wire, client, TOKEN)
        assert len(naps) == (2 if waits else 0)
        request_token(wire, client)  # which counts for the address
        assert len(naps) == (2 if waits else 0)

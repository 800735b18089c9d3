# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of when an answer is given up, on real sockets and by a real clock."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import logging
import socket
import threading
import time
from types import SimpleNamespace

import pytest
import urllib3
from ansible_collections.falconops.auth.plugins.module_utils import _deadline
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.module_utils._exchange import Request
from ansible_collections.falconops.auth.plugins.module_utils._wire import Wire
from ansible_collections.falconops.auth.tests.unit.examples import CONNECTION, SECRET

SECONDS = 0.3
HEAD = b"HTTP/1.1 201 Created\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
CHECK = "see timeout, and check the network"
NO_ANSWER = f"no answer came within 0.3 seconds; {CHECK}"
NOT_COMPLETE = f"its answer could not be read: it was not complete after 0.3 seconds; {CHECK}"


@contextlib.contextmanager
def server(*answers):
    """Answers one request after the other on one connection: bytes, and pauses in seconds."""

    def serve():
        with contextlib.suppress(OSError), listener.accept()[0] as connection:
            for answer in answers:
                connection.recv(65536)
                for deed in answer:
                    if isinstance(deed, bytes):
                        connection.sendall(deed)
                    else:
                        time.sleep(deed)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    thread.join()


def wire(**settings):
    return Wire(dataclasses.replace(CONNECTION, timeout=SECONDS, retries=0, **settings))


def drip(first, more, pause=SECONDS / 5):
    """Say the first, and then more for ever."""
    return itertools.chain([first], itertools.cycle([pause, more]))


def failure_of(url, **settings):
    started = time.monotonic()
    with pytest.raises(FalconError) as caught:
        wire(**settings).send(Request("POST", url, form={"client_secret": SECRET}))
    assert time.monotonic() - started < 3 * SECONDS
    return caught.value.message


@pytest.mark.parametrize(
    ("first", "more", "sentence"),
    [
        (HEAD + b"A: ", b"b", NO_ANSWER),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n", NO_ANSWER),
        (HEAD + b"Content-Length: 900\r\n\r\n", b"x", NOT_COMPLETE),
        (CHUNKED, b"1\r\nx\r\n", NOT_COMPLETE),
        (CHUNKED + b"0\r\n", b"A: b\r\n", NOT_COMPLETE),
    ],
)
def test_a_server_that_says_a_little_now_and_then_is_left(first, more, sentence):
    with server(drip(first, more)) as url:
        assert failure_of(url) == sentence


@pytest.mark.parametrize(("first", "more"), [(b"HTTP/1.1 200 ", b"x"), (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n")])
def test_a_proxy_that_says_a_little_now_and_then_is_left(first, more):
    with server(drip(first, more)) as url:
        message = failure_of("https://api.crowdstrike.com/oauth2/token", proxy=url)
    # The second one comes from releases of urllib3 before 2.0.
    assert message in (NO_ANSWER, "the way through the proxy failed: timed out; check proxy or HTTPS_PROXY")


def test_what_is_not_kept_in_memory_may_take_its_time_as_long_as_it_comes():
    pieces = []
    answer = [HEAD + b"Content-Length: 40005\r\n\r\n", *[SECONDS / 2, b"x" * 10_000] * 4, SECONDS / 2, b"x" * 5]
    with server(answer) as url:
        wire().send(Request("GET", url, sink=pieces.append))
    assert b"".join(filter(None, pieces)) == b"x" * 40_005


@pytest.mark.parametrize(
    ("first", "more"),
    [
        (HEAD + b"Content-Length: 900000000\r\n\r\n" + b"y" * 20_000, b"x" * 1500),
        (CHUNKED + b"4e20\r\n" + b"y" * 20_000 + b"\r\n", b"1\r\nx\r\n"),
    ],
)
def test_a_download_that_hardly_comes_is_left(first, more):
    """It comes now and then, and five times within the timeout, but too little of it."""
    started = time.monotonic()
    with server(drip(first, more)) as url, pytest.raises(FalconError) as caught:
        wire().send(Request("GET", url, sink=lambda piece: None))
    assert time.monotonic() - started < 4 * SECONDS
    sentence = "its answer could not be read: less than 10 kB of it came within 0.3 seconds"
    assert caught.value.message == f"{sentence}; {CHECK}"


def test_each_answer_on_a_connection_has_the_whole_time():
    quick = [SECONDS * 0.6, HEAD + b"Content-Length: 1\r\n\r\n", SECONDS * 0.6, b"x"]
    with server(quick, quick) as url:
        speaking = wire()
        assert [speaking.send(Request("POST", url)).body for _each in range(2)] == [b"x", b"x"]
    with server([SECONDS * 0.6, HEAD, SECONDS * 0.6, b"Content-Length: 1\r\n\r\nx"]) as url:
        assert failure_of(url) == NO_ANSWER


@pytest.mark.parametrize("line", [b"no colon, but SECRET", b": SECRET", b"A\x00: SECRET"])
def test_headers_that_are_none_are_refused_and_stand_in_no_log(caplog, line):
    caplog.set_level(logging.DEBUG)
    answer = [HEAD + b"A: b\r\n" + line.replace(b"SECRET", SECRET.encode()) + b"\r\nB: c\r\n\r\n"]
    with server(answer) as url:
        told = "the connection failed: its headers cannot be read; check hostname, proxy and the network"
        assert failure_of(url) == told
    assert SECRET not in caplog.text


@pytest.mark.parametrize("kind", ["multipart/mixed; boundary=a", "message/rfc822", "text/html"])
def test_a_body_of_any_kind_is_no_part_of_the_headers(kind):
    with server([HEAD + f"Content-Type: {kind}\r\nContent-Length: 4\r\n\r\nbody".encode()]) as url:
        assert wire().send(Request("GET", url)).body == b"body"


def test_a_socks_proxy_keeps_connections_of_its_own():
    """They are of other classes, and to take plain ones for them would go past the proxy."""

    class SocksConnection(urllib3.connection.HTTPSConnection):
        pass

    class SocksPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = SocksConnection

    manager = SimpleNamespace(pool_classes_by_scheme={"https": SocksPool})
    _deadline._set_deadlines(manager)
    pool = manager.pool_classes_by_scheme["https"]
    assert issubclass(pool, SocksPool) and issubclass(pool.ConnectionCls, SocksConnection)
    assert pool.ConnectionCls.response_class is _deadline._Response


def test_the_manager_of_a_proxy_stays_as_it_is_however_often_it_is_asked_for():
    adapter = _deadline.DeadlineAdapter()
    first, *_others, last = [
        dict(adapter.proxy_manager_for("http://proxy.example:3128").pool_classes_by_scheme) for _each in range(100)
    ]
    assert last == first
    assert all(pool.ConnectionCls.response_class is _deadline._Response for pool in last.values())

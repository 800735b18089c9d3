# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of what a network, a proxy and a server can do to an answer. Nothing here leaves this process."""

from __future__ import annotations

import dataclasses
import http.client
import io
import socket
import ssl

import pytest
import requests
import responses
import urllib3
from ansible_collections.falconops.auth.plugins.module_utils import _wire
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.module_utils._exchange import LARGEST_ANSWER, Request
from ansible_collections.falconops.auth.plugins.module_utils._wire import Wire
from ansible_collections.falconops.auth.tests.unit.examples import CONNECTION, SECRET
from ansible_collections.falconops.auth.tests.unit.sockets import FakeSocket
from requests.adapters import HTTPAdapter

URL = "https://api.crowdstrike.com/oauth2/token"
FORM = {"client_secret": SECRET}
CHECK_WAY = "check hostname, proxy and the network"
CHECK_TIMEOUT = "see timeout, and check the network"
PASSWORD = "passwordOfTheProxy"
PROXY = f"http://someone:{PASSWORD}@proxy.example:3128"


@pytest.fixture
def server():
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def connecting(monkeypatch):
    """Fail whatever connection urllib3 opens, below requests; the number of attempts is counted."""

    def fail_with(error):
        def create_connection(address, *args, **kwargs):
            attempts.append(address)
            raise error

        monkeypatch.setattr(urllib3.util.connection, "create_connection", create_connection)
        return attempts

    attempts = []
    return fail_with


@pytest.fixture
def saying(monkeypatch):
    """Connect to a server that says these bytes, whatever it is asked; the number of connections is counted."""

    def say(*deeds):
        def create_connection(address, *args, **kwargs):
            connections.append(address)
            return FakeSocket(deeds)

        monkeypatch.setattr(urllib3.util.connection, "create_connection", create_connection)
        return connections

    connections = []
    return say


def failure(url=URL, **settings):
    with pytest.raises(FalconError) as caught:
        Wire(dataclasses.replace(CONNECTION, **settings)).send(Request("POST", url, form=FORM))
    assert PASSWORD not in caught.value.message
    assert SECRET not in caught.value.message
    assert not caught.value.refused
    return caught.value.message


def local(**settings):
    """What fails when a server without TLS is asked."""
    return failure("http://127.0.0.1:8080/oauth2/token", **settings)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (socket.gaierror(-2, "Name or service not known"), "the connection failed: Name or service not known"),
        (ConnectionRefusedError(111, "Connection refused"), "the connection failed: Connection refused"),
        (OSError(101, "Network is unreachable"), "the connection failed: Network is unreachable"),
        (TimeoutError("timed out"), "no answer came within 5 seconds"),
    ],
)
def test_no_connection(connecting, naps, error, sentence):
    attempts = connecting(error)
    assert failure() in [f"{sentence} (tried 4 times); {advice}" for advice in (CHECK_WAY, CHECK_TIMEOUT)]
    assert (len(attempts), len(naps)) == (4, 3)


def test_one_try_is_not_counted_aloud(connecting, naps):
    attempts = connecting(ConnectionRefusedError(111, "Connection refused"))
    assert failure(retries=0) == f"the connection failed: Connection refused; {CHECK_WAY}"
    assert (len(attempts), naps) == (1, [])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
        (OSError("Tunnel connection failed: 407 Proxy Authentication Required"), "407 Proxy Authentication Required"),
        (OSError(f"cannot use {PROXY}"), "OSError"),
    ],
)
@pytest.mark.parametrize("by_option", [True, False])
def test_no_way_through_the_proxy(connecting, naps, monkeypatch, error, said, by_option):
    attempts = connecting(error)
    if not by_option:
        monkeypatch.setenv("HTTPS_PROXY", PROXY)
    message = failure(proxy=PROXY if by_option else None)
    assert message.startswith("the way through the proxy failed: ")
    assert f": {said} (tried 4 times); check proxy or HTTPS_PROXY" in message
    assert attempts == [("proxy.example", 3128)] * 4


def test_a_socks_proxy_without_its_library_is_a_sentence(connecting, naps, monkeypatch):
    def without(*args, **kwargs):
        raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")

    monkeypatch.setattr(requests.adapters, "SOCKSProxyManager", without)  # as requests does it
    attempts = connecting(ConnectionRefusedError(111, "Connection refused"))
    message = failure(proxy=f"socks5h://someone:{PASSWORD}@proxy.example:1080")
    assert message == "a SOCKS proxy needs the Python library PySocks beside requests; check proxy or HTTPS_PROXY"
    assert (attempts, naps) == ([], [])


@pytest.mark.parametrize(
    "proxy", [f"http://someone:{PASSWORD}@", f"http://someone:{PASSWORD}@[::1", f"nonsense://someone:{PASSWORD}@proxy"]
)
def test_a_proxy_that_is_no_url_is_not_tried_again(connecting, naps, proxy):
    attempts = connecting(AssertionError("connected"))
    assert "check proxy or HTTPS_PROXY" in failure(proxy=proxy)
    assert (attempts, naps) == ([], [])


def untrusted():
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    error.verify_message = "self-signed certificate in certificate chain"
    return error


def no_tls():
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1000)")
    error.reason = "WRONG_VERSION_NUMBER"
    return error


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            untrusted(),
            "its TLS certificate was not accepted: self-signed certificate in certificate chain; see ca_path",
        ),
        (
            urllib3.util.ssl_match_hostname.CertificateError(f"hostname 'a' doesn't match '{SECRET}'"),
            "its TLS certificate was not accepted: CertificateError; see ca_path",
        ),
        (
            no_tls(),
            "no TLS connection could be made: WRONG_VERSION_NUMBER; check hostname, proxy and ca_path",
        ),
    ],
)
def test_a_connection_that_cannot_be_trusted_is_not_tried_again(server, naps, error, sentence):
    wrapped = urllib3.exceptions.MaxRetryError(None, URL, urllib3.exceptions.SSLError(error))
    server.post(URL, body=requests.exceptions.SSLError(wrapped))
    assert failure() == sentence
    assert (len(server.calls), naps) == (1, [])


@pytest.mark.parametrize("kind", [ssl.SSLEOFError, ssl.SSLZeroReturnError])
def test_tls_that_breaks_off_is_a_broken_connection(server, naps, kind):
    wrapped = urllib3.exceptions.MaxRetryError(None, URL, urllib3.exceptions.SSLError(kind(8, "EOF occurred")))
    server.post(URL, body=requests.exceptions.SSLError(wrapped))
    check = "check proxy and what else stands between here and the API"
    assert failure() == f"the TLS connection broke off (tried 4 times); {check}"
    assert len(server.calls) == 4


def test_a_ca_bundle_of_the_environment_that_is_not_there_is_named(naps, monkeypatch, tmp_path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    message = failure()
    assert "CA" in message and "none.pem" in message
    assert naps == []


@pytest.mark.parametrize("host", ["api..example", f"{'a' * 64}.example"])
def test_a_host_name_that_cannot_be_is_not_blamed_on_a_proxy(naps, host):
    message = failure(f"https://{host}/oauth2/token")
    assert message.startswith("the connection failed: ") and message.endswith(f"; {CHECK_WAY}")


@pytest.mark.parametrize(
    ("said", "then", "sentence"),
    [
        (b"", b"", "the connection failed: Remote end closed connection without response"),
        (b"", ConnectionResetError(104, "Connection reset by peer"), "the connection failed: Connection reset by peer"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", b"", "the connection failed: what answered does not speak HTTP (tried"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", b"", "the connection failed: "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", b"", "the connection failed: "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", b"", "the connection failed: "),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n", TimeoutError("timed out"), "no answer came within 5"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
            TimeoutError("timed out"),
            "its answer could not be read: it was not complete after 5 seconds",
        ),
        (b"HTTP/1.1 200 OK\r\nA: b\r\nno colon\r\n\r\n", b"", "the connection failed: its headers cannot be read"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200, b"", "the connection failed: got more than 100 headers"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000, b"", "the connection failed: "),
    ],
)
def test_a_broken_answer_is_asked_for_again(saying, naps, said, then, sentence):
    connections = saying(said, then)
    message = local()
    assert message.startswith(sentence)
    assert message.endswith(tuple(f" (tried 4 times); {check}" for check in (CHECK_WAY, CHECK_TIMEOUT)))
    assert (len(connections), len(naps)) == (4, 3)


def test_an_answer_without_a_length_is_whole_when_the_connection_ends(saying):
    saying(b"HTTP/1.1 201 Created\r\n\r\nbody")
    assert Wire(CONNECTION).send(Request("POST", "http://127.0.0.1:8080/", form=FORM)).body == b"body"


@pytest.mark.parametrize("length", ["\u00b2", "x", "1_0", "+3", "9" * 5000, "-1"])
def test_a_length_that_is_none_does_not_count(saying, length):
    saying(f"HTTP/1.1 201 Created\r\nContent-Length: {length}\r\n\r\nbody".encode("latin-1"))
    try:
        answer = Wire(dataclasses.replace(CONNECTION, retries=0)).send(Request("POST", "http://127.0.0.1:8080/"))
    except FalconError as error:
        assert error.message in (
            f"the connection failed: the answer broke off; {CHECK_WAY}",
            "its answer could not be read: it broke off; check the network, or try again later",
        )
    else:
        assert b"body".startswith(answer.body)


@pytest.mark.parametrize("status", [201, 308, 403])
def test_the_body_of_any_status_is_read(saying, naps, status):
    head = f"HTTP/1.1 {status} X\r\nLocation: https://api.us-2.crowdstrike.com/\r\nContent-Length: 4\r\n\r\n"
    connections = saying(head.encode() + b"body")
    answer = Wire(CONNECTION).send(Request("POST", "http://127.0.0.1:8080/", form=FORM))
    assert (answer.status, len(connections), naps) == (status, 1, [])


def test_an_answer_that_an_older_urllib3_lets_break_off(server, naps):
    server.post(URL, body=b"abc", headers={"Content-Length": "9"})
    assert "broke" in failure() or "IncompleteRead" in failure()


@pytest.mark.parametrize("size", [LARGEST_ANSWER, LARGEST_ANSWER + 1])
def test_an_answer_may_be_a_megabyte_and_no_more(server, naps, size):
    server.post(URL, body=b"x" * size)
    if size <= LARGEST_ANSWER:
        assert len(Wire(CONNECTION).send(Request("POST", URL, form=FORM)).body) == size
    else:
        told = "its answer could not be read: it is larger than 1048576 bytes; check hostname, and what answers in"
        assert failure(retries=0).startswith(told)


@pytest.mark.parametrize("status", [200, 308])
def test_an_endless_answer_is_not_read_to_its_end(naps, status):
    class Endless(io.RawIOBase):
        read_so_far = 0

        def readable(self):
            return True

        def read(self, amount=-1):
            amount = amount if amount and amount > 0 else 1_000_000
            Endless.read_so_far += amount
            return b"" if Endless.read_so_far > 20 * LARGEST_ANSWER else b"x" * amount

    class Adapter(HTTPAdapter):
        def send(self, request, **kwargs):
            headers = {"Location": "https://api.us-2.crowdstrike.com/"}
            raw = urllib3.HTTPResponse(Endless(), headers, status, preload_content=False)
            return self.build_response(request, raw)

    wire = Wire(dataclasses.replace(CONNECTION, retries=0))
    wire._session.mount("https://", Adapter())
    if status == 308:
        assert wire.send(Request("POST", URL, form=FORM)).status == 308
    else:
        with pytest.raises(FalconError, match="it is larger than 1048576 bytes"):
            wire.send(Request("POST", URL, form=FORM))
    assert Endless.read_so_far < 3 * LARGEST_ANSWER


@pytest.mark.parametrize("encoding", ["gzip", "br", "GZIP", "deflate, gzip"])
def test_a_compressed_answer_is_not_unpacked(server, naps, encoding):
    server.post(URL, body=b"\x1f\x8b" + b"0" * 100, headers={"Content-Encoding": encoding})
    expected = "its answer could not be read: it is compressed, which was not asked for (tried 2 times); check what"
    assert failure(retries=1).startswith(expected)


def test_the_words_of_a_failure_are_never_somebody_elses():
    assert _wire._words(ValueError(f"bad {PROXY}")) == "ValueError"
    for error in (http.client.BadStatusLine(SECRET), http.client.UnknownProtocol(SECRET)):
        assert _wire._words(error) == "what answered does not speak HTTP"
    assert _wire._words(ssl.SSLError("made in Python")) == "TLS failed"
    tunnel = OSError(f"Tunnel connection failed: 407 {SECRET}")
    assert _wire._words(tunnel) == "407 Proxy Authentication Required"
    assert _wire._words(OSError("Tunnel connection failed: 799 Odd")) == "799"


def test_the_innermost_of_errors_that_go_round():
    looped = ValueError("outer")
    looped.__context__ = looped
    assert _wire._root(looped) is looped

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: it can change in any release.

"""HTTP to the Falcon API: the only file that knows requests.

It is imported by whoever must really ask, and by nobody else: on a cached token none of this is loaded.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import http.cookiejar
import logging
import random
import re
import socket
import ssl
import sys
import time
import traceback
import typing as t
from urllib.parse import urlsplit

from ansible_collections.falconops.auth.plugins.module_utils._connection import Connection
from ansible_collections.falconops.auth.plugins.module_utils._deadline import DeadlineAdapter, unhurried
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.module_utils._exchange import (
    SERVER_FAULTS,
    Answer,
    Authorisation,
    Request,
    told_to_another,
)
from ansible_collections.falconops.auth.plugins.module_utils._version import VERSION
from ansible_collections.falconops.auth.plugins.module_utils._words import trace

_LOG = logging.getLogger(__name__)

# A download that brings fewer bytes within the timeout is given up. Nobody waits for one that is as slow as that.
_LEAST = 10_000
# http:// is for addresses of this machine, and what is in the clear must not leave it.
_NO_PROXY = {"no_proxy": "*"}

REQUESTS_IMPORT_ERROR: str | None = None
try:
    import requests
    import urllib3
    from requests import Session
    from urllib3.util.retry import Retry
except ImportError:
    REQUESTS_IMPORT_ERROR = traceback.format_exc()
    Retry = Session = object  # type: ignore[assignment,misc]


class Pace(t.Protocol):
    """How those who ask from one address take turns, as the API's rate limits want it, each under a name of its own."""

    def turn(self, limit: str, longest_wait: float) -> t.ContextManager[float | None]:
        """The time to send one request, or the seconds that are to be waited for it, if they are more than these."""

    def heard(self, limit: str, *, remaining: int | None, wait: float | None) -> None:
        """What an answer said: how many more requests the API would take, and how many seconds to wait if none."""


class Wire:
    """One HTTP session, with the user's TLS, proxy and patience; pace: None where nobody else asks beside it."""

    def __init__(self, connection: Connection, pace: Pace | None = None) -> None:
        if REQUESTS_IMPORT_ERROR:
            raise FalconError(
                f"Asking the API needs the Python library requests, which {sys.executable} does not have; install it "
                f"with '{sys.executable} -m pip install requests', or with 'pipx inject ansible-core requests' (or "
                "'pipx inject ansible requests') where pipx installed Ansible."
            )
        self._connection = connection
        self._pace = pace
        # Proxies, CA bundle and NO_PROXY of the environment are requests' business; an option beats them when it
        # is given with each request, and only then.
        self._settings: dict[str, t.Any] = {
            "timeout": connection.timeout,
            "verify": (connection.ca_path or True) if connection.validate_certs else False,
            "allow_redirects": False,
            "stream": True,
        }
        self._proxies = {"https": connection.proxy} if connection.proxy else None
        self._session = _Session()
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, DeadlineAdapter(max_retries=0))
        # Nobody is to be recognised by what an earlier answer said.
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        agent = f"falconops.auth/{VERSION} (ansible collection)"
        self._session.headers["User-Agent"] = f"{connection.user_agent} {agent}" if connection.user_agent else agent
        # A compressed answer is of no use here and a way to fill the memory.
        self._session.headers["Accept-Encoding"] = "identity"
        if not connection.validate_certs:
            # The user chose it; urllib3 would tell so for every request.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def send(self, request: Request) -> Answer:
        """Send a request; come back with any answer that is worth reading.

        Server faults, broken and silent connections are repeated with backoff, a 429 after the wait that it names. What
        must not arrive twice is repeated only where it surely did not arrive. Redirects come back as they are. Raises
        FalconError, with the rest of the sentence, when there is no answer.
        """
        patience = _Patience(total=self._connection.retries, backoff_factor=0.5)
        # What the API counts by itself.
        limit = f"{host_of(request.url)} {request.account}"
        while True:
            turn = self._pace.turn(limit, request.longest_wait) if self._pace else contextlib.nullcontext()
            with turn as others_wait:
                if others_wait is not None:
                    return told_to_another(request.url, others_wait)
                began = time.perf_counter()
                answer, failure, repeat = self._try(request)
                _told(request, answer, failure, (time.perf_counter() - began) * 1000)
                wait = answer.wait if answer else None
                too_long = (wait or 0) > request.longest_wait
                # What this one does not wait for, others need not wait for either.
                if self._pace and answer:
                    self._pace.heard(limit, remaining=answer.remaining, wait=None if too_long else wait)
            if not repeat or too_long or patience.total == 0:
                break
            patience = patience.increment(request.method, request.url, error=urllib3.exceptions.HTTPError("repeated"))
            time.sleep(patience.get_backoff_time() if wait is None else wait + random.uniform(0, 0.3))
        if answer is None:
            tries = len(patience.history) + 1
            what, mark, advice = failure.partition("; ")
            raise FalconError(f"{what} (tried {tries} times){mark}{advice}" if tries > 1 else failure)
        return answer

    def _try(self, request: Request) -> tuple[Answer | None, str, bool]:
        """One attempt: the answer, or what kept it away, and whether a repeat may help."""
        content = request.content
        if content is not None and not isinstance(content, bytes):
            content.seek(0)
        again = request.repeatable
        try:
            with self._session.request(
                request.method,
                request.url,
                data=request.form if content is None else content,
                headers=dict(request.headers),
                auth=request.auth or _nothing,
                proxies=self._proxies if request.url.startswith("https://") else _NO_PROXY,
                **self._settings,
            ) as response:
                # Only the header of a redirect says anything.
                redirect = 300 <= response.status_code < 400
                body = b"" if redirect else _read(response, self._connection.timeout, request)
        except requests.exceptions.SSLError as error:
            return (None, *_tls_failure(_root(error), again))
        except requests.exceptions.ProxyError as error:
            # What breaks off behind the proxy is told in the same way.
            again = again or _never_sent(error)
            return None, f"the way through the proxy failed: {_words(_root(error))}; check proxy or HTTPS_PROXY", again
        except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError) as error:
            again = again or isinstance(error, requests.exceptions.ConnectTimeout)
            late = f"no answer came within {self._connection.timeout} seconds"
            return None, f"{late}; see timeout, and check the network", again
        except (
            requests.exceptions.InvalidProxyURL,
            requests.exceptions.InvalidSchema,
            requests.exceptions.InvalidURL,
            TypeError,  # urllib3 stumbles over some of them
        ) as error:
            why = "the proxy is not a URL that can be used"
            if str(error).startswith("Missing dependencies for SOCKS"):
                why = "a SOCKS proxy needs the Python library PySocks beside requests"
            return None, f"{why}; check proxy or HTTPS_PROXY", False
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            again = again or _never_sent(error)
            return None, f"the connection failed: {_words(_root(error))}; check hostname, proxy and the network", again
        except OSError as error:
            path = str(error).rsplit(": ", 1)[-1]
            return None, f"the CA certificates in {path} cannot be read; check REQUESTS_CA_BUNDLE", False
        except _Unreadable as error:
            return None, f"its answer could not be read: {error}", again
        answer = Answer(url=request.url, status=response.status_code, headers=response.headers, body=body)
        limited = answer.status == 429 and not answer.locked_out
        return answer, "", limited or (again and answer.status in SERVER_FAULTS)


def _told(request: Request, answer: Answer | None, failure: str, took: float) -> None:
    url = request.url.partition("?")[0]
    came = f"{answer.status}{trace(answer)}" if answer else failure
    _LOG.debug("%s %s: %s, after %.0f ms", request.method, url, came, took)


@functools.lru_cache(maxsize=8)
def wire_of_process(connection: Connection, process: int, pace: Pace | None = None) -> Wire:
    """The one wire of a process to go by this connection: what was forked must not speak on its parent's."""
    return Wire(connection, pace)


class _Session(Session):
    """Redirects are not for requests to follow: to see where they lead, it would read their bodies to the end."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class _Patience(Retry):
    """urllib3's own counting and backoff, but with a first pause, and with jitter also on its releases before 2.0."""

    def get_backoff_time(self) -> float:
        return max(super().get_backoff_time(), self.backoff_factor) * random.uniform(0.5, 1.0)


def basic(name: str, password: str) -> Authorisation:
    """HTTP Basic authorisation."""
    return requests.auth.HTTPBasicAuth(name, password)


def bearer(access_token: str) -> Authorisation:
    """Authorisation by a bearer token."""

    def add(request: t.Any) -> t.Any:
        request.headers["Authorization"] = f"Bearer {access_token}"
        return request

    return add


def multipart(fields: t.Mapping[str, t.Any]) -> tuple[bytes, str]:
    """A body of several parts, and its Content-Type. A file is {filename, content}; anything else is a text."""
    parts = {
        name: (str(each["filename"]), _as_bytes(each["content"])) if isinstance(each, dict) else str(each)
        for name, each in fields.items()
    }
    return urllib3.encode_multipart_formdata(parts)


def _as_bytes(content: t.Any) -> bytes:
    return content if isinstance(content, bytes) else str(content).encode()


def _nothing(request: t.Any) -> t.Any:
    """Authorisation that adds nothing: without one, requests would look into ~/.netrc."""
    return request


def _never_sent(error: BaseException) -> bool:
    """Whether there was no connection to send anything by."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    while isinstance(reason, urllib3.exceptions.ProxyError):
        reason = reason.original_error
    return isinstance(reason, urllib3.exceptions.NewConnectionError) or str(reason).startswith("Tunnel connection")


class _Unreadable(Exception):
    """What is wrong with the body of an answer, in our own words."""


def _read(response: t.Any, seconds: float, request: Request) -> bytes:
    """The body of an answer. Raises _Unreadable when it is cut off, too large or too slow."""
    if response.headers.get("Content-Encoding", "identity").lower() not in ("identity", ""):
        raise _Unreadable("it is compressed, which was not asked for; check what stands between here and the API")
    sink = request.sink if request.sink and 200 <= response.status_code < 300 else None
    if sink:
        # What is written away as it comes may take its time, as long as it comes.
        unhurried(response, _LEAST)
        sink(None)
    pieces: list[bytes] = []
    received = 0
    while True:
        try:
            chunk = response.raw.read(65536)
        except urllib3.exceptions.ReadTimeoutError:
            slow = f"less than {_LEAST // 1000} kB of it came within" if sink else "it was not complete after"
            raise _Unreadable(f"{slow} {seconds:g} seconds; see timeout, and check the network") from None
        received += len(chunk)
        if sink:
            sink(chunk)
        else:
            pieces.append(chunk)
        if not sink and received > request.largest:
            raise _Unreadable(f"it is larger than {request.largest} bytes; {request.if_larger}")
        if not chunk:
            break
    length = response.headers.get("Content-Length", "")
    if re.fullmatch("[0-9]{1,18}", length) and received < int(length) and request.method != "HEAD":
        raise _Unreadable("it broke off; check the network, or try again later")
    return b"".join(pieces)


def _tls_failure(root: BaseException, again: bool) -> tuple[str, bool]:
    """What to say of it, and whether a repeat may help."""
    if isinstance(root, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return "the TLS connection broke off; check proxy and what else stands between here and the API", again
    if isinstance(root, (ssl.SSLCertVerificationError, urllib3.util.ssl_match_hostname.CertificateError)):
        return f"its TLS certificate was not accepted: {_words(root)}; see ca_path", False
    return f"no TLS connection could be made: {_words(root)}; check hostname, proxy and ca_path", False


def _root(error: BaseException) -> BaseException:
    """What really happened, below the layers that wrapped it."""
    seen: list[BaseException] = []
    inner: BaseException | None = error
    while inner is not None and inner not in seen:
        seen.append(inner)
        reason = getattr(inner, "reason", None)
        nested = [arg for arg in (reason, *inner.args) if isinstance(arg, BaseException)]
        context = None if inner.__suppress_context__ else inner.__context__
        inner = nested[0] if nested else (inner.__cause__ or context)
    return next((each for each in reversed(seen) if str(each)), error)


def _words(root: BaseException) -> str:
    """A failure in words that are the system's or a library's own, or else only its name.

    Any other words may repeat what a server or a proxy said, or the URL of a proxy with its password.
    """
    if isinstance(root, ssl.SSLCertVerificationError):
        return str(getattr(root, "verify_message", "")) or "certificate verify failed"
    if isinstance(root, ssl.SSLError):
        return str(getattr(root, "reason", "") or "TLS failed")
    if isinstance(root, OSError) and root.strerror:
        return str(root.strerror)
    refused = re.match(r"Tunnel connection failed: (\d{3})\b", str(root))
    if refused:
        return f"{refused[1]} {http.client.responses.get(int(refused[1]), '')}".strip()
    if isinstance(root, http.client.IncompleteRead):
        return "the answer broke off"
    own = (http.client.LineTooLong, http.client.RemoteDisconnected, socket.timeout)
    if isinstance(root, own) or root.__class__ is http.client.HTTPException:
        return str(root)
    if isinstance(root, (http.client.BadStatusLine, http.client.UnknownProtocol)):
        return "what answered does not speak HTTP"
    return type(root).__name__


def host_of(url: str) -> str:
    """Scheme, host and port of a URL: the base of an API."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"

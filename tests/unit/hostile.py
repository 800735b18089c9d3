# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a hostile, broken or merely strange server says: answers as bytes, for hypothesis to choose from.

Who answers has seen the request, so that the answer may repeat whatever was sent, in any form.
"""

from __future__ import annotations

import base64
import email.utils
import itertools
import json
import ssl
import typing as t
from urllib.parse import quote

from ansible_collections.falconops.auth.tests.unit.examples import ID, MEMBER, US1, US2
from ansible_collections.falconops.auth.tests.unit.sockets import Deed
from hypothesis import strategies as st

# Unlike the usual ones of 40 letters and digits, one that looks different wherever it is encoded.
SECRET = "one+Secret/With=EveryKind%OfSign&_0123456789"
ISSUED, OLD = f"eyJhbGciOiJSUzI1NiJ9.{'anIssuedToken' * 20}.sig", f"eyJhbGciOiJSUzI1NiJ9.{'theOldOne9' * 20}.sig"
BASIC = base64.b64encode(f"{ID}:{SECRET}".encode()).decode()
PIECE = 16
EVIL = "https://evil.example"

Answer = t.Iterable[Deed]


def leaks(text: str, *secrets: str) -> bool:
    """Whether a piece of one of them stands in the text, in any form, be it with white space in between."""
    squeezed = "".join(char for char in text if not char.isspace())
    forms = [form for secret in secrets for form in (secret, quote(secret, safe=""), json.dumps(secret))]
    forms += [BASIC] if SECRET in secrets else []
    return any(form[start : start + PIECE] in squeezed for form in forms for start in range(len(form) - PIECE + 1))


ECHO = st.sampled_from([
    f"no client with secret {SECRET}",
    f"client_id={ID}&client_secret={quote(SECRET, safe='')}&member_cid={MEMBER}",
    f"client_secret={quote(SECRET, safe='')[:35]}",
    f"Authorization: Basic {BASIC}",
    f"Authorization: Bearer {OLD}",
    f"token={OLD[:60]}...",
    f"{SECRET[:20]}\r\n{SECRET[20:]}",
    f"{SECRET[:20]}\u200b{SECRET[20:]}",
    f"{'x' * 280}{SECRET}",
    SECRET.swapcase(),
])  # fmt: skip
WORDS = st.one_of(
    ECHO,
    st.text(max_size=40),
    st.sampled_from([
        "access denied, authorization failed",
        "{{ lookup('pipe', 'id') }}{% raw %}",
        "\x1b[31mred\x1b[0m\x07",
        "two\r\nlines\u2028three",
        "\u202eright to left",
        "",
        "x" * 5000,
    ]),
)  # fmt: skip

# --- bodies

LIVES = st.sampled_from([
    1799, 1, 0, -1, -(10**30), 10**30, 1799.5, 1e400, float("nan"), "1799", "soon", True, None, [1799], {"seconds": 1},
])  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from([
        ISSUED, "", " ", "two words", f"{ISSUED}\r\nX-Injected: 1", f"{ISSUED}\n", "nul\0", "\u00fcnicode", "\ud800",
        "x" * 65537, "{{ lookup('pipe', 'id') }}", SECRET, 7, None, ["x"], {"a": 1}, True,
    ]),
    st.text(max_size=20),
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
SHAPES = st.one_of(
    st.builds(
        lambda text, life, more: {"access_token": text, "expires_in": life, "token_type": "bearer", **more},
        TEXTS,
        LIVES,
        st.dictionaries(st.sampled_from(["errors", "meta", "hostname", "issued_at"]), JSON, max_size=2),
    ),
    st.just({"access_token": ISSUED, "expires_in": 1799}),
    st.builds(
        lambda words: {"errors": [{"code": 403, "message": each} for each in words]}, st.lists(WORDS, max_size=4)
    ),
    st.builds(lambda shape: {"errors": shape}, JSON),
    st.dictionaries(
        st.sampled_from(["meta", "errors", "resources", "Resources"]), JSON | WORDS.map(lambda each: [each])
    ),
    JSON,
)
ENCODED = st.builds(
    lambda shape, encoding: json.dumps(shape).encode(encoding, "surrogatepass"),
    SHAPES,
    st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"]),
)
ODD = st.sampled_from([
    b"", b"{", b"null", b"NaN", b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe\x00", b"\x1f\x8b\x08" + b"\0" * 50,
    b"<html><head><title>Sign in to the hotel</title></head></html>", b"<p>" + SECRET.encode() + b"</p>",
    b'{"access_token": "a", "access_token": "' + ISSUED.encode() + b'", "expires_in": 5, "expires_in": 1799}',
    b'{"access_token": "' + ISSUED.encode() + b'", "expires_in": ' + b"9" * 5000 + b"}",
    b'{"access_token": "' + ISSUED.encode() + b'", "expires_in": 1799',
    b"x" * 1_048_576, b" " * 1_048_577,
])  # fmt: skip
BODIES = st.one_of(ENCODED, ENCODED, ODD, st.binary(max_size=60))

# --- heads

STATUSES = st.one_of(
    st.sampled_from(["200", "201", "201", "201"]),
    st.sampled_from(["307", "308", "308", "301", "302", "303", "304", "300"]),
    st.sampled_from(["400", "401", "403", "404", "405", "407", "408", "413", "418", "429", "429", "451"]),
    st.sampled_from(["500", "502", "503", "504", "501", "520", "599"]),
    st.sampled_from(["100", "101", "103", "202", "204", "206", "000", "099", "999", "1000", "-1", "2e2", "", "OK"]),
)
REASONS = st.sampled_from(["Created", "", "\xfcber", "{{ 7 * 7 }}", f"no {SECRET}", "x" * 3000, "a\tb\x0b"])
NOW = 1_795_608_000
DATES = [
    email.utils.formatdate(NOW, usegmt=True), "Wed, 25 Nov 2026 12:00:00", "yesterday", "",
    "Thu, 01 Jan 0001 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT", "Wed, 25 Nov 99999999999 12:00:00 GMT", "Wed, 99 Nov 2026 99:00:00 GMT",
    "Wed, 25 Nov 2026 12:00:00 +9999999999", "Wed, 25 Nov 2026 12:00:00 -2359", "25 Nov", ",,,", "1 " * 400,
    "Wed, 25 Nov 2026 12:00:00 " + "(" * 500, "0", "Wed, 00 Jan 0000 00:00:00 GMT", "Mon, 1 Jan 1 1:1 -0000",
]  # fmt: skip
WAITS = [
    NOW + 3, NOW - 5, NOW + 60, NOW + 89, NOW + 91, 0, -1, 253402300799, 10**30, "1e300", "inf", "-inf", "NaN", "",
    "soon", "0x10", "1_000", "9" * 5000, " 17 ", "3;q=1", f"{NOW + 2}, {NOW + 4}", "\xb2",
    "Wed, 25 Nov 2026 12:00:03 GMT",
]  # fmt: skip
LOCATIONS = [
    f"{US2}/oauth2/token", f"{US1}/oauth2/token", "/oauth2/token?again", "", "?", EVIL, f"{EVIL}/oauth2/token",
    "//evil.example/x", f"https://api.us-2.crowdstrike.com@evil.example/?{SECRET}", "https://api.us-2.crowdstrike.com:8443/",
    "http://api.us-2.crowdstrike.com/", "https://api.us-2.crowdstrike.com.evil.example", "https://[::1/",
    "https://[v1.x]/", "file:///etc/passwd", "javascript:alert(1)", "https://{{ lookup('pipe', 'id') }}/", "https://evil.example:port/",
    f"https://{SECRET}.evil.example/", f"https://{SECRET[:20]}/", f"https://x.{ID}.evil.example",
    "https://" + "a" * 3000, "https://\xfc.example/", "https://evil.example\\@api.us-2.crowdstrike.com/", "\t https://api.eu-1.crowdstrike.com",
    "https://API.EU-1.CROWDSTRIKE.COM:443/oauth2/token", "https://api.us-2.crowdstrike.com/%0d%0aX: 1", "https://\x7f/",
]  # fmt: skip
HEADERS = st.one_of(
    st.tuples(st.just("Location"), st.sampled_from(LOCATIONS)),
    st.tuples(st.just("Location"), st.sampled_from(LOCATIONS)),
    st.tuples(st.just("X-Ratelimit-Retryafter"), st.sampled_from(WAITS)),
    st.tuples(st.just("X-Ratelimit-Remaining"), st.sampled_from(["0", "300", "-1", "x", "\xb2", "9" * 5000, "1e3"])),
    st.tuples(st.just("Date"), st.sampled_from(DATES)),
    st.tuples(
        st.just("X-Cs-Traceid"),
        st.sampled_from(["0aB9-0aB9", "x", "{{ a }}", SECRET, BASIC, OLD, ID, "a" * 80, "-" * 8]),
    ),
    st.tuples(
        st.just("Content-Encoding"),
        st.sampled_from(["gzip", "br", "deflate, gzip", "identity", "", "GZIP", "zstd", "x" * 3000, SECRET]),
    ),
    st.tuples(
        st.just("Content-Length"),
        st.sampled_from(["0", "5", "-1", "9" * 18, "9" * 5000, "\xb2", "1, 1", "5, 6", "x", "+3", "1_0", " 7", ""]),
    ),
    st.tuples(st.just("Transfer-Encoding"), st.sampled_from(["chunked", "gzip, chunked", "identity", "Chunked", "x"])),
    st.tuples(
        st.just("Set-Cookie"),
        st.sampled_from([f"a={SECRET}; Domain=.crowdstrike.com", "a=b; expires=" + "1" * 3000, "=; =;", "a" * 60_000]),
    ),
    st.tuples(st.just("Connection"), st.sampled_from(["close", "keep-alive", "Upgrade"])),
    st.tuples(
        st.just("Content-Type"),
        st.sampled_from(["text/html; charset=x", "multipart/mixed; boundary=", "message/rfc822", "application/json"]),
    ),
    st.tuples(st.sampled_from(["X-Odd", "", " ", "Sp ace", "\xfc", "X:Y", SECRET]), WORDS),
)
# What http.client takes for the end of the headers, and for the beginning of something that nobody reads.
BROKEN_LINES = st.sampled_from([
    b"no colon, but " + SECRET.encode(), b": no name", b" folded " + SECRET.encode(), b"\0\0", b"A\x00B: c", b"\r",
])  # fmt: skip


def _line(name: str, value: t.Any) -> bytes:
    text = f"{name}: {value}".replace("\r", " ").replace("\n", " ")
    return text.encode("latin-1", "replace")


def _framed(body: bytes, framing: str) -> tuple[list[bytes], bytes]:
    """Headers that say where the body ends, and the body as they say it."""
    if framing == "length":
        return [b"Content-Length: %d" % len(body)], body
    if framing == "too long":
        return [b"Content-Length: %d" % (len(body) + 10)], body
    if framing == "too short":
        return [b"Content-Length: %d" % (len(body) // 2)], body
    if framing == "chunked":
        pieces = [body[: len(body) // 2], body[len(body) // 2 :]]
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece)
        return [b"Transfer-Encoding: chunked"], chunks + b"0\r\n\r\n"
    if framing == "bad chunks":
        return [b"Transfer-Encoding: chunked"], b"5\r\nab" + b"zz\r\n" + body
    if framing == "odd chunks":
        return [b"Transfer-Encoding: chunked"], b"-5;" + SECRET.encode() + b"\r\n" + body
    return [], body


FRAMINGS = st.sampled_from(
    ["length"] * 6 + ["none"] * 3 + ["too long", "too short", "chunked", "chunked", "bad chunks", "odd chunks"]
)


@st.composite
def _spoken(draw: st.DrawFn) -> list[bytes]:
    """An answer that is more or less HTTP, line by line."""
    version = draw(st.sampled_from(["HTTP/1.1"] * 12 + ["HTTP/1.0", "HTTP/0.9", "HTTP/2", "http/1.1", "ICY"]))
    framing, body = _framed(draw(BODIES), draw(FRAMINGS))
    lines = [_line(*header) for header in draw(st.lists(HEADERS, max_size=5))]
    lines += draw(st.lists(BROKEN_LINES, max_size=1)) if draw(st.integers(0, 7)) == 7 else []
    lines = draw(st.permutations(lines + framing))
    start = f"{version} {draw(STATUSES)} {draw(REASONS)}".encode("latin-1", "replace")
    return [start + b"\r\n", *(line + b"\r\n" for line in lines), b"\r\n", body]


def _refused(status: int, words: list[str]) -> list[bytes]:
    """A refusal of the API's own shape, that says what should not be repeated."""
    body = json.dumps({"errors": [{"code": status, "message": each} for each in words]}).encode()
    return [b"HTTP/1.1 %d Refused\r\nContent-Length: %d\r\n\r\n" % (status, len(body)), body]


@st.composite
def _broken(draw: st.DrawFn) -> list[Deed]:
    """The same, slowly or in part, until the connection breaks."""
    deeds: list[Deed] = []
    pieces = draw(_spoken())
    for piece in pieces:
        at = draw(st.integers(0, len(piece)))
        deeds += [piece[:at], draw(st.sampled_from([0.0, 0.0, 0.5, 4.9, 30.0])), piece[at:]]
    deeds = deeds[: draw(st.integers(0, len(deeds)))]
    error = draw(st.sampled_from([*ERRORS, None, None]))
    return [*deeds, error] if error else deeds


ERRORS = [
    ConnectionResetError(104, "Connection reset by peer"),
    BrokenPipeError(32, "Broken pipe"),
    ConnectionAbortedError(103, "Software caused connection abort"),
    TimeoutError("timed out"),
    ssl.SSLError(1, "[SSL: DECRYPTION_FAILED_OR_BAD_RECORD_MAC] decryption failed"),
    ssl.SSLEOFError(8, "EOF occurred in violation of protocol"),
    ssl.SSLZeroReturnError(6, "TLS/SSL connection has been closed (EOF)"),
    OSError(5, "Input/output error"),
    OSError(f"cannot read {SECRET}"),
]
JUNK = st.one_of(
    st.binary(max_size=200),
    st.sampled_from([
        b"", b"\r\n", b"\0" * 100, b"SSH-2.0-OpenSSH_9.9\r\n", b"\x15\x03\x01\x00\x02\x02\x28",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"<html>" + SECRET.encode() + b"</html>", b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 201", b"HTTP/" + SECRET.encode() + b" 201 Created\r\n\r\n",
        b"HTTP/1.1 " + SECRET.encode() + b" Created\r\n\r\n",
        b"HTTP/1.1 201 " + b"x" * 70_000, f"POST /oauth2/token client_secret={SECRET}\r\n".encode(),
    ]),
)  # fmt: skip

HEAD = b"HTTP/1.1 201 Created\r\n"
# Each begins a little differently from the others, and none of them ends.
ENDLESS: dict[str, tuple[bytes, bytes, float]] = {
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 300, 0.0),
    "a drip of interim answers": (b"", b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n", 4.0),
    "a drip of the first line": (b"HTTP/1.1 201 ", b"x", 4.0),
    "a drip of a header": (HEAD + b"A: ", b"b", 4.0),
    "a drip of headers": (HEAD, b"A: b\r\n", 4.0),
    "headers": (HEAD, b"A: b\r\n" * 1000, 0.0),
    "a header": (HEAD + b"A: ", b"b" * 8192, 0.0),
    "a drip of a body of some length": (HEAD + b"Content-Length: 1000000\r\n\r\n", b"x", 4.0),
    "a drip of a body": (HEAD + b"\r\n", b"x", 4.0),
    "a drip of chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", 4.0),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1000, 0.0),
    "a drip of a chunk's size": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0", 4.0),
    "trailers": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n" * 1000, 0.0),
    "a drip of trailers": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n", 4.0),
    "a body": (HEAD + b"\r\n", b"x" * 65536, 0.0),
    "a compressed body": (HEAD + b"Content-Encoding: gzip\r\n\r\n", b"\x1f\x8b" + b"\0" * 65534, 0.0),
    "the body of a redirect": (b"HTTP/1.1 308 P\r\nLocation: " + US2.encode() + b"\r\n\r\n", b"x" * 65536, 0.0),
}


class Endless:
    """An answer without an end, that can be given again and again."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __iter__(self) -> t.Iterator[Deed]:
        first, more, pause = ENDLESS[self._name]
        return itertools.chain([first], itertools.cycle([pause, more] if pause else [more]))

    def __repr__(self) -> str:
        return f"Endless({self._name!r})"


ANSWERS: st.SearchStrategy[Answer] = st.one_of(
    _spoken(),
    _spoken(),
    _spoken(),
    _spoken(),
    _broken(),
    st.builds(_refused, st.sampled_from([400, 401, 403, 404, 418, 429, 500]), st.lists(ECHO, min_size=1, max_size=2)),
    st.builds(lambda junk: [junk], JUNK),
    st.sampled_from([Endless(name) for name, (_first, _more, pause) in ENDLESS.items() if pause]),
)

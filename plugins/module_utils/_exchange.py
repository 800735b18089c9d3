# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: it can change in any release.

"""What is sent to the Falcon API, and what it answers."""

from __future__ import annotations

import contextlib
import dataclasses
import email.utils
import json
import math
import re
import time
import typing as t

# Answers about tokens are two kilobytes; what is much larger is not one, and is not read to its end.
LARGEST_ANSWER = 1024 * 1024
# The API's rate limit is counted over a minute, so that no honest answer asks for a longer wait than this.
LONGEST_WAIT = 90.0
# Adds an Authorization header to a request that is about to be sent.
Authorisation = t.Callable[[t.Any], t.Any]
Sink = t.Callable[[t.Optional[bytes]], None]

SERVER_FAULTS = (408, 500, 502, 503, 504)
_DEAD_TOKENS_LIMIT = "15"
# No answer of the API is nested half as deep. What is much deeper, Ansible's processes cannot hand over to each other.
_DEEPEST = 100


@dataclasses.dataclass(frozen=True)
class Request:
    """What is to be sent.

    account: to whom the API counts it; empty where it counts by the address that it comes from; form: fields of a form;
    or content: a body as it goes out, or a file that is read from its beginning each time; repeatable: whether it may
    arrive twice; longest_wait: seconds that it may wait for the rate limit at a time; largest: bytes of an answer that
    are read; if_larger: what to do where there are more; sink: takes the body of a good answer piece by piece in place
    of Answer.body, and is told by None when it begins anew.
    """

    method: str
    url: str
    account: str = ""
    form: t.Mapping[str, str] | None = dataclasses.field(default=None, repr=False)
    content: bytes | t.BinaryIO | None = dataclasses.field(default=None, repr=False)
    headers: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    auth: Authorisation | None = dataclasses.field(default=None, repr=False)
    repeatable: bool = True
    longest_wait: float = LONGEST_WAIT
    largest: int = LARGEST_ANSWER
    if_larger: str = "check hostname, and what answers in the API's place"
    sink: Sink | None = dataclasses.field(default=None, repr=False)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the server said. headers: case-insensitive; body: as it came; url: what was asked."""

    url: str
    status: int
    headers: t.Mapping[str, str]
    body: bytes = dataclasses.field(repr=False)

    def json(self) -> t.Any:
        """The body as JSON, or None when it is something else, as gateways answer, or nested too deep."""
        try:
            content = from_json(self.body)
        except (ValueError, RecursionError):
            return None
        return None if _is_deep(self.body, content) else content

    @property
    def text(self) -> str | None:
        """The body as UTF-8; None where it is something else, such as a file or UTF-16."""
        with contextlib.suppress(UnicodeDecodeError):
            return None if b"\0" in self.body else self.body.decode()
        return None

    @property
    def kind(self) -> str:
        """The media type of its body, without parameters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def is_said_to_be_json(self) -> bool:
        """Whether its media type is that of JSON."""
        return self.kind in ("application/json", "text/json") or self.kind.endswith("+json")

    @property
    def trace_id(self) -> str:
        """What CrowdStrike's support asks for; empty if the answer has none."""
        found = re.fullmatch(r"[0-9A-Fa-f-]{8,64}", self.headers.get("X-Cs-Traceid", ""))
        return found[0] if found else ""

    @property
    def locked_out(self) -> bool:
        """Whether this address has shown the API too many dead tokens, which have a limit of their own."""
        return self.status == 429 and self.headers.get("X-Ratelimit-Limit") == _DEAD_TOKENS_LIMIT

    @property
    def remaining(self) -> int | None:
        """How many more requests of this kind the API would take just now; None where it does not say."""
        text = self.headers.get("X-Ratelimit-Remaining", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    @property
    def wait(self) -> float | None:
        """Seconds to wait before a 429 may be repeated, by the server's own clock; None where it does not say."""
        if self.status != 429:
            return None
        try:
            until = float(self.headers["X-Ratelimit-Retryafter"])
        except (KeyError, ValueError):
            return None
        try:
            now = email.utils.parsedate_to_datetime(self.headers["Date"]).timestamp()
        except (KeyError, TypeError, ValueError, IndexError, OverflowError):
            now = time.time()
        wait = until - now
        return None if math.isnan(wait) else max(wait, 1.0)

    @property
    def wait_in_words(self) -> str:
        """How long that is; where it does not say, as long as the API counts."""
        if self.wait is None:
            return "a minute"
        return f"{self.wait:.0f} seconds" if self.wait < 86400 else "more than a day"


def from_json(body: bytes) -> t.Any:
    """What JSON says. Raises ValueError if this is none, or is UTF-16, in which nobody has looked for the token.

    RFC 8259 (8.1) has it sent as UTF-8 alone; the library would guess.
    """
    return json.loads(body.decode("utf-8-sig", "surrogatepass"))


def json_fault(body: bytes) -> str:
    """Why this is no JSON, in words of the library; empty if it is."""
    try:
        from_json(body)
    except json.JSONDecodeError as error:
        return error.msg
    except ValueError:
        return "no text"
    except RecursionError:
        pass  # deep, and good as far as it was read
    return ""


def _is_deep(body: bytes, content: t.Any) -> bool:
    """Whether JSON holds lists in dictionaries in lists, and so on, to more levels than anybody wants."""
    if body.count(b"[") + body.count(b"{") < _DEEPEST:
        return False
    level = [content]
    for _level in range(_DEEPEST):
        inside = (each.values() if isinstance(each, dict) else each for each in level if isinstance(each, (dict, list)))
        level = [each for inner in inside for each in inner if isinstance(each, (dict, list))]
        if not level:
            return False
    return True


def told_to_another(url: str, wait: float) -> Answer:
    """In place of an answer: the 429 that another process was given a moment ago, and that holds for all of them."""
    words = {"errors": [{"code": 429, "message": "as it told another process, so that it was not asked again"}]}
    until = {"X-Ratelimit-Retryafter": str(wait), "Date": email.utils.formatdate(0, usegmt=True)}
    return Answer(url=url, status=429, headers=until, body=json.dumps(words).encode())

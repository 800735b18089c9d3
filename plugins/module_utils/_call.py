# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: it can change in any release.

"""A call of the Falcon API: what may be asked for, and whether it only reads.

There is no table of the API's operations: their paths stand in the vendor's reference and work before anybody has put
them into a table. All that is known here of single operations is what cannot be told from method and path.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from urllib.parse import unquote

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
# Ids in one request, in a query and in a body, if the user does not say. The API's own limits begin at 100.
IDS_IN_QUERY, IDS_IN_BODY = 100, 500
# The API refuses larger ones.
LARGEST_URL = 16 * 1024
LARGEST_BODY = 1000 * 1000

_PATH = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*)+")
_HIDDEN = re.compile(r"%(?:2e|2f|5c|[01][0-9a-f]|7f)", re.IGNORECASE)
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# Ours to say, or the HTTP library's.
_NOT_THE_USERS = ("authorization", "host", "cookie", "content-length", "transfer-encoding", "proxy-authorization")

# A POST reads if a part of its path says so, with these exceptions.
_READING = ("aggregates", "GET", "queries", "combined")
_READING_POSTS = (
    "/devices/entities/devices/v2",
    "/alerts/entities/alerts/v1",
    "/alerts/entities/alerts/v2",
    "/cases/entities/cases/v2",
)
_NEVER_READING = re.compile(r"/real-time-response|uninstall-token|graphql", re.IGNORECASE)
# Answers that are secrets.
_SECRET = re.compile(
    r"uninstall-token|/api-clients/entities/api-clients|/sensors/entities/datafeed/|registry-credentials"
    r"|/installation-tokens/entities/tokens/|/integration/api-key/|/connection-tokens?/|/ngsiem/.*token",
    re.IGNORECASE,
)
# Where GETs are that take a body.
_GETS_WITH_BODY = "/aspm-api-gateway/"
# The one operation that takes nothing but limit beside its cursor.
_NOTHING_BESIDE_CURSOR = "/detects/entities/iom/v1"


@dataclasses.dataclass(frozen=True)
class Call:
    """What is asked for.

    params: values are texts, numbers, booleans or lists of them; body: as body_format has it (json: anything that is
    JSON; form: a mapping; multipart: a mapping, files as {src} or {filename, content}; raw: text); ids go into the
    query or the body, batch_size at a time; reads: whether it changes nothing, and may be sent twice.
    """

    method: str
    path: str
    params: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    body: t.Any = dataclasses.field(default=None, repr=False)
    body_format: str = "json"
    headers: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    ids: t.Sequence[str] = ()
    batch_size: int | None = None
    paginate: bool = False
    max_items: int | None = None
    reads: bool = True
    allow_partial: bool = False
    ignore_codes: t.Sequence[int] = ()
    max_wait: int = 90

    @property
    def ids_in_query(self) -> bool:
        """Where its ids go: in the query, or in the body."""
        return self.method in ("GET", "HEAD", "DELETE")

    @property
    def takes_body(self) -> bool:
        """Whether a body makes sense."""
        return self.method not in ("GET", "HEAD") or (self.method == "GET" and self.path.startswith(_GETS_WITH_BODY))

    @property
    def files(self) -> dict[str, str]:
        """The paths of those of its parts that are files of the control node."""
        parts = self.body.items() if self.body_format == "multipart" and self.body else ()
        return {name: part["src"] for name, part in parts if isinstance(part, dict) and "src" in part}

    @property
    def tells_secrets(self) -> bool:
        """Whether its answer is known to hold secrets."""
        return bool(_SECRET.search(unquote(self.path)))

    @property
    def nothing_beside_cursor(self) -> bool:
        """Whether a further page takes no other parameters than limit."""
        return self.path == _NOTHING_BESIDE_CURSOR

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def only_reads(method: str, path: str) -> bool:
    """Whether such a call changes nothing, as far as method and path tell."""
    path = unquote(path)
    if method in ("GET", "HEAD"):
        return True
    if method != "POST" or _NEVER_READING.search(path):
        return False
    return path in _READING_POSTS or any(part in _READING for part in path.split("/"))


# Each returns the value in its normal form, or raises ValueError with the end of a sentence.


def check_path(value: str) -> str:
    """A path at the API's own host, and nowhere else."""
    if not value.startswith("/"):
        raise ValueError("must begin with /, as in /devices/queries/devices/v1; the host is that of the token")
    if "?" in value or "#" in value:
        raise ValueError("must not hold a query; give it by params")
    parts = value.split("/")
    if not _PATH.fullmatch(value) or _HIDDEN.search(value) or ".." in parts or "." in parts or "" in parts[1:-1]:
        raise ValueError("is not a path of the API; it holds //, .., or characters that have no place in one")
    if unquote(parts[1]).lower().startswith("oauth2"):
        raise ValueError("is about tokens, which falcon_token and falcon_token_revoke look after")
    return value


def check_headers(value: t.Mapping[str, t.Any]) -> dict[str, str]:
    """HTTP headers beside our own."""
    headers = {str(name): text_of(each) for name, each in value.items() if each is not None}
    for name, text in headers.items():
        if not _HEADER.fullmatch(name) or not text.isprintable() or not text.isascii():
            raise ValueError(f"has a header that HTTP does not know ({name!r}); give names and printable ASCII")
        if name.lower() in _NOT_THE_USERS:
            raise ValueError(f"must not set {name}; falcon_api does so itself")
    return headers


def check_params(value: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Query parameters; lists repeat their name."""
    for name, each in value.items():
        for one in each if isinstance(each, (list, tuple)) else [each]:
            if not isinstance(one, (str, int, float, bool, type(None))):
                raise ValueError(f"must hold texts, numbers, booleans and lists of them; {name} is something else")
            check_texts(name, one)
    return dict(value)


def text_of(value: t.Any) -> str:
    """As queries, forms and headers have it: of JSON's values, not of Python's."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def check_texts(*values: t.Any) -> None:
    """What was read from a file as if it were a text can hold what nothing can be sent as."""
    try:
        "".join(map(str, values)).encode()
    except UnicodeEncodeError:
        raise ValueError("holds bytes that are no text; a file that is sent is to be given by src") from None

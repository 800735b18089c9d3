# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reached the listeners and the proxy. Secrets and tokens appear as hashes only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode
from weakref import WeakKeyDictionary

from emulator.messages import Call
from emulator.tokens import sha256

_CONFIDENTIAL = {"access_token", "authorization", "client_secret", "cookie", "proxy-authorization", "token"}
_LONGEST_BODY = 100_000  # bytes; of longer ones the log has size and hash only


@dataclass
class RequestEntry:
    seq: int
    time: float
    listener: str  # "tls" or "http"
    connection: int  # requests with the same number came over the same connection
    host: str
    method: str
    path: str
    query: dict[str, str]  # of a name that is given several times, the last
    query_string: str  # as it was sent, all of it
    headers: dict[str, str]  # names in lower case
    source: str
    user_agent: str
    authorization: bool  # whether there was an Authorization header
    client_id: str | None = None
    member_cid: str | None = None
    secret_sha256: str | None = None
    token_sha256: str | None = None
    body_size: int = 0  # this and the next ones: not of calls to /oauth2
    body_sha256: str | None = None
    body: object = None  # JSON as it is, other text as text
    form: dict[str, str] = field(default_factory=dict)
    files: dict[str, dict[str, object]] = field(default_factory=dict)  # each with name, size, sha256
    fault: str | None = None  # the kind of the fault it met
    status: int | None = None  # what is sent; None: not yet, or the connection was cut
    done: bool = False

    def note_content(self, call: Call) -> None:
        if self.path.startswith("/oauth2/"):
            return
        self.form = {name: _without_token(value, call) for name, value in _masked(call.form).items()}
        for name, upload in call.files.items():
            digest = hashlib.sha256(upload.content).hexdigest()
            self.files[name] = {"name": upload.name, "size": len(upload.content), "sha256": digest}
        if call.body:
            self.body_size = len(call.body)
            self.body_sha256 = hashlib.sha256(call.body).hexdigest()
        if 0 < self.body_size <= _LONGEST_BODY:
            self.body = _readable(_without_token(call.body.decode(errors="replace"), call))


@dataclass(frozen=True)
class ConnectEntry:
    seq: int
    time: float
    target: str
    status: int
    source: str
    authorization: bool
    user_agent: str


class RequestLog:
    def __init__(self) -> None:
        self.entries: list[RequestEntry] = []
        self._connections: WeakKeyDictionary[object, int] = WeakKeyDictionary()
        self._last_connection = 0

    def arrived(
        self,
        *,
        time: float,
        listener: str,
        connection: object,
        host: str,
        method: str,
        path: str,
        target: str,
        source: str,
        headers: Mapping[str, str],
    ) -> RequestEntry:
        query_string = _masked_query(target.partition("?")[2])
        entry = RequestEntry(
            seq=len(self.entries) + 1,
            time=time,
            listener=listener,
            connection=self._number(connection),
            host=host,
            method=method,
            path=path,
            query=dict(parse_qsl(query_string, keep_blank_values=True)),
            query_string=query_string,
            headers=_masked(headers),
            source=source,
            user_agent=headers.get("user-agent", ""),
            authorization="authorization" in headers,
        )
        self.entries.append(entry)
        return entry

    def _number(self, connection: object) -> int:
        if connection not in self._connections:
            self._last_connection += 1
            self._connections[connection] = self._last_connection
        return self._connections[connection]


class ConnectLog:
    def __init__(self) -> None:
        self.entries: list[ConnectEntry] = []

    def add(self, time: float, target: str, status: int, source: str, headers: Mapping[str, str]) -> None:
        self.entries.append(
            ConnectEntry(
                seq=len(self.entries) + 1,
                time=time,
                target=target,
                status=status,
                source=source,
                authorization="proxy-authorization" in headers,
                user_agent=headers.get("user-agent", ""),
            )
        )


# A careless client may put a secret anywhere: the test must see that, without the secret.


def _masked(pairs: Mapping[str, str]) -> dict[str, str]:
    return {name: _mask(value) if name.lower() in _CONFIDENTIAL else value for name, value in pairs.items()}


def _masked_query(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(name.lower() in _CONFIDENTIAL for name, _unused in pairs):
        return query
    return urlencode([(name, _mask(value) if name.lower() in _CONFIDENTIAL else value) for name, value in pairs])


def _mask(value: str) -> str:
    return f"sha256:{sha256(value)}"


def _without_token(text: str, call: Call) -> str:
    return text.replace(call.bearer, _mask(call.bearer)) if call.bearer else text


def _readable(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text

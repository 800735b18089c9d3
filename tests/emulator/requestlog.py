# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reached the listeners and the proxy. Secrets and tokens appear as hashes only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from emulator.tokens import sha256

_CONFIDENTIAL = {"access_token", "authorization", "client_secret", "token"}


@dataclass
class RequestEntry:
    seq: int
    time: float
    listener: str  # "tls" or "http"
    host: str
    method: str
    path: str
    query: dict[str, str]
    source: str
    user_agent: str
    authorization: bool  # whether there was an Authorization header
    client_id: str | None = None
    member_cid: str | None = None
    secret_sha256: str | None = None
    token_sha256: str | None = None
    fault: str | None = None  # the kind of the fault it met
    status: int | None = None  # what is sent; None: not yet, or the connection was cut
    done: bool = False


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

    def arrived(
        self,
        *,
        time: float,
        listener: str,
        host: str,
        method: str,
        path: str,
        query: Mapping[str, str],
        source: str,
        headers: Mapping[str, str],
    ) -> RequestEntry:
        entry = RequestEntry(
            seq=len(self.entries) + 1,
            time=time,
            listener=listener,
            host=host,
            method=method,
            path=path,
            query=_masked(query.items()),
            source=source,
            user_agent=headers.get("user-agent", ""),
            authorization="authorization" in headers,
        )
        self.entries.append(entry)
        return entry


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


def _masked(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A careless client may put a secret into its query: the test must see that, without the secret."""
    return {name: f"sha256:{sha256(value)}" if name.lower() in _CONFIDENTIAL else value for name, value in pairs}

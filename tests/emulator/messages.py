# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests and answers as the endpoints see them: plain values, so that endpoints are functions without a network."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from emulator.clouds import Cloud


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, headers: Mapping[str, str]) -> Reply:
        """More headers; those it already has win."""
        return replace(self, headers={**headers, **self.headers})


def json_reply(status: int, payload: object, headers: Mapping[str, str] | None = None) -> Reply:
    body = json.dumps(payload, indent=1).encode()
    return Reply(status, body, {"Content-Type": "application/json", **(headers or {})})


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    cloud: Cloud
    source: str
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    trace_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def bearer(self) -> str | None:
        return self._authorization("bearer")

    @property
    def basic(self) -> tuple[str, str] | None:
        """The user and the password of HTTP Basic, or None if there are none that can be read."""
        return parse_basic(self._authorization("basic"))

    def _authorization(self, scheme: str) -> str | None:
        given, _unused, value = self.headers.get("authorization", "").partition(" ")
        return value.strip() if given.lower() == scheme and value.strip() else None

    def envelope(self, status: int, resources: list[object] | None = None, powered_by: str = "csam") -> Reply:
        payload: dict[str, object] = {"meta": self._meta(powered_by), "errors": []}
        if resources is not None:
            payload["resources"] = resources
        return json_reply(status, payload)

    def error(self, status: int, message: str, powered_by: str = "csam") -> Reply:
        errors = [{"code": status, "message": message}]
        return json_reply(status, {"meta": self._meta(powered_by), "errors": errors})

    def _meta(self, powered_by: str) -> dict[str, object]:
        return {"query_time": 0.001812609, "powered_by": powered_by, "trace_id": self.trace_id}


def parse_basic(value: str | None) -> tuple[str, str] | None:
    try:
        user, colon, password = base64.b64decode(value or "", validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if colon else None

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests and answers as the endpoints see them: plain values, so that endpoints are functions without a network."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from emulator.blob import Blob
from emulator.clouds import Cloud

# From so many items on, answers are not indented as the real ones are: only without does Python write them fast.
_MANY = 50


class Refused(Exception):
    """Ends a call with the API's own kind of error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes | Blob = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, headers: Mapping[str, str]) -> Reply:
        """More headers; those it already has win."""
        return replace(self, headers={**headers, **self.headers})


def json_reply(status: int, payload: object, headers: Mapping[str, str] | None = None, indent: int | None = 1) -> Reply:
    body = json.dumps(payload, indent=indent).encode()
    return Reply(status, body, {"Content-Type": "application/json", **(headers or {})})


@dataclass(frozen=True)
class Upload:
    """A file in a multipart body."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    cloud: Cloud
    source: str
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Upload] = field(default_factory=dict)
    body: bytes = b""  # as it came, unless it was a form
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

    def param(self, name: str) -> str:
        """A query parameter, the first if there are several, empty if there is none."""
        return next(iter(self.query.get(name, ())), "")

    @property
    def json(self) -> dict[str, Any]:
        """The body; Refused if it is not an object in JSON."""
        try:
            body = json.loads(self.body)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Refused(400, "invalid request: the body is not a JSON object")
        return body

    def envelope(
        self,
        status: int,
        resources: Sequence[object] | Mapping[str, object] | None = None,
        powered_by: str = "csam",
        errors: Sequence[object] = (),
        headers: Mapping[str, str] | None = None,
        **meta: object,
    ) -> Reply:
        payload: dict[str, object] = {"meta": {**self._meta(powered_by), **meta}, "errors": list(errors)}
        if resources is not None:
            payload["resources"] = resources
        many = isinstance(resources, Sequence) and len(resources) > _MANY
        return json_reply(status, payload, headers, indent=None if many else 1)

    def error(self, status: int, message: str, powered_by: str = "csam") -> Reply:
        return self.envelope(status, None, powered_by, [problem(status, message)])

    def _meta(self, powered_by: str) -> dict[str, object]:
        return {"query_time": 0.001812609, "powered_by": powered_by, "trace_id": self.trace_id}


def problem(code: int, message: str, **more: object) -> dict[str, object]:
    """One of an answer's errors."""
    return {"code": code, "message": message, **more}


def strings(value: object, name: str) -> list[str]:
    """A list of strings from a JSON body; Refused if it is none."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Refused(400, f"invalid request: {name} must be a list of strings")
    return value


def some_ids(ids: Iterable[str], maximum: int) -> list[str]:
    """The ids of a call, each once; Refused if there are none or too many."""
    unique = list(dict.fromkeys(ids))
    if not 0 < len(unique) <= maximum:
        raise Refused(400, f"request must contain between 1 and {maximum} ids")
    return unique


def parse_basic(value: str | None) -> tuple[str, str] | None:
    try:
        user, colon, password = base64.b64decode(value or "", validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if colon else None

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults waiting for the requests they are meant for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase

MAX_SECONDS = 300.0  # nothing that a test leaves behind holds a connection for longer

# The kinds, and which arguments each takes beyond those of all (see Fault).
KINDS: dict[str, frozenset[str]] = {
    "status": frozenset({"status", "body", "headers"}),
    "throttle": frozenset({"seconds", "status", "headers"}),
    "redirect": frozenset({"url", "status", "headers"}),
    "echo": frozenset({"status", "body", "headers"}),
    "headers": frozenset({"headers"}),
    "kill": frozenset(),
    "malformed": frozenset({"status", "body"}),
    "shape": frozenset({"status", "body"}),
    "oversize": frozenset({"size", "status"}),
    "drop": frozenset(),
    "truncate": frozenset({"keep", "status", "body"}),
    "hang": frozenset({"seconds"}),
    "delay": frozenset({"seconds"}),
    "drip": frozenset({"seconds"}),
}
_COMMON = frozenset({"kind", "path", "host", "method", "times", "skip", "after"})
_TYPES: dict[str, tuple[type, ...]] = {
    "path": (str,),
    "host": (str,),
    "method": (str,),
    "url": (str,),
    "times": (int, type(None)),
    "skip": (int,),
    "status": (int, type(None)),
    "size": (int,),
    "keep": (int, type(None)),
    "seconds": (int, float),
    "after": (bool,),
    "headers": (dict,),
}


@dataclass
class Fault:
    kind: str
    path: str = "*"  # patterns as of a shell
    host: str = "*"
    method: str = "*"
    times: int | None = 1  # how many requests meet it; None: all until the reset
    skip: int = 0  # how many matching requests pass before it starts
    after: bool = False  # let the server do its work first (mint, revoke, count), and only then spoil the answer
    seconds: float = 1.0
    status: int | None = None  # None: what is usual for the kind
    body: object = None  # text as it is, anything else as JSON, None: what is usual for the kind
    headers: dict[str, str] = field(default_factory=dict)
    url: str = ""
    size: int = 20_000_000
    keep: int | None = None  # how many bytes of the body get through; None: half

    def matches(self, method: str, host: str, path: str) -> bool:
        pairs = ((method, self.method), (host, self.host), (path, self.path))
        return all(fnmatchcase(value, pattern) for value, pattern in pairs)


def parse_fault(values: Mapping[str, object]) -> Fault:
    """A fault from JSON; ValueError with one sentence if it makes no sense."""
    kind = values.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"there is no fault {kind!r}; there are {', '.join(KINDS)}")
    for name, value in values.items():
        if name not in _COMMON | KINDS[kind]:
            raise ValueError(f"the fault {kind!r} takes no {name!r}")
        allowed = _TYPES.get(name)
        if allowed and (not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed)):
            raise ValueError(f"{name} of a fault must be of type {allowed[0].__name__}")
    fault = Fault(**values)  # type: ignore[arg-type]  # checked above
    if not 0 <= fault.seconds <= MAX_SECONDS:
        raise ValueError(f"seconds of a fault must be between 0 and {MAX_SECONDS:g}")
    if fault.times is not None and fault.times < 1:
        raise ValueError("times of a fault must be at least 1, or null for ever")
    if fault.status is not None and not 200 <= fault.status <= 599:
        raise ValueError("status of a fault must be between 200 and 599")
    if not all(isinstance(value, str) for value in fault.headers.values()):
        raise ValueError("headers of a fault must be strings")
    if kind == "redirect" and not fault.url:
        raise ValueError("a redirect needs a url")
    return fault


class FaultQueue:
    def __init__(self) -> None:
        self.pending: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self.pending.append(fault)

    def take(self, method: str, host: str, path: str) -> Fault | None:
        """The first fault that is meant for this request, if any; used up ones are forgotten."""
        for fault in self.pending:
            if not fault.matches(method, host, path):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.pending.remove(fault)
            return fault
        return None


def describe(fault: Fault) -> dict[str, object]:
    return {item.name: getattr(fault, item.name) for item in fields(fault)}

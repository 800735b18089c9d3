# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test can set while the emulator runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from emulator.clouds import CLOUDS

CERTIFICATE_CASES = ("good", "expired", "wrong-name", "self-signed")

# How pages can go wrong; what each does is in README.md.
PAGING_CASES = ("changing-size", "empty-page", "late-end", "moving-total", "repeated-cursor")

_CHOICES: dict[str, tuple[str, ...]] = {
    "http_cloud": tuple(CLOUDS),
    "certificate": CERTIFICATE_CASES,
    "paging": PAGING_CASES,
}


@dataclass(frozen=True)
class Settings:
    token_life: int = 1799  # seconds; also what `expires_in` says
    token_limit: int = 300  # calls of one /oauth2 path from one source in a window
    dead_token_limit: int = 15  # calls with a missing or dead token from one source in a window
    customer_limit: int = 6000  # calls with live tokens of one customer in a window
    window: float = 60.0  # seconds
    lockout: bool = True  # a source over dead_token_limit is refused with a live token, too
    clock_offset: float = 0.0  # seconds that the clock shown to clients is ahead of the true one
    http_cloud: str = "us-1"  # whom the plain HTTP listener plays
    certificate: str = "good"  # one of CERTIFICATE_CASES, for new connections
    proxy_auth: str = ""  # "user:password" that the proxy asks for; empty lets everybody in
    strangers: tuple[str, ...] = ()  # host names outside the clouds that the proxy leads here, too
    hosts: int = 30  # of each customer; of the other things as well. The first ones stay the same if there are more
    vulnerabilities: int = 30
    alerts: int = 30
    indicators: int = 30
    assets: int = 30
    ioms: int = 30
    page_cap: int = 0  # no page has more items, whatever `limit` says; 0: as documented
    paging: tuple[str, ...] = ()  # some of PAGING_CASES
    cursor_life: float = 120.0  # seconds after which a cursor is dead
    next_page_prefix: str = ""  # what stands before the path in Next-Page, such as "https://evil.example.com"
    job_polls: int = 2  # how often a command or a containment is seen unfinished before it is done
    installer_size: int = 100_000  # bytes of the first installer in the list
    ranges: bool = False  # whether downloads can begin in the middle

    def changed(self, values: Mapping[str, object]) -> Settings:
        """These settings with some replaced; ValueError with one sentence if a name or a value is no good."""
        known = {field.name for field in fields(self)}
        checked: dict[str, object] = {}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"there is no setting {name!r}")
            checked[name] = _checked(name, value, getattr(self, name))
        return replace(self, **checked)  # type: ignore[arg-type]  # checked against the present values' types


def _checked(name: str, value: object, present: object) -> object:
    if isinstance(present, tuple):
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            raise ValueError(f"{name} must be a list of strings")
        for item in value:
            _choose(name, item)
        return tuple(value)
    if isinstance(present, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not type(present):
        raise ValueError(f"{name} must be of type {type(present).__name__}")
    if name != "clock_offset" and isinstance(value, (int, float)) and value < 0:
        raise ValueError(f"{name} must not be negative")
    _choose(name, value)
    return value


def _choose(name: str, value: object) -> None:
    if name in _CHOICES and value not in _CHOICES[name]:
        raise ValueError(f"{name} must be one of {', '.join(_CHOICES[name])}")

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: it can change in any release.

"""A bearer token and its life."""

from __future__ import annotations

import dataclasses
import functools
import re
import time
import typing as t
from datetime import datetime, timezone

# The API's own life of a token is 1,799 seconds. A longer one is not believed, so that every store entry is
# known to be of no use after this many seconds.
LONGEST_LIFE = 1800

_TOKEN = re.compile(r"[\x21-\x7e]{1,65536}")


@dataclasses.dataclass(frozen=True)
class Token:
    """A token as it was issued.

    issued_at: seconds since the epoch, by this machine's clock; expires_in: its life in seconds;
    hostname: base URL of the cloud that issued it; boot, uptime: issued_at by a clock that cannot be set, which begins
    when the machine does, and which beginning that was.
    """

    access_token: str = dataclasses.field(repr=False)
    token_type: str
    issued_at: float
    expires_in: int
    hostname: str
    boot: str = dataclasses.field(default="", repr=False, compare=False)
    uptime: float = dataclasses.field(default=0.0, repr=False, compare=False)

    @property
    def expires_at(self) -> float:
        """End of its life, in seconds since the epoch."""
        return self.issued_at + self.expires_in

    @property
    def expires_at_text(self) -> str:
        """End of its life in UTC, ISO 8601."""
        return datetime.fromtimestamp(int(self.expires_at), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    def seconds_left(self, now: float, *, clocks_differ: float = 0.0) -> float:
        """Seconds of life left, at most its whole life; negative for one that comes from the future.

        clocks_differ: by how many seconds the clock of the machine that keeps it may be ahead of this one. What seems
        to come from a later time than that was kept before the clock was set back, and may be long dead.
        """
        left = self.expires_at - now
        if not left <= self.expires_in + clocks_differ:
            return -1.0
        if self.boot and self.boot == this_boot():
            # Also one of long ago, which a clock that was set back makes young again.
            left = min(left, self.expires_in - (since_boot() - self.uptime))
        return min(left, float(self.expires_in))

    def may_live(self, now: float) -> bool:
        """Whether the API may still take it, by either clock: a wrong one takes what lives for dead."""
        if self.expires_at > now:
            return True
        return bool(self.boot) and self.boot == this_boot() and since_boot() - self.uptime < self.expires_in

    def to_dict(self) -> dict[str, t.Any]:
        """The form in which it is sealed."""
        return dataclasses.asdict(self)

    @staticmethod
    def checked_text(value: str) -> str:
        """A bare token that a user gave. Raises ValueError with the end of a sentence."""
        if not _TOKEN.fullmatch(value):
            raise ValueError("is not a token; it holds white space or characters that no token has")
        return value

    @classmethod
    def from_dict(cls, raw: t.Any) -> Token:
        """The token that to_dict() wrote. Raises ValueError for anything else."""
        try:
            token = cls(
                access_token=str(raw["access_token"]),
                token_type=str(raw["token_type"]),
                issued_at=float(raw["issued_at"]),
                expires_in=int(raw["expires_in"]),
                hostname=str(raw["hostname"]),
                boot=str(raw["boot"]),
                uptime=float(raw["uptime"]),
            )
        except (TypeError, KeyError, OverflowError) as error:
            raise ValueError("not a token") from error
        if not _TOKEN.fullmatch(token.access_token) or not 0 < token.expires_in <= LONGEST_LIFE:
            raise ValueError("not a token")
        return token

    @classmethod
    def from_answer(cls, body: t.Any, *, hostname: str, now: float) -> Token:
        """The token in an answer of POST /oauth2/token. Raises ValueError if there is none."""
        if not isinstance(body, dict) or not isinstance(body.get("access_token"), str):
            raise ValueError("no access_token")
        life = body.get("expires_in")
        if not isinstance(life, int) or isinstance(life, bool) or life <= 0:
            raise ValueError("no expires_in")
        return cls.from_dict(
            {
                "access_token": body["access_token"],
                "token_type": "bearer",
                "issued_at": now,
                "expires_in": min(life, LONGEST_LIFE),
                "hostname": hostname,
                "boot": this_boot(),
                "uptime": since_boot(),
            }
        )


@functools.lru_cache(maxsize=1)
def this_boot() -> str:
    """Names the time since this machine was started; empty where that is not known."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except (OSError, ValueError):
        return ""


def since_boot() -> float:
    """Seconds since then, also those in which the machine slept; 0 where there is no such clock."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return 0.0 if clock is None else time.clock_gettime(clock)

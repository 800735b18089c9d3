# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything the emulator knows, and its clock."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable
from email.utils import formatdate

from emulator.cast import default_world
from emulator.faults import FaultQueue
from emulator.messages import Call
from emulator.ratelimit import SlidingWindow, Verdict
from emulator.requestlog import ConnectLog, RequestLog
from emulator.settings import Settings
from emulator.tenant import Tenant
from emulator.tokens import TokenStore

Clock = Callable[[], float]


class State:
    def __init__(self, settings: Settings | None = None, clock: Clock = time.time) -> None:
        self._initial = settings or Settings()
        self.clock = clock
        self.released = asyncio.Event()
        self.reset()

    def reset(self) -> None:
        """Back to the start. Whoever a fault keeps waiting is cut off."""
        self.settings = self._initial
        self.world = default_world()
        self.tokens = TokenStore()
        self.faults = FaultQueue()
        self.requests = RequestLog()
        self.connects = ConnectLog()
        self._oauth_calls = SlidingWindow()
        self._dead_calls = SlidingWindow()
        self._customer_calls = SlidingWindow()
        self._tenants: dict[str, Tenant] = {}
        self.release()

    def tenant(self, cid: str) -> Tenant:
        """What a customer has. A member has its own."""
        if cid not in self._tenants:
            self._tenants[cid] = Tenant(cid, lambda: self.settings)
        return self._tenants[cid]

    # -- waiting

    async def pause(self, seconds: float, released: asyncio.Event) -> None:
        """The only place that waits. `released` is the event as it was when the request arrived."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(released.wait(), seconds)

    def release(self) -> None:
        """Let every request go that has arrived, also if it has yet to start waiting."""
        self.released.set()
        self.released = asyncio.Event()

    # -- time as clients are shown it

    def shown(self, when: float) -> float:
        return when + self.settings.clock_offset

    def date(self) -> str:
        return formatdate(self.shown(self.clock()), usegmt=True)

    # -- limits

    # Each cloud counts for itself, hence the cloud in the keys.

    def oauth_call(self, call: Call) -> Verdict:
        key = f"{call.cloud.name} {call.path} {call.source}"
        return self._oauth_calls.hit(key, self.settings.token_limit, self.settings.window, self.clock())

    def dead_call(self, call: Call) -> Verdict:
        key = f"{call.cloud.name} {call.source}"
        return self._dead_calls.hit(key, self.settings.dead_token_limit, self.settings.window, self.clock())

    def locked_out(self, call: Call) -> Verdict | None:
        if not self.settings.lockout:
            return None
        key = f"{call.cloud.name} {call.source}"
        limit, window = self.settings.dead_token_limit, self.settings.window
        verdict = self._dead_calls.check(key, limit, window, self.clock())
        return None if verdict.allowed else verdict

    def customer_call(self, cid: str) -> Verdict:
        return self._customer_calls.hit(cid, self.settings.customer_limit, self.settings.window, self.clock())

    def limit_headers(self, verdict: Verdict) -> dict[str, str]:
        headers = {"X-Ratelimit-Limit": str(verdict.limit), "X-Ratelimit-Remaining": str(verdict.remaining)}
        if verdict.retry_at is not None:
            headers["X-Ratelimit-Retryafter"] = self.retry_after(verdict.retry_at)
        return headers

    def retry_after(self, when: float) -> str:
        """An absolute time; rounded up, because a call before the window has moved on would be refused again."""
        return str(math.ceil(self.shown(when)))

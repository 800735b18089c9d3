# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate limits over a sliding window."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    limit: int
    remaining: int
    retry_at: float | None = None  # when the next call has a chance; None: this one is let through

    @property
    def allowed(self) -> bool:
        return self.retry_at is None


class SlidingWindow:
    """Counts the calls of each key. A refused call is not counted, so that waiting always helps."""

    def __init__(self) -> None:
        self._hits: defaultdict[str, deque[float]] = defaultdict(deque)

    def check(self, key: str, limit: int, window: float, now: float) -> Verdict:
        """What a call would be told, without counting it."""
        hits = self._hits[key]
        while hits and hits[0] <= now - window:
            hits.popleft()
        if len(hits) < limit:
            return Verdict(limit, limit - len(hits))
        # A limit lowered after the fact leaves more hits than it allows: the one that must leave is not the oldest.
        leaves = hits[len(hits) - limit] if limit else now
        return Verdict(limit, 0, retry_at=leaves + window)

    def hit(self, key: str, limit: int, window: float, now: float) -> Verdict:
        verdict = self.check(key, limit, window, now)
        if not verdict.allowed:
            return verdict
        self._hits[key].append(now)
        return Verdict(limit, verdict.remaining - 1)

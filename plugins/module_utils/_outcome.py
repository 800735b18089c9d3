# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: it can change in any release.

"""What the answers to a call say, one by one and together."""

from __future__ import annotations

import typing as t

from ansible_collections.falconops.auth.plugins.module_utils import _pages
from ansible_collections.falconops.auth.plugins.module_utils._call import Call
from ansible_collections.falconops.auth.plugins.module_utils._wire import Answer
from ansible_collections.falconops.auth.plugins.module_utils._words import errors_of, trace

# A text that is no JSON is part of the result up to this many characters.
_LONGEST_TEXT = 1024 * 1024
_ENVELOPE = {"meta", "errors", "resources", "Resources"}


class Answered:
    """One answer in the API's envelope of meta, errors and resources, or in another shape."""

    def __init__(self, answer: Answer, call: Call) -> None:
        self.answer = answer
        self.body = answer.json()
        envelope = self.body if isinstance(self.body, dict) and _ENVELOPE.intersection(self.body) else {}
        self.is_envelope = bool(envelope)
        meta = envelope.get("meta")
        self.meta: dict[str, t.Any] = meta if isinstance(meta, dict) else {}
        self.errors = errors_of(envelope)
        self.resources = envelope.get("resources", envelope.get("Resources"))
        self.ignored = answer.status in call.ignore_codes

    @property
    def succeeded(self) -> bool:
        """Whether something was done, be it in part: some operations say so with 400."""
        partial = self.answer.status == 400 and bool(self.resources) and bool(self.errors)
        return 200 <= self.answer.status < 300 or partial or self.ignored

    @property
    def items(self) -> list[t.Any]:
        """The resources as a list. Some operations have the list one level deeper, as the only one of an object."""
        if isinstance(self.resources, dict):
            lists = [value for value in self.resources.values() if isinstance(value, list)]
            return lists[0] if len(lists) == 1 else [self.resources]
        return self.resources if isinstance(self.resources, list) else []

    @property
    def kind(self) -> str:
        """The media type of its body, without parameters."""
        return self.answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()


class Outcome:
    """What a call has done. emit: takes each item in place of the result."""

    def __init__(self, call: Call, emit: t.Callable[[t.Any], None] | None = None) -> None:
        self._call = call
        self._emit = emit
        self._resources: list[t.Any] = []
        self._object: t.Any = None
        self._affected: list[int] = []
        self._errors: list[dict[str, t.Any]] = []
        self._last: Answered | None = None
        self.count = self.pages = 0
        self.total: int | None = None
        self.truncated = False
        self.deprecation = ""

    def failed(self, answered: Answered) -> None:
        """Take in an answer that is no good."""
        self._last = answered
        self._errors += answered.errors

    def add(self, answered: Answered) -> None:
        """Take in one more answer."""
        self._last = answered
        self.pages += 1
        self.total = _pages.total_of(answered.meta)
        self._errors += answered.errors
        writes = answered.meta.get("writes")
        affected = writes.get("resources_affected") if isinstance(writes, dict) else None
        if isinstance(affected, int):
            self._affected.append(affected)
        self.deprecation = next(
            (f"{name}: {value}" for name, value in answered.answer.headers.items() if "deprecat" in name.lower()), ""
        )
        if isinstance(answered.resources, dict) and not self._call.paginate:
            self._object = answered.resources
        room = None if self._call.max_items is None else self._call.max_items - self.count
        items = answered.items if room is None else answered.items[:room]
        self.truncated = self.truncated or len(items) < len(answered.items)
        self.count += len(items)
        if self._emit is None:
            self._resources += items
            return
        for item in items:
            self._emit(item)

    def is_full(self) -> bool:
        """Whether there are as many items as are wanted."""
        return self._call.max_items is not None and self.count >= self._call.max_items

    def failing_errors(self) -> list[dict[str, t.Any]]:
        """The errors that the user does not ignore."""
        return [error for error in self._errors if error.get("code") not in self._call.ignore_codes]

    @property
    def status(self) -> int | None:
        """Of the last answer."""
        return self._last.answer.status if self._last else None

    @property
    def changed(self) -> bool:
        """Whether it changed anything, by the API's own count where it gives one."""
        if self._call.reads or not self._last:
            return False
        if self._affected:
            return sum(self._affected) > 0
        flags = [each["updated"] for each in self._resources if isinstance(each, dict) and "updated" in each]
        if flags:
            return any(flag is True for flag in flags)
        if self._resources or self._object:
            return True
        if self._errors or self._last.ignored:
            return bool(self.failing_errors()) and 200 <= self._last.answer.status < 300
        return 200 <= self._last.answer.status < 300

    def result(self) -> dict[str, t.Any]:
        """As the module returns it."""
        last = self._last
        if last is None:
            return {"changed": False}
        answer = last.answer
        limit, remaining = (answer.headers.get(f"X-Ratelimit-{name}", "") for name in ("Limit", "Remaining"))
        return {
            "changed": self.changed,
            "status": answer.status,
            **({} if self._emit else {"resources": self._resources if self._object is None else self._object}),
            "meta": last.meta,
            "errors": self._errors,
            "total": self.total,
            "count": self.count,
            "pages": self.pages,
            "truncated": self.truncated,
            "deprecation": self.deprecation,
            "trace_id": answer.trace_id or None,
            "ratelimit": {
                "limit": int(limit) if limit.isdigit() else None,
                "remaining": int(remaining) if remaining.isdigit() else None,
            },
            **self._other_shape(last),
        }

    @property
    def trace(self) -> str:
        """What CrowdStrike's support asks for, as a part of a sentence."""
        return trace(self._last.answer) if self._last else ""

    @staticmethod
    def _other_shape(last: Answered) -> dict[str, t.Any]:
        if last.body is not None:
            beside = set(last.body).difference(_ENVELOPE) if last.is_envelope else True
            return {"json": last.body} if beside else {}
        text = last.answer.body.decode("utf-8", "replace")
        return {"content": text[:_LONGEST_TEXT]} if text else {}

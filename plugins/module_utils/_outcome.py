# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: it can change in any release.

"""What the answers to a call say, one by one and together."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.falconops.auth.plugins.module_utils import _pages
from ansible_collections.falconops.auth.plugins.module_utils._call import Call
from ansible_collections.falconops.auth.plugins.module_utils._exchange import Answer
from ansible_collections.falconops.auth.plugins.module_utils._words import errors_of, harmless, trace

# A text that is no JSON is part of the result up to this many characters.
_LONGEST_TEXT = 1024 * 1024
_ENVELOPE = {"meta", "errors", "resources", "Resources"}


class Answered:
    """One answer in the API's envelope of meta, errors and resources, or in another shape.

    errors: what it could not do, be it told of the whole or of single items; failing: those that the user does not let
    pass; ignored: whether its status is no failure although it is no success.
    """

    def __init__(self, answer: Answer, call: Call) -> None:
        self.answer = answer
        self.body = answer.json()
        envelope = self.body if isinstance(self.body, dict) and _ENVELOPE.intersection(self.body) else {}
        self.is_envelope = bool(envelope)
        meta = envelope.get("meta")
        self.meta: dict[str, t.Any] = meta if isinstance(meta, dict) else {}
        self.resources = envelope.get("resources", envelope.get("Resources"))
        self.refused = [_error_of(item) for item in self.items if _was_refused(item)]
        self.errors = errors_of(envelope) + self.refused
        let_pass = [error for error in self.errors if _code(error.get("code")) in call.ignore_codes]
        self.failing = [error for error in self.errors if error not in let_pass]
        named = answer.status in call.ignore_codes
        if named and not let_pass:
            self.failing = []  # the errors have codes of another kind, and the status speaks for them
        self.ignored = named or (400 <= answer.status < 500 and bool(let_pass) and not self.failing)

    @property
    def succeeded(self) -> bool:
        """Whether something was done, be it in part: some operations say so with 400."""
        partial = self.answer.status == 400 and bool(self.items) and bool(self.errors)
        return self.is_good or partial or self.ignored

    @property
    def refuses_all(self) -> bool:
        """Whether it says, in the API's own form, that it did nothing of what it was asked for, and why."""
        return self.answer.status in (400, 404, 409) and self.is_envelope and bool(self.errors) and not self.items

    @property
    def is_good(self) -> bool:
        """Whether its status is a success."""
        return 200 <= self.answer.status < 300

    @property
    def items(self) -> list[t.Any]:
        """The resources as a list. Some operations have the list one level deeper, as the only one of an object."""
        if isinstance(self.resources, dict):
            lists = [value for value in self.resources.values() if isinstance(value, list)]
            return lists[0] if len(lists) == 1 else [self.resources]
        return self.resources if isinstance(self.resources, list) else []

    @property
    def misshapen(self) -> str:
        """The part of an envelope that is of a type which the API never gives it; empty if none is."""
        if not isinstance(self.resources, (list, dict, type(None))):
            return "resources"
        meta = self.body.get("meta") if self.is_envelope else None
        pages = meta.get("pagination") if isinstance(meta, dict) else None
        return "" if all(isinstance(each, (dict, type(None))) for each in (meta, pages)) else "meta"

    @property
    def is_page(self) -> bool:
        """Whether it tells of a list, be it empty: what does not is no end of one."""
        return isinstance(self.body, dict) and isinstance(self.body.get("meta"), dict)

    @property
    def changed(self) -> bool:
        """Whether a call that writes has changed anything, by the API's own count where it gives one."""
        writes = self.meta.get("writes")
        affected = writes.get("resources_affected") if isinstance(writes, dict) else None
        if isinstance(affected, int):
            return affected > 0
        flags = [item.get("updated") for item in self.items if isinstance(item, dict)]
        flags = [flag for flag in flags if isinstance(flag, bool)]  # others say when it was
        if flags:
            return any(flags)
        if self.resources:
            return True
        return self.is_good and (bool(self.failing) or not self.errors)


# All that Outcome.result() may hold.
TOLD = (
    "changed",
    "status",
    "resources",
    "meta",
    "errors",
    "total",
    "count",
    "pages",
    "truncated",
    "deprecation",
    "trace_id",
    "ratelimit",
    "json",
    "content",
)


class Outcome:
    """What a call has done. emit: takes each item in place of the result; batches: how many there are of its ids.

    is_list: whether it is put together of items, which other shapes of answers do not have.
    """

    def __init__(self, call: Call, emit: t.Callable[[t.Any], None] | None = None, *, batches: int = 1) -> None:
        self._call = call
        self.is_list = call.paginate or emit is not None or batches > 1
        self._emit = emit
        self._resources: list[t.Any] = []
        self._object: t.Any = None
        self._errors: list[dict[str, t.Any]] = []
        self._last: Answered | None = None
        self._deprecation = ""
        self.failing: list[dict[str, t.Any]] = []
        self.count = self.pages = self.refused = 0
        self.total: int | None = None
        self.changed = self.truncated = False

    def failed(self, answered: Answered) -> None:
        """Take in an answer that is no good."""
        self._last = answered
        self._errors += answered.errors

    def add(self, answered: Answered) -> None:
        """Take in one more answer."""
        self.failed(answered)
        self.pages += 1
        self.total = _pages.total_of(answered.meta)
        self.failing += answered.failing
        self.refused += len(answered.refused)
        self.changed |= not self._call.reads and answered.changed
        self._deprecation = self._deprecation or _deprecation(answered.answer.headers)
        self._object = answered.resources if isinstance(answered.resources, dict) and not self.is_list else None
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

    @property
    def status(self) -> int | None:
        """Of the last answer."""
        return self._last.answer.status if self._last else None

    def result(self) -> dict[str, t.Any]:
        """As the module returns it."""
        last = self._last
        if last is None:
            return {"changed": False}
        answer = last.answer
        whole = self._object is not None and not self._call.paginate
        return {
            "changed": self.changed,
            "status": answer.status,
            **({} if self._emit else {"resources": self._object if whole else self._resources}),
            "meta": last.meta,
            "errors": self._errors,
            "total": self.total,
            "count": self.count,
            "pages": self.pages,
            "truncated": self.truncated,
            "deprecation": self._deprecation,
            "trace_id": answer.trace_id or None,
            "ratelimit": {
                name: _number(answer.headers.get(f"X-Ratelimit-{name}", "")) for name in ("limit", "remaining")
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
        text = last.answer.text or ""
        return {"content": text[:_LONGEST_TEXT]} if text else {}


def _was_refused(item: t.Any) -> bool:
    """Whether an item says of itself that it was not done, and why."""
    if not isinstance(item, dict) or item.get("updated") is not False:
        return False
    return bool(item.get("error")) or (_code(item.get("code")) or 0) >= 400


def _error_of(item: dict[str, t.Any]) -> dict[str, t.Any]:
    """The same in the form of the API's other errors."""
    message, found = item.get("error") or "not updated", item.get("device_id") or item.get("id")
    return {"code": item.get("code"), "message": f"{message}" if found is None else f"{found}: {message}", "id": found}


def _code(code: t.Any) -> int | None:
    return code if isinstance(code, int) else _number(code) if isinstance(code, str) else None


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else None


def _deprecation(headers: t.Mapping[str, str]) -> str:
    """What the headers say of the end of the operation."""
    return harmless("; ".join(f"{name}: {value}" for name, value in headers.items() if "deprecat" in name.lower()))

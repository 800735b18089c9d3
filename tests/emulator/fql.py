# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters in the Falcon Query Language, as far as tests need it, and sorting.

`name:'value'`, `name:!'value'`, `name:>'value'` (and `>=`, `<`, `<=`), `name:['a','b']`, `*` in a value; `+` for and,
`,` for or, parentheses. Names with dots lead into a record. What is not understood is refused, as the real ones do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

from emulator.messages import Refused

Record = Mapping[str, object]
Test = Callable[[Record], bool]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<name>[A-Za-z_][\w.]*):(?P<operator>!|>=|<=|>|<|\*)?\s*
        | (?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
        | (?P<mark>[\[\](),+])
        | (?P<bare>[\w.:-]+)
    )""",
    re.VERBOSE,
)


def parse_filter(text: str) -> Test:
    """The filter as a function; Refused if it makes no sense."""
    if text.strip() in ("", "*"):
        return lambda record: True
    return _Parser(text).parse()


def parse_sort(text: str) -> tuple[str, bool]:
    """The name, and whether the last come first: `name`, `name.asc`, `name|desc`."""
    match = re.fullmatch(r"([\w.]+?)(?:[.|](asc|desc))?", text)
    if not match:
        raise Refused(400, f"invalid sort: {text}")
    return match[1], match[2] == "desc"


def look_up(record: Record, name: str) -> object:
    """The value of a name with dots; Refused if there is no such name."""
    value: object = record
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise Refused(400, f"invalid filter: unknown property {name}")
        value = value[part]
    return value


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if not match:
                raise _wrong()
            self._tokens.append((match.lastgroup or "", match[0].strip(), match["operator"] or ""))
            if match["name"]:
                self._tokens[-1] = ("name", match["name"], match["operator"] or "")
            at = match.end()
        self._at = 0

    def parse(self) -> Test:
        test = self._either()
        if self._at != len(self._tokens):
            raise _wrong()
        return test

    def _either(self) -> Test:
        tests = [self._both()]
        while self._take(","):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda record: any(test(record) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._take("+"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda record: all(test(record) for test in tests)

    def _one(self) -> Test:
        if self._take("("):
            inner = self._either()
            self._need(")")
            return inner
        kind, name, operator = self._next()
        if kind != "name":
            raise _wrong()
        if not self._take("["):
            return _comparison(name, operator, [self._value()])
        wanted = [self._value()]
        while self._take(","):
            wanted.append(self._value())
        self._need("]")
        return _comparison(name, operator, wanted)

    def _value(self) -> str:
        kind, text, _unused = self._next()
        if kind == "quoted":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "bare":
            return text
        raise _wrong()

    def _next(self) -> tuple[str, str, str]:
        if self._at == len(self._tokens):
            raise _wrong()
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, mark: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at][:2] == ("mark", mark)
        self._at += found
        return found

    def _need(self, mark: str) -> None:
        if not self._take(mark):
            raise _wrong()


def _comparison(name: str, operator: str, wanted: list[str]) -> Test:
    compare = _ORDERS.get(operator, _same)

    def test(record: Record) -> bool:
        present = look_up(record, name)
        values = present if isinstance(present, list) else [present]
        found = any(compare(_text(value), one) for value in values for one in wanted)
        return not found if operator == "!" else found

    return test


def _same(present: str, wanted: str) -> bool:
    if "*" in wanted:
        return fnmatchcase(present, wanted.replace("[", "[[]").replace("?", "[?]"))
    return present == wanted


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _order(text: str) -> tuple[float, str]:
    """Numbers by their size, and what is no number, such as a time, by its letters."""
    try:
        return float(text), ""
    except ValueError:
        return 0.0, text


_ORDERS: dict[str, Callable[[str, str], bool]] = {
    ">": lambda present, wanted: _order(present) > _order(wanted),
    ">=": lambda present, wanted: _order(present) >= _order(wanted),
    "<": lambda present, wanted: _order(present) < _order(wanted),
    "<=": lambda present, wanted: _order(present) <= _order(wanted),
}


def _wrong() -> Refused:
    return Refused(400, "invalid filter: cannot be parsed")

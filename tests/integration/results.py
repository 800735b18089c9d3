# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What came out of a run of Ansible, and what a failed task says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# In a template that refers to itself without end, Python 3.12 may fail to close a generator of Jinja's, and print that.
_IGNORED = re.compile(r"Exception ignored in: <generator object Lexer\.tokeniter at \w+>\s+Traceback")


@dataclass
class Run:
    """What came out of one run of Ansible."""

    rc: int
    stdout: str
    stderr: str
    dumps: list[tuple[str, dict[str, Any]]] = field(repr=False)

    @property
    def output(self) -> str:
        return self.stdout + self.stderr

    def says(self, text: str) -> int:
        """How often the output says this. Ansible wraps warnings, so white space does not count."""
        return "".join(self.output.split()).count("".join(text.split()))

    @property
    def warnings(self) -> int:
        """How many warnings are of the collection's own."""
        return sum("falconops.auth" in "".join(text.split()) for text in self.stderr.split("[WARNING]")[1:])

    def values(self, name: str) -> list[Any]:
        """What the play has dumped under this name, in the order of the dumps."""
        return [values[name] for _unused, values in self.dumps if name in values]

    def by_host(self, name: str) -> dict[str, Any]:
        return {host: values[name] for host, values in self.dumps if name in values}

    def value(self, name: str) -> Any:
        """The only value that was dumped under this name."""
        [value] = self.values(name)
        return value

    def ok(self) -> Run:
        """Itself, if it succeeded: `user.play(...).ok()`."""
        assert self.rc == 0, f"ended with {self.rc}\n{self.output}"
        assert not self.has_traceback, self.output
        return self

    def failed(self) -> Run:
        """Itself, if it failed as it may: with a sentence, not with a traceback."""
        assert self.rc != 0, f"did not fail\n{self.output}"
        assert not self.has_traceback, self.output
        return self

    @property
    def has_traceback(self) -> bool:
        """Whether a traceback was printed, by anybody but Python itself, who tells so of a generator of Jinja's."""
        return "Traceback" in _IGNORED.sub("", self.output)


def sentence(result: Mapping[str, Any]) -> str:
    """Why a task failed, be it a task of ours or one whose lookup of ours failed: in the words of the product alone."""
    assert result["failed"], result
    said = str(result["msg"]).rpartition("The lookup plugin 'falconops.auth.falcon_token' failed: ")[2]
    assert "Traceback" not in said and "\n" not in said, said
    return said


def same_for_both_doors(said: str) -> str:
    """A sentence without the words in which tasks and lookups differ, and the options that only one of them has."""
    for words, same in ((" of the task", ""), (" of the lookup", ""), (", force,", ","), (", format,", ",")):
        said = said.replace(words, same)
    return said

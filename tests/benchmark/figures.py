# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured, and where it is kept: what is measured again takes the place of what was there."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmark.place import Spent
from benchmark.ways import Sample
from benchmark.works import Work
from integration.harness import CHECKOUT

KEPT = CHECKOUT / "tests" / "benchmark" / "measured"
LICENSE = "".join(line.removeprefix("# ") for line in Path(__file__).read_text(encoding="utf-8").splitlines(True)[:3])


@dataclass
class Line:
    """What a piece of work came to.

    cpu: the ratio of all CPU time; others: how much of the machine other programs used; version: of this collection, as
    a day and a commit, since lines may be measured at different times; missing: why it was not run.
    """

    median: float = 0.0
    least: float = 0.0
    most: float = 0.0
    cpu: float | None = None
    ours: list[float] = field(default_factory=list)
    reference: list[float] = field(default_factory=list)
    samples: int = 0
    others: float = 0.0
    version: str = ""
    missing: str = ""

    @classmethod
    def of(cls, samples: Sequence[Sample], others: float, version: str) -> Line:
        values = [value for sample in samples for value in sample.values]
        line = cls(statistics.median(values), min(values), max(values), samples=len(samples))
        line.others, line.version = others, version
        line.ours = _medians([sample.ours for sample in samples])
        pairs = [(sample.ours, sample.reference) for sample in samples if sample.reference]
        if pairs:
            line.reference = _medians([reference for _ours, reference in pairs])
            line.cpu = statistics.median(ours.cpu / reference.cpu for ours, reference in pairs)
        return line


@dataclass
class Figures:
    """All that is known of one ansible-core. about: other versions, and the machine."""

    about: dict[str, str]
    lines: dict[str, Line] = field(default_factory=dict)

    @property
    def core(self) -> str:
        return self.about["core"]

    def missed(self, work: Work) -> bool:
        line = self.lines.get(work.key)
        return bool(line and not line.missing and work.limit and not work.limit.met(line.median, self.core))

    def keep(self) -> None:
        KEPT.mkdir(parents=True, exist_ok=True)
        (KEPT / f"{self.core}.json").write_text(json.dumps(asdict(self), indent=1) + "\n")
        (KEPT / f"{self.core}.json.license").write_text(LICENSE)  # JSON has no comments


def kept() -> list[Figures]:
    """Of every ansible-core, the oldest first."""
    found = []
    for path in KEPT.glob("*.json"):
        content = json.loads(path.read_text())
        found.append(Figures(content["about"], {key: Line(**line) for key, line in content["lines"].items()}))
    return sorted(found, key=lambda each: [int(part) for part in each.core.split(".")[:2]])


def _medians(runs: Sequence[Spent]) -> list[float]:
    return [statistics.median(values) for values in zip(*runs, strict=True)]

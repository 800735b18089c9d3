# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures what a token costs: `python -m benchmark BIN ...`, where each BIN holds the ansible-playbook of a version.

Exits with 1 if something that is counted, or CPU time in a worker, is above its limit.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmark import figures, report
from benchmark.figures import Figures, Line
from benchmark.place import Machine, Missing, Place, version
from benchmark.works import ALL, Work

QUICK_PAIRS = 3


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmark", description=__doc__)
    parser.add_argument("bins", metavar="BIN", nargs="+", help="where ansible-playbook is")
    parser.add_argument("--quick", action="store_true", help="a first answer, which is not kept")
    parser.add_argument("--only", metavar="TEXT", default="", help="only what has this text in its name")
    parser.add_argument("--without", metavar="TEXT", help="not what has this text in its name, or is compared with it")
    parser.add_argument("--pairs", type=int, help="so many pairs of each; the figures are not kept")
    arguments = parser.parse_args()

    keep = not (arguments.quick or arguments.pairs)
    works = [work for work in ALL if arguments.only in work.name and (work.quick or not arguments.quick)]
    works = [work for work in works if not arguments.without or arguments.without not in work.key]
    failed = False
    for folder in arguments.bins:
        os.environ["FALCONOPS_ANSIBLE_BIN"] = folder
        with tempfile.TemporaryDirectory(prefix="b-") as root, Place(Path(root)) as place:
            about = place.about()
            earlier = [each for each in figures.kept() if keep and each.core == about["core"]]
            seen = Figures(about, earlier[0].lines if earlier else {})
            for work in works:
                pairs = arguments.pairs or (QUICK_PAIRS if arguments.quick else work.pairs)
                seen.lines[work.key] = measure(place, work, pairs)
                print(report.one_line(work, seen), flush=True)
                failed |= work.gates and seen.missed(work)
                if keep:
                    seen.keep()
        print(report.markdown(seen))
    if keep:
        report.write_page(figures.kept())
    return int(failed)


def measure(place: Place, work: Work, pairs: int) -> Line:
    """What comes of so many pairs of a piece of work."""
    plays = [work.play, *([work.reference[1]] if work.reference else [])]
    try:
        place.check(*plays)
    except Missing as missing:
        return Line(missing=str(missing))
    if work.way.unit != "requests":
        for play in plays:  # compiling, and what else is done once, is not what is measured
            place.spend(play, min(work.hosts, 2))
    machine = Machine(place.emulator)
    samples = [work.way.sample(place, work, number) for number in range(pairs)]
    return Line.of(samples, machine.used_by_others(), version())


if __name__ == "__main__":
    sys.exit(main())

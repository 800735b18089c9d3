# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways to measure a piece of work."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.place import Place, Play, Spent

if TYPE_CHECKING:
    from benchmark.works import Work

# Seconds that the emulated cloud takes for its answer, where several wait for it.
SLOW_ANSWER = 1.0


@dataclass
class Sample:
    """What one pair of runs, or one run, told. values: of every worker, or the pair's one ratio."""

    values: list[float]
    ours: Spent | None = None
    reference: Spent | None = None


@dataclass(frozen=True)
class Way:
    """unit: of the values; sample: one of so many, given its number."""

    unit: str
    sample: Callable[[Place, Work, int], Sample]


def _pair(place: Place, work: Work, number: int, hosts: int) -> tuple[Spent, Spent]:
    """Both runs, one or the other first: a machine that gets slower is no argument for either."""
    assert work.reference
    plays = [work.play, work.reference[1]]
    if number % 2:
        reference, ours = (place.spend(play, hosts) for play in reversed(plays))
    else:
        ours, reference = (place.spend(play, hosts) for play in plays)
    return ours, reference


def _ratio(place: Place, work: Work, number: int) -> Sample:
    ours, reference = _pair(place, work, number, work.hosts)
    return Sample([ours.wall / reference.wall], ours, reference)


def _times_faster(place: Place, work: Work, number: int) -> Sample:
    ours, reference = _pair(place, work, number, work.hosts)
    return Sample([reference.wall / ours.wall], ours, reference)


ratio = Way("ratio", _ratio)
times_faster = Way("times", _times_faster)


def beyond_start(start: Play, unit: str = "ratio") -> Way:
    """By CPU time, without what Ansible's own start takes: that of a play that does nothing. A script has none.

    Of wall times that are this short, other programs would leave nothing when one is taken from another.
    """

    def sample(place: Place, work: Work, number: int) -> Sample:
        assert work.reference
        ours, reference = _pair(place, work, number, work.hosts)
        base = place.spend(start, work.hosts)
        ours = ours.minus(base)
        if isinstance(work.reference[1], Play):
            reference = reference.minus(base)
        quotient = ours.cpu / reference.cpu
        return Sample([1 / quotient if unit == "times" else quotient], ours, reference)

    return Way(unit, sample)


def slope(few: int) -> Way:
    """The ratio of what each host costs beyond so many."""

    def sample(place: Place, work: Work, number: int) -> Sample:
        base = _pair(place, work, number, few)
        whole = _pair(place, work, number, work.hosts)
        ours, reference = (each.minus(start) for each, start in zip(whole, base, strict=True))
        return Sample([ours.wall / reference.wall], ours, reference)

    return Way("ratio", sample)


def inside(call: int = 1) -> Way:
    """Milliseconds of CPU time in each worker."""

    def sample(place: Place, work: Work, _number: int) -> Sample:
        spent = place.spend(work.play, work.hosts)
        return Sample(place.figures(call), spent)

    return Way("ms", sample)


def _slowest(place: Place, play: Play, hosts: int, runs: int) -> Spent:
    """Of so many runs that start together."""
    with ThreadPoolExecutor(runs) as pool:
        return max(pool.map(lambda _each: place.run(play, hosts), range(runs)))


def side_by_side(runs: int) -> Way:
    """The slowest of them, to the slowest of as many that ask for nothing and the time of the one request."""

    def sample(place: Place, work: Work, _number: int) -> Sample:
        assert work.reference
        place.forget()
        place.emulator.fault("delay", seconds=SLOW_ANSWER)
        ours = _slowest(place, work.play, work.hosts, runs)
        reference = _slowest(place, work.reference[1], work.hosts, runs)
        return Sample([ours.wall / (reference.wall + SLOW_ANSWER)], ours, reference)

    return Way("ratio", sample)


def requests(runs: int = 1) -> Way:
    """How often the API is asked by so many runs that start together, without a token."""

    def sample(place: Place, work: Work, _number: int) -> Sample:
        place.forget()
        before = place.user.asked()
        spent = _slowest(place, work.play, work.hosts, runs)
        return Sample([place.user.asked() - before], spent)

    return Way("requests", sample)

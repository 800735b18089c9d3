# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How figures are shown: a line for each piece of work, tables in Markdown and for the docs, and a picture."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmark.figures import Figures, Line
from benchmark.works import ALL, TABLES, WORKS, Work
from integration.harness import CHECKOUT

PAGE = CHECKOUT / "docs" / "docsite" / "rst" / "performance.rst"
PICTURE = CHECKOUT / "docs" / "images" / "performance.svg"
BEGIN, END = ".. make bench writes what follows", ".. make bench wrote what stands above"
HEAD = ["work", "hosts", "compared with", "limit", "median (least to most)", "CPU", "seconds", "seconds, compared with"]
UNITS = {"ratio": "", "times": "", "ms": " ms", "requests": ""}


def cells(work: Work, figures: Figures) -> list[str]:
    """A row of the table; what stands between double backquotes is code."""
    line = figures.lines[work.key]
    row = [work.name, f"{work.hosts:,}", work.reference[0] if work.reference else "", _limit(work, figures.core)]
    if line.missing:
        return [*row, f"not run: {line.missing}", "", "", ""]
    cpu = f"{line.cpu:.2f}" if line.cpu else ""
    return [*row, _result(work, line) + _verdict(work, figures), cpu, _seconds(line.ours), _seconds(line.reference)]


def one_line(work: Work, figures: Figures) -> str:
    """For whoever watches."""
    name, hosts, against, limit, result, *_rest = cells(work, figures)
    line = figures.lines[work.key]
    busy = f"; other programs used {line.others:.0%} of the machine" if line.others > 0.1 else ""
    against = f" / {against}" if against else ""
    limit = f", {limit}" if limit else ""
    return f"{figures.core}  {name}, hosts: {hosts}{against}: {result}{limit}{busy}"


def markdown(figures: Figures) -> str:
    """What was measured on one ansible-core."""
    rows = [cells(work, figures) for work in ALL if work.key in figures.lines]
    lines = [" | ".join(row) for row in (HEAD, ["---"] * len(HEAD), *rows)]
    return f"\n{_about(figures)}\n\n" + "".join(f"| {line} |\n" for line in lines).replace("``", "`")


def write_page(all_figures: Sequence[Figures]) -> None:
    """Put the tables between the marks on the page, and draw the picture."""
    before, _begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _old, _end, after = rest.partition(END)
    assert after, f"{PAGE} has lost its marks"
    parts = [part for figures in all_figures for part in _chapter(figures)]
    PAGE.write_text("\n\n".join([before + BEGIN, *parts, END + after]), encoding="utf-8")
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture(all_figures), encoding="utf-8")


def picture(all_figures: Sequence[Figures]) -> str:
    """Bars of the ratios near 1, with their spread and their limit."""
    works = [work for work in WORKS if work.way.unit == "ratio" and work.limit]
    left, scale, step, thick = 470, 300, 18 * len(all_figures) + 16, 14
    top = 30 + 20 * len(all_figures)
    width, height = left + 2 * scale + 20, top + step * len(works) + 30
    shapes = [f'<rect width="{width}" height="{height}" fill="#fff"/>']
    for number, figures in enumerate(all_figures):
        y = 12 + 20 * number
        shapes += [_box(12, y, 20, thick, COLOURS[number % 2]), _text(40, y + 12, f"ansible-core {figures.core}")]
    shapes.append(_text(240, 24, "bar: median; thin line: least to most; red: limit; 1.0: what it is compared with"))
    for tenth in range(0, 21, 2):
        x = left + tenth * scale / 10
        shade = "#888" if tenth == 10 else "#ddd"
        shapes += [_line(x, top - 5, x, height - 25, shade), _text(x - 9, height - 8, f"{tenth / 10:.1f}")]
    for row, work in enumerate(works):
        y = top + row * step
        name = f"{work.name}, {work.hosts:,} host{'s' * (work.hosts > 1)}".replace("``", "")
        against = work.reference[0].replace("``", "") if work.reference else ""
        shapes += [_text(12, y + 12, name), _text(12, y + 28, f"/ {against}", "#777")]
        for number, figures in enumerate(all_figures):
            line = figures.lines.get(work.key)
            if line and not line.missing:
                here = y + 18 * number
                ends = [left + min(value, 2.0) * scale for value in (line.least, line.most)]
                shapes.append(_box(left, here, min(line.median, 2.0) * scale, thick, COLOURS[number % 2]))
                shapes.append(_line(ends[0], here + thick / 2, ends[1], here + thick / 2, "#222"))
                limit = left + work.limit.on(figures.core) * scale if work.limit else 0
                shapes.append(_line(limit, here - 1, limit, here + thick + 1, "#d22", 3))
                shapes.append(_text(left + 6, here + 11, f"{line.median:.2f}", "#fff"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif"'
        f' font-size="12">\n<!--\n{LICENCE}\n-->\n' + "\n".join(shapes) + "\n</svg>\n"
    )


# --- parts ---

COLOURS = ("#3b6ea5", "#8a5fa8")
# The one of this file.
LICENCE = "\n".join(line.removeprefix("# ") for line in Path(__file__).read_text(encoding="utf-8").splitlines()[:3])


def _chapter(figures: Figures) -> Iterable[str]:
    title = f"ansible-core {figures.core}"
    yield f"{title}\n{'~' * len(title)}"
    yield textwrap.fill(_about(figures), 128)
    for title, works in TABLES.items():
        rows = [cells(work, figures) for work in works if work.key in figures.lines]
        if rows:
            yield _list_table(title, [HEAD, *rows])


def _about(figures: Figures) -> str:
    about = figures.about
    others = max((line.others for line in figures.lines.values()), default=0.0)
    vendor = f", crowdstrike.falcon {about['vendor']}" if about["vendor"] else ""
    versions = " and ".join(sorted({line.version for line in figures.lines.values()} - {""}))
    return (
        f"Measured on {about['machine']}, with Python {about['python']}, falconops.auth of {versions}{vendor}; other "
        f"programs used at most {others:.0%} of the machine meanwhile."
    )


def _list_table(title: str, rows: Iterable[Sequence[str]]) -> str:
    text = f".. list-table:: {title}\n   :header-rows: 1\n\n"
    for row in rows:
        marks = ["*", *" " * (len(row) - 1)]
        text += "".join(f"   {mark} - {cell}".rstrip() + "\n" for mark, cell in zip(marks, row, strict=True))
    return text.rstrip()


def _limit(work: Work, core: str) -> str:
    if not work.limit:
        return ""
    value = f"{work.limit.on(core):{'.2f' if work.way.unit == 'ratio' else 'g'}}{UNITS[work.way.unit]}"
    return f"at {'least' if work.limit.at_least else 'most'} {value}"


def _result(work: Work, line: Line) -> str:
    unit = UNITS[work.way.unit]
    if work.way.unit == "requests":
        return f"{line.median:.0f}"
    return f"{line.median:.2f}{unit} ({line.least:.2f} to {line.most:.2f})"


def _verdict(work: Work, figures: Figures) -> str:
    if not figures.missed(work):
        return ""
    return ", MISSED" if work.gates else ", goal missed"


def _seconds(spent: Sequence[float]) -> str:
    if not spent:
        return ""
    wall, user, system = spent
    return f"{wall:.2f} (user {user:.2f}, system {system:.2f})"


def _text(x: float, y: float, text: str, colour: str = "#222") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" fill="{colour}">{html.escape(text)}</text>'


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}" fill="{colour}"/>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: int = 1) -> str:
    return f'<line x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" stroke="{colour}" stroke-width="{width}"/>'

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws docs/images/token.svg of the token.dot beside it, by Graphviz: `make picture`."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
SOURCE, PICTURE = IMAGES / "token.dot", IMAGES / "token.svg"
# Graphviz knows one set of colours; a browser has two.
STYLE = """<style>
text { fill: #1f2328 }
.step path { fill: #e8f0fa; stroke: #3b6ea5 }
.outside path { fill: #f3ecf8; stroke: #8a5fa8 }
.place path { fill: none; stroke: #8c959f }
.edge path { stroke: #57606a }
.edge polygon { fill: #57606a; stroke: #57606a }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .step path { fill: #1b2c42; stroke: #6ea8e5 }
  .outside path { fill: #322540; stroke: #b98ad6 }
  .place path { stroke: #6e7681 }
  .edge path { stroke: #adb5bd }
  .edge polygon { fill: #adb5bd; stroke: #adb5bd }
}
</style>
"""


def sealed(svg: str) -> str:
    """The picture, with a line that fits no other source and no other drawing."""
    svg = re.sub(r"<!-- make picture: .*-->\n", "", svg)
    digest = hashlib.sha256(SOURCE.read_bytes() + svg.encode()).hexdigest()
    return svg.replace("<style>", f"<!-- make picture: {digest} -->\n<style>", 1)


def draw() -> None:
    done = subprocess.run(["dot", "-Tsvg", SOURCE], capture_output=True, text=True, check=True)
    svg = re.sub(r"<!--.*?-->\n", "", done.stdout[done.stdout.index("<svg") :], flags=re.DOTALL)
    licence = "\n".join(line.removeprefix("// ") for line in SOURCE.read_text().split("\n\n")[0].splitlines())
    PICTURE.write_text(sealed(re.sub(r"^(<svg.*?>\n)", rf"\1<!--\n{licence}\n-->\n{STYLE}", svg, flags=re.DOTALL)))


if __name__ == "__main__":
    draw()

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README and the guides show."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from integration.harness import CHECKOUT

README = CHECKOUT / "README.md"
PAGES = [README, *sorted(CHECKOUT.glob("docs/docsite/rst/*.rst"))]
# A page whose commands and files belong together; test_first_steps.py follows it from top to bottom.
FIRST_STEPS = CHECKOUT / "docs" / "docsite" / "rst" / "first_steps.rst"


def blocks(path: Path, kind: str, text: str = "") -> list[str]:
    """What a page, or a text from it, shows in one language."""
    text = text or path.read_text()
    if path.suffix == ".md":
        return re.findall(rf"^```{kind}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    found = re.findall(rf"^\.\. code-block:: {kind}\n\n((?:(?: {{4}}.*)?\n)+)", text, re.MULTILINE)
    return [textwrap.dedent(block).strip("\n") + "\n" for block in found]


def shown(kind: str, of: type = object) -> Iterator[tuple[Path, str, Any]]:
    """What all pages show in one language: page, text, and what it is if it is YAML."""
    for path in PAGES:
        for block in blocks(path, kind):
            content = yaml.safe_load(block) if kind == "yaml" else block
            if isinstance(content, of):
                yield path, block, content


def needs_neighbours(block: str) -> bool:
    """Whether it takes what only the tests in tests/neighbours have: the vendor's collection, or a script."""
    return "crowdstrike.falcon." in block or "count.py" in block

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of what the guides refer to: what they claim names the test that shows it, and that test exists."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted((ROOT / "docs" / "docsite" / "rst").glob("*.rst"))
TESTS = {
    f"{path.name}::{name}"
    for path in ROOT.glob("tests/**/test_*.py")
    for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
}


@pytest.mark.parametrize(
    ("page", "least"), [("psfalcon", 15), ("sealed_format", 10), ("security_model", 25), ("survives", 15)]
)
def test_each_claim_names_a_test_that_exists(page, least):
    text = (ROOT / "docs" / "docsite" / "rst" / f"{page}.rst").read_text(encoding="utf-8")
    named = re.findall(r"``(test_\w+\.py::\w*)``", text)
    assert len(named) >= least
    assert sorted(set(named) - TESTS) == []


def test_every_guide_is_in_the_table_of_contents():
    sections = yaml.safe_load((ROOT / "docs" / "docsite" / "extra-docs.yml").read_text(encoding="utf-8"))["sections"]
    listed = [name for section in sections for name in section["toctree"]]
    assert sorted(listed) == [page.stem for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_guides_refer_to_guides_that_exist(page):
    text = page.read_text(encoding="utf-8")
    assert f".. _ansible_collections.falconops.auth.docsite.{page.stem}:" in text
    referred = re.findall(r":ref:`(?:[^`<]*<)?ansible_collections\.falconops\.auth\.docsite\.(\w+)", text)
    assert set(referred) <= {each.stem for each in PAGES}


def test_the_readme_leads_to_guides_that_exist():
    linked = re.findall(
        r"github\.io/falconops\.auth/docsite/(\w+)\.html", (ROOT / "README.md").read_text(encoding="utf-8")
    )
    assert len(set(linked)) > 15
    assert set(linked) - {page.stem for page in PAGES} == set()


def test_the_page_on_the_architecture_names_files_that_exist():
    named = set(
        re.findall(r"`([\w/]*_?\w+\.(?:py|md))`", (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"))
    )
    there = [
        path.relative_to(ROOT).as_posix() for folder in ("plugins", "tests") for path in ROOT.glob(f"{folder}/**/*")
    ]
    there += [path.name for path in ROOT.glob("*.py")]
    assert len(named) > 15
    assert [name for name in sorted(named) if not any(f"/{path}".endswith(f"/{name}") for path in there)] == []


def test_the_picture_shows_what_the_page_on_the_architecture_tells_of():
    source = (ROOT / "docs" / "images" / "token.dot").read_text(encoding="utf-8")
    steps = re.findall(r"<b>(.+?)</b>", source)
    cells = re.findall(
        r"^\| ([\w, ]+) \| `", (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(steps) > 8
    assert set(steps) - {name for cell in cells for name in cell.split(", ")} == set()


def test_the_picture_is_drawn_from_its_source():
    # tests/docsite/picture.py draws it and leaves this line; here Graphviz need not be installed.
    images = ROOT / "docs" / "images"
    svg = (images / "token.svg").read_text(encoding="utf-8")
    [(line, digest)] = re.findall(r"(<!-- make picture: (\w+) -->\n)", svg)
    drawn = (images / "token.dot").read_bytes() + svg.replace(line, "").encode()
    assert hashlib.sha256(drawn).hexdigest() == digest, "make picture"

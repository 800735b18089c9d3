# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide on troubleshooting and the code hold the same texts: what a user can be told stands there, and no more.

A text is cut where it changes from case to case, and its pieces are compared. In the guide an entry is a literal that
stands alone on its line, with <placeholders>; what others say, such as Ansible, stands in its last part.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
GUIDE = "docs/docsite/rst/troubleshooting.rst"
OTHERS = "What others say"
CODE = [path for path in sorted((ROOT / "plugins").rglob("*.py")) if path.parent.name != "doc_fragments"]
PLAYS = sorted([*(ROOT / "roles").glob("*/tasks/*.yml"), *(ROOT / "playbooks").rglob("*.yml")])
# So many words in a row are meant for people.
PROSE = 3
CHANGING = re.compile(r"<[^<>]*>|\{\w*\}|\{\{.*?\}\}|\.\.\.|\b[1-5]\d\d\b", re.DOTALL)
# They look like it, and nobody is told them.
NOT_TOLD = {
    "plugins/module_utils/_errors.py: The API does not take the token": "the action plugin gets another one",
    "plugins/module_utils/_wire.py: Missing dependencies for SOCKS": "a library's words, which are looked for",
    "plugins/plugin_utils/_backend.py: no such cache plugin": "of an error only its kind is told",
    "plugins/plugin_utils/_client_file.py: # API clients of CrowdStrike Falcon, kept by the role "
    "falconops.auth.falcon_client. # What is changed by hand stays, but for comments like this one": "stands in a file",
}


def pieces(text):
    """What stands between the changing parts of a text, without the marks at their ends."""
    return [piece for each in CHANGING.split(text) if (piece := " ".join(each.split()).strip(" .,;:()'[]"))]


def texts_of(path):
    """Each text in a Python file that is no documentation and no line of a log; an f-string's changing parts are <>."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = set()
    for node in ast.walk(tree):
        documents = isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in (
            "DOCUMENTATION",
            "EXAMPLES",
            "RETURN",
        )
        if isinstance(node, ast.Expr) or documents:
            skipped.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            skipped.update(node.values)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("debug", "compile", "match"):
            skipped.update(ast.walk(node))
        if node in skipped:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "<>" for part in node.values)


def messages_of(value):
    """What the tasks of a YAML file say, be it to fail or to tell."""
    if isinstance(value, list):
        for each in value:
            yield from messages_of(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name in ("msg", "fail_msg") and isinstance(each, str):
                yield each
            else:
                yield from messages_of(each)


SAID = [(path.relative_to(ROOT).as_posix(), text) for path in CODE for text in texts_of(path)]
SAID += [
    (path.relative_to(ROOT).as_posix(), text)
    for path in PLAYS
    for text in messages_of(yaml.safe_load(path.read_text(encoding="utf-8")))
]
TOLD = sorted(
    {
        (path, piece)
        for path, text in SAID
        for piece in pieces(text)
        if len(piece.split()) >= PROSE and f"{path}: {piece}" not in NOT_TOLD
    }
)
# Long ones first, so that none is taken for a part of another.
PIECES = sorted({piece for _path, text in SAID for piece in pieces(text)}, key=len, reverse=True)
OURS = (ROOT / GUIDE).read_text(encoding="utf-8").partition(f"\n{OTHERS}\n")[0]
ENTRIES = re.findall(r"^``(?:\[WARNING\]: )?(.+)``$", OURS, re.MULTILINE)


def unsaid(entry):
    """The words of an entry that are left when all that the code says is taken out."""
    left = " | ".join(pieces(entry))
    for piece in [each for each in PIECES if each in left]:
        left = re.sub(rf"(?<!\w){re.escape(piece)}(?!\w)", "|", left)
    return " ".join(re.findall(r"\w+", left))


def test_there_is_much_to_tell():
    assert len(TOLD) > 150
    assert len(ENTRIES) > 150
    assert sorted(set(ENTRIES)) == sorted(ENTRIES), "an entry stands twice in the guide"


def test_what_a_user_can_be_told_stands_in_the_guide():
    listed = [each for entry in ENTRIES for each in pieces(entry)]
    missing = [f"{path}: '{piece}'" for path, piece in TOLD if not any(piece in each for each in listed)]
    assert not missing, (
        f"{GUIDE} has no entry for what these files can say. Add one: the text alone on a line, in double backquotes "
        "and with <placeholders>, and below it why it is said and what to do.\n" + "\n".join(missing)
    )


def test_what_stands_in_the_guide_can_be_said():
    stale = [f"'{entry}': '{left}'" for entry in ENTRIES if (left := unsaid(entry))]
    assert not stale, (
        f"{GUIDE} has entries with words that no code says. Take them out, or write them as the code has them now; "
        f"what others say belongs below '{OTHERS}'.\n" + "\n".join(stale)
    )


@pytest.mark.parametrize("text", NOT_TOLD)
def test_what_is_not_told_is_there(text):
    path, _colon, piece = text.partition(": ")
    assert any(piece in pieces(each) for where, each in SAID if where == path)

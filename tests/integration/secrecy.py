# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds secrets and tokens in what a run has said and left behind."""

from __future__ import annotations

import base64
import urllib.parse
from collections.abc import Iterable, Iterator
from pathlib import Path

# What every token of the emulator begins with: the JSON of its header. No test needs to know a token to find it.
TOKEN_START = base64.urlsafe_b64encode(b'{"alg": "RS256"').decode()
TOKEN = "a token"


class Leak(AssertionError):
    """Something secret stands where it must not. Says which and where, not what."""


class Detector:
    """Looks for these secrets (by name), and for any token of the emulator, in all encodings that a leak may have."""

    def __init__(self, secrets: dict[str, str]) -> None:
        self._forms = [
            (form, name) for name, secret in {TOKEN: TOKEN_START, **secrets}.items() for form in _encodings(secret)
        ]

    def check(self, content: bytes, where: str) -> None:
        """Raises Leak. White space is no hiding place: Ansible wraps long lines of warnings."""
        for text in (content, b"".join(content.split())):
            for form, name in self._forms:
                if form in text:
                    raise Leak(f"{name} stands in {where}")

    def check_files(self, folder: Path, allowed: Iterable[Path]) -> None:
        """Every file and every file name below this folder, except for those that the test has written itself."""
        known = {path.resolve() for path in allowed}
        for path in _files(folder):
            where = str(path.relative_to(folder))
            self.check(where.encode(), "the name of a file")
            if path.resolve() not in known:
                self.check(path.read_bytes(), f"the file {where}")


def _encodings(secret: str) -> set[bytes]:
    raw = secret.encode()
    forms = {raw, raw.hex().encode(), urllib.parse.quote(secret, safe="").encode()}
    # In base64 a text looks different at each of three positions; its edges depend on what stands beside it.
    for position in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            padded = encode(b"\0" * position + raw + b"\0\0\0")
            forms.add(padded[(position * 8 + 5) // 6 : (position + len(raw)) * 8 // 6])
    return forms


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())

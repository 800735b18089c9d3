# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: it can change in any release.

"""A body of several parts, which may be files that are larger than memory."""

from __future__ import annotations

import io
import secrets
import typing as t

from ansible_collections.falconops.auth.plugins.module_utils._wire import multipart


def body_of(fields: t.Mapping[str, t.Any]) -> tuple[t.Any, str]:
    """A body of several parts, and its Content-Type; an open file as the content of a part is read as it is sent."""
    files: dict[str, t.BinaryIO] = {}
    marked = {}
    for name, part in fields.items():
        if isinstance(part, dict) and hasattr(part["content"], "read"):
            mark = secrets.token_hex(16)
            files[mark] = part["content"]
            part = {**part, "content": mark}  # noqa: PLW2901
        marked[name] = part
    whole, kind = multipart(marked)
    pieces: list[t.BinaryIO] = []
    for mark, file in files.items():
        before, _mark, whole = whole.partition(mark.encode())
        pieces += [io.BytesIO(before), file]
    return (Pieces([*pieces, io.BytesIO(whole)]) if files else whole), kind


class Pieces:
    """Open files, one after the other, as the one that requests sends. It is read from its beginning each time."""

    def __init__(self, pieces: t.Sequence[t.BinaryIO]) -> None:
        self._pieces = pieces
        self._size = sum(piece.seek(0, io.SEEK_END) for piece in pieces)
        self._current = 0
        self.seek(0)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> t.Iterator[bytes]:
        return iter(lambda: self.read(65536), b"")

    def seek(self, position: int) -> None:
        """Begin anew: there is no other position."""
        for piece in self._pieces:
            piece.seek(position)
        self._current = 0

    def read(self, size: int = -1) -> bytes:
        """At most so many of the next bytes, or all of them; none at the end."""
        if size < 0:
            return b"".join(self)
        while self._current < len(self._pieces):
            piece = self._pieces[self._current].read(size)
            if piece:
                return piece
            self._current += 1
        return b""

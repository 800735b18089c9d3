# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are made as they are sent: a client can be given 300 MB that nobody here has to hold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property

_BLOCK = 65_536


class Blob:
    """So many bytes, always the same ones for a label. Of `bytes` it has what the effects need: length and slices."""

    def __init__(self, label: str, size: int, start: int = 0) -> None:
        self._label = label
        self._size = size
        self._start = start
        self._filling = hashlib.sha256(label.encode()).digest() * (_BLOCK // 32)

    def __len__(self) -> int:
        return self._size - self._start

    def __getitem__(self, part: slice) -> bytes:
        start, stop, step = part.indices(len(self))
        assert step == 1
        start, stop = start + self._start, stop + self._start
        first = start // _BLOCK
        blocks = b"".join(self._block(number) for number in range(first, -(-stop // _BLOCK)))
        return blocks[start - first * _BLOCK : stop - first * _BLOCK]

    def after(self, start: int) -> Blob:
        """The rest of it."""
        return Blob(self._label, self._size, self._start + start)

    @cached_property
    def sha256(self) -> str:
        digest = hashlib.sha256()
        for piece in pieces(self, 0, len(self)):
            digest.update(piece)
        return digest.hexdigest()

    def _block(self, number: int) -> bytes:
        """No two blocks are the same, so that one that is lost, doubled or out of order shows."""
        return number.to_bytes(8, "big") + self._filling[8:]


def pieces(body: bytes | Blob, start: int, stop: int) -> Iterator[bytes]:
    for at in range(start, stop, _BLOCK):
        yield body[at : min(at + _BLOCK, stop)]

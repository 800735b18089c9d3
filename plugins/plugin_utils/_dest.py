# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""A file that an answer is written to as it comes, and that takes its place when it is whole and right."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
import tempfile
import typing as t

from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError

_CHECKSUM = re.compile(r"(?:(sha256|sha1|md5|sha512):)?([0-9a-fA-F]{32,128})")
_MODE = re.compile(r"0?[0-7]{3}")


class Dest:
    """Where an answer goes.

    mode: permissions, None for those that the file has, or 0600; checksum: what it must have.
    """

    def __init__(self, path: str, mode: t.Any, checksum: str | None) -> None:
        self.path = path
        self._mode = _checked_mode(mode)
        self._kind, self._wanted = _checked_checksum(checksum)
        self._file: t.Any = None
        self._digest = hashlib.new(self._kind)
        self._size = 0
        if os.path.isdir(path):
            raise FalconError(f"dest is {path}, which is a directory; name a file in it.")
        folder = os.path.dirname(os.path.realpath(path))
        if not os.path.isdir(folder):
            raise FalconError(f"dest is {path}, and there is no directory {folder}; make it first.")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise FalconError(f"dest is {path}, and nothing can be written in {folder}; check its permissions.")

    @property
    def is_there(self) -> bool:
        """Whether the file has the checksum that is wanted, so that nothing needs to be asked for."""
        return bool(self._wanted) and self._checksum_of(self.path) == self._wanted

    @contextlib.contextmanager
    def open(self) -> t.Iterator[Dest]:
        """The time in which the answer comes. What stood there stays, if it does not come whole."""
        try:
            handle, temporary = tempfile.mkstemp(dir=os.path.dirname(os.path.realpath(self.path)), prefix=".falconops-")
        except OSError as error:
            raise self._wrong(error) from None
        try:
            with os.fdopen(handle, "wb") as self._file:
                yield self
                self._do(self._file.flush)
                self._do(os.fsync, self._file.fileno())
            self._check()
            self.changed = self._put(temporary)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)

    def sink(self, piece: bytes | None) -> None:
        """Take a piece of the answer; None when it begins anew."""
        if piece is None:
            self._do(self._file.seek, 0)
            self._do(self._file.truncate)
            self._digest, self._size = hashlib.new(self._kind), 0
            return
        self._do(self._file.write, piece)
        self._digest.update(piece)
        self._size += len(piece)

    def emit(self, item: t.Any) -> None:
        """Take an item as a line of JSON."""
        self.sink(json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")

    def result(self) -> dict[str, t.Any]:
        """As the module returns it."""
        return {"dest": self.path, "checksum": f"{self._kind}:{self._digest.hexdigest()}", "size": self._size}

    def result_there(self) -> dict[str, t.Any]:
        """The same of a file that is there already."""
        return {"dest": self.path, "checksum": f"{self._kind}:{self._wanted}", "size": os.stat(self.path).st_size}

    def _check(self) -> None:
        found = self._digest.hexdigest()
        if self._wanted and found != self._wanted:
            raise FalconError(
                f"What came for {self.path} has the {self._kind} {found}, and not {self._wanted}; it was thrown away, "
                "and what stood there stays. Check checksum and ids."
            )

    def _put(self, temporary: str) -> bool:
        """Let it take its place. Whether anything is different now."""
        same = self._checksum_of(self.path) == self._digest.hexdigest()
        mode = self._mode
        if mode is None:
            mode = stat.S_IMODE(os.stat(self.path).st_mode) if os.path.exists(self.path) else 0o600
        if same:
            before = stat.S_IMODE(os.stat(self.path).st_mode)
            if before != mode:
                self._do(os.chmod, self.path, mode)
            return before != mode
        self._do(os.chmod, temporary, mode)
        self._do(os.replace, temporary, os.path.realpath(self.path))
        return True

    def _checksum_of(self, path: str) -> str | None:
        digest = hashlib.new(self._kind)
        try:
            with open(path, "rb") as file:
                while piece := file.read(1024 * 1024):
                    digest.update(piece)
        except OSError:
            return None
        return digest.hexdigest()

    def _do(self, action: t.Callable[..., t.Any], *args: t.Any) -> None:
        try:
            action(*args)
            return
        except OSError as error:
            wrong = self._wrong(error)
        raise wrong

    def _wrong(self, error: OSError) -> FalconError:
        return FalconError(f"dest {self.path} could not be written ({error.strerror or error}); it is as it was.")


def _checked_mode(mode: t.Any) -> int | None:
    if mode is None or mode == "":
        return None
    if isinstance(mode, int) and not isinstance(mode, bool) and 0 <= mode <= 0o777:
        return mode  # YAML has read 0640 as an octal number
    if isinstance(mode, str) and _MODE.fullmatch(mode):
        return int(mode, 8)
    raise FalconError(f"mode must be permissions in octal and in quotes, such as '0640', and not {mode!r}.")


def _checked_checksum(checksum: str | None) -> tuple[str, str]:
    if not checksum:
        return "sha256", ""
    found = _CHECKSUM.fullmatch(checksum)
    kind = (found[1] or "sha256") if found else "sha256"
    if not found or len(found[2]) != 2 * hashlib.new(kind).digest_size:
        raise FalconError("checksum must be hexadecimal digits of sha256, or begin with its kind, as in 'sha1:...'.")
    return kind, found[2].lower()

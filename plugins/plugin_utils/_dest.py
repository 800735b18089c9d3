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
import typing as t

from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils._file import made_beside, target_of

_CHECKSUM = re.compile(r"(?:(sha256|sha1|md5|sha512):)?([0-9a-fA-F]{32,128})")
_MODE = re.compile(r"0?[0-7]{3}")


class Dest:
    """Where an answer goes.

    mode: permissions, None for those that the file has, or 0600; checksum: what it must have; check: whether nothing is
    to be written, and only told what would be different. changed: whether anything is, or would be; size: of what has
    come, in bytes; wanted: the checksum that it must have, or None.
    """

    def __init__(self, path: str, mode: t.Any, checksum: str | None, *, check: bool = False) -> None:
        self.path = path
        self.changed = False
        self._check_only = check
        self._dropped = False
        self._mode = _checked_mode(mode)
        self._kind, self.wanted = _checked_checksum(checksum)
        self._file: t.Any = None
        self._digest = hashlib.new(self._kind)
        self.size = 0
        if os.path.isdir(path):
            raise FalconError(f"dest is {path}, which is a directory; name a file in it.")
        try:
            self._target = target_of(path)
        except OSError as error:
            raise self._wrong(error) from None
        folder = os.path.dirname(self._target)
        if not os.path.isdir(folder):
            raise FalconError(f"dest is {path}, and there is no directory {folder}; make it first.")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise FalconError(f"dest is {path}, and nothing can be written in {folder}; check its permissions.")

    def is_there(self) -> bool:
        """Whether the file has the checksum that is wanted, so that nothing is asked for. If so, it gets the mode."""
        if not self.wanted or self._checksum_of(self._target) != self.wanted:
            return False
        self.size = os.stat(self._target).st_size
        self._settle(self._target)
        return True

    @contextlib.contextmanager
    def open(self) -> t.Iterator[Dest]:
        """The time in which the answer comes. What stood there stays, if it does not come whole, or not at all."""
        temporary = ""
        try:
            temporary = self._do(self._begin)
            with self._file:
                yield self
                self._do(self._file.flush)
            if not self._dropped:
                self._check()
                self._put(temporary)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)

    def drop(self) -> None:
        """Let what stood there stay: nothing came that belongs there."""
        self._dropped = True

    def sink(self, piece: bytes | None) -> None:
        """Take a piece of the answer; None when it begins anew."""
        if piece is None:
            if not self._check_only:
                self._do(self._file.seek, 0)
                self._do(self._file.truncate)
            self._digest, self.size = hashlib.new(self._kind), 0
            return
        self._do(self._file.write, piece)
        self._digest.update(piece)
        self.size += len(piece)

    def emit(self, item: t.Any) -> None:
        """Take an item as a line of JSON."""
        line = json.dumps(item, ensure_ascii=False, separators=(",", ":"))
        try:
            text = line.encode()
        except UnicodeEncodeError:  # half of a character, which stands for itself as an escape alone
            text = json.dumps(item, separators=(",", ":")).encode()
        self.sink(text + b"\n")

    def result(self) -> dict[str, t.Any]:
        """As the module returns it."""
        checksum = self._digest.hexdigest() if self._file else self.wanted
        return {"changed": self.changed, "dest": self.path, "checksum": f"{self._kind}:{checksum}", "size": self.size}

    def _begin(self) -> str:
        """Open what is written to; its name, if it is a file that can take the place of another."""
        if self._check_only:
            self._file = os.fdopen(os.open(os.devnull, os.O_WRONLY), "wb")
            return ""
        handle, temporary = made_beside(self._target)
        self._file = os.fdopen(handle, "wb")
        return temporary

    def _check(self) -> None:
        found = self._digest.hexdigest()
        if self.wanted and found != self.wanted:
            raise FalconError(
                f"What came for {self.path} has the {self._kind} {found}, and not {self.wanted}; it was thrown away, "
                "and what stood there stays. Check checksum and ids."
            )

    def _put(self, temporary: str) -> None:
        """Let it take its place, unless the same stands there."""
        if self._checksum_of(self._target) == self._digest.hexdigest():
            self._settle(self._target)
            return
        self.changed = True
        if temporary:
            self._settle(temporary)
            self._do(os.replace, temporary, self._target)

    def _settle(self, path: str) -> None:
        """Give a file its permissions."""
        there, mode = os.path.exists(self._target), self._mode
        if mode is None:
            mode = stat.S_IMODE(os.stat(self._target).st_mode) if there else 0o600
        if stat.S_IMODE(os.stat(path).st_mode) != mode:
            self.changed = True
            if not self._check_only:
                self._do(os.chmod, path, mode)

    def _checksum_of(self, path: str) -> str | None:
        digest = hashlib.new(self._kind)
        try:
            with open(path, "rb") as file:
                while piece := file.read(1024 * 1024):
                    digest.update(piece)
        except OSError:
            return None
        return digest.hexdigest()

    def _do(self, action: t.Callable[..., t.Any], *args: t.Any) -> t.Any:
        try:
            return action(*args)
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

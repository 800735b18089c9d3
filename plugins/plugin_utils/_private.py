# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""The private directory of a control node: for tokens when the fact cache is no help, and for locks always."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import stat
import tempfile
import time
import typing as t

from ansible import constants as C

Warn = t.Callable[[str], None]

_NAME = "falconops_auth"
_SWEEP_EVERY = 60.0


@functools.lru_cache(maxsize=1)
def ansible_home() -> str:
    """The user's Ansible home, which is the same throughout a run."""
    return str(C.config.get_config_value("ANSIBLE_HOME"))


def private_directory(name: str, warn: Warn) -> str:
    """A directory below the user's Ansible home that nobody else can enter, made or repaired if need be.

    Where the home is no place for it (read-only, a container's odd user), the run's own temporary directory serves,
    with a warning of what that costs. Raises OSError if that fails as well.
    """
    home = ansible_home()
    try:
        # Without HOME, ansible-core has a directory called '~' in mind, inside the project.
        if not os.path.isabs(home) or "/~" in home:
            raise OSError("no home directory")
        return _secured(os.path.join(home, _NAME), name, warn)
    except OSError as error:
        reason = error.strerror or str(error)
    warn(
        f"falconops.auth cannot keep its private files in {os.path.join(home, _NAME)} ({reason}), so that tokens are "
        "kept for this run only and locks do not reach other runs; set ANSIBLE_HOME to a directory that you own."
    )
    return _secured(os.path.join(C.DEFAULT_LOCAL_TMP, _NAME), name, warn)


class PrivateFiles:
    """Texts by name, each in a file of its own.

    It is read by every host of a play, so it is as plain as can be: no plugin of Ansible's, which would cost more than
    all the rest of a warm token. Everything raises OSError where the system does.
    """

    def __init__(self, directory: str, prefix: str) -> None:
        self._directory = directory
        self._prefix = prefix

    def get(self, name: str) -> str | None:
        """The text under this name; None if there is none, "" if there is something that is not for us to read."""
        try:
            handle = os.open(self._path(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError:
            return ""
        try:
            found = os.fstat(handle)
            if found.st_mode & 0o022 or found.st_uid != os.geteuid():
                return ""
            return os.read(handle, found.st_size).decode("ascii", "replace")
        finally:
            os.close(handle)

    def set(self, name: str, text: str) -> None:
        """Keep a text, in one step: nobody ever reads half of it. It need not outlive a crash of the machine."""
        handle, temporary = tempfile.mkstemp(dir=self._directory, prefix=self._prefix)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(text)
            os.replace(temporary, self._path(name))
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise

    def delete(self, name: str) -> None:
        """Forget what lies under this name, if anything does."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(name))

    def _path(self, name: str) -> str:
        return os.path.join(self._directory, f"{self._prefix}{name}")


def sweep(directory: str, *, older_than: float) -> None:
    """Remove the files that nobody has touched for so many seconds, nor has locked; looks at most once in a minute."""
    now = time.time()
    stamp = f"{directory}.swept"
    with contextlib.suppress(OSError):
        if 0 <= now - os.stat(stamp).st_mtime < _SWEEP_EVERY:
            return
    with contextlib.suppress(OSError), open(stamp, "w", encoding="ascii"):
        os.utime(stamp, (now, now))
    remove_unlocked(directory, older_than=older_than)


def remove_unlocked(directory: str, *, older_than: float, prefix: str = "") -> None:
    """Remove the files of such names that nobody has touched for so many seconds, nor has locked."""
    horizon = time.time() - older_than
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):  # somebody else swept it, or holds it
                if entry.name.startswith(prefix) and entry.stat(follow_symlinks=False).st_mtime < horizon:
                    _remove(entry, horizon)


def _remove(entry: os.DirEntry[str], horizon: float) -> None:
    if entry.is_symlink():
        os.unlink(entry.path)
        return
    # A lock that is held seems old when the clock has jumped ahead.
    handle = os.open(entry.path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_mtime < horizon:  # it may be another one by now, in the place of the old
            os.unlink(entry.path)
    finally:
        os.close(handle)


def _secured(parent: str, name: str, warn: Warn) -> str:
    for path in (parent, os.path.join(parent, name)):
        try:
            found = os.lstat(path)
        except FileNotFoundError:
            os.makedirs(path, mode=0o700, exist_ok=True)
            found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode) or not stat.S_ISDIR(found.st_mode):
            raise OSError(f"{path} is not a directory")
        if found.st_uid != os.geteuid():
            raise OSError(f"{path} belongs to another user")
        if found.st_mode & 0o077:
            os.chmod(path, 0o700)
            warn(f"falconops.auth found its private directory {path} open to other users, and closed it.")
    path = os.path.join(parent, name)
    if not os.access(path, os.W_OK | os.X_OK):  # on a file system that is mounted to be read, for one
        raise OSError("it cannot be written")
    return path

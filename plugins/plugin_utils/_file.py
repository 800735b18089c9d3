# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""Where a file of the user's is, and how it is written."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import stat
import tempfile
import typing as t

from ansible_collections.falconops.auth.plugins.plugin_utils._private import remove_unlocked

_OUR_PLAYBOOKS = os.path.join(os.path.dirname(__file__), "..", "..", "playbooks")
# What a killed run has left beside a file is nobody's, once it is so many seconds old and not locked: long ago, since
# on a network file system another machine may hold a lock that is not seen here.
_STALE = 3600.0


def path_of(given: str, loader: t.Any) -> str:
    """The absolute path of a file that an option names. A relative one is relative to the playbook.

    Our own playbooks are called by their names and lie nowhere near the user's files; there it is relative to where
    Ansible was started. loader: Ansible's, which knows the playbook.
    """
    if os.path.realpath(loader.get_basedir()) == os.path.realpath(_OUR_PLAYBOOKS):
        return os.path.abspath(given)
    return t.cast("str", loader.path_dwim(given))


def replace_file(path: str, content: bytes, *, mode: int) -> None:
    """Put this content in the file's place in one step: at every moment the old file stands there, or the new one.

    mode: its permissions; of those of a file that is replaced, what goes beyond them is taken away, and nothing is
    added. A symbolic link stays, and what it leads to is replaced. Raises OSError, and then nothing has changed.
    """
    target = target_of(path)
    with contextlib.suppress(FileNotFoundError):
        mode &= os.stat(target).st_mode
    handle, temporary = made_beside(target)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def made_beside(target: str) -> tuple[int, str]:
    """A new file that is to take the place of another, with 0600 and locked, and its name.

    Beside it, since it can do so only within one file system. What a killed run has left there is removed.
    """
    folder, name = os.path.split(target)
    prefix = f".falconops-{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}-"
    remove_unlocked(folder, older_than=_STALE, prefix=prefix)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=prefix)
    with contextlib.suppress(OSError):  # where nothing can be locked, nothing is removed
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return handle, temporary


def target_of(path: str) -> str:
    """Where the file is that may be replaced: a symbolic link stays. Raises OSError if it must not be."""
    _refuse_strange_link(path)
    target = os.path.realpath(path)
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(target).st_mode):
            raise OSError(errno.EINVAL, "Not a regular file")  # such as /dev/stdout, which must not become one
    return target


def _refuse_strange_link(path: str) -> None:
    """In a directory for everybody, such as /tmp, a link of somebody else's may lead to any file of ours."""
    with contextlib.suppress(FileNotFoundError):
        found = os.lstat(path)
        folder = os.stat(os.path.dirname(os.path.abspath(path)))
        if stat.S_ISLNK(found.st_mode) and found.st_uid not in (os.geteuid(), folder.st_uid):
            raise OSError(errno.EPERM, "Symbolic link of another user")

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""Where a file of the user's is, and how it is written."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
import typing as t

_OUR_PLAYBOOKS = os.path.join(os.path.dirname(__file__), "..", "..", "playbooks")


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
    # Beside it, since a file can take the place of another only within one file system. Made with 0600.
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".falconops-")
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

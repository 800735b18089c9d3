# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import os
import stat
import time

from ansible_collections.falconops.auth.plugins.module_utils._argspec import TOKEN_FILE_SPEC
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.module_utils._token import Token
from ansible_collections.falconops.auth.plugins.plugin_utils._action import FalconAction, Result
from ansible_collections.falconops.auth.plugins.plugin_utils._door import shown
from ansible_collections.falconops.auth.plugins.plugin_utils._file import replace_file

_MODE = 0o600


class ActionModule(FalconAction):
    """A valid token in a file, for a program that knows nothing of Ansible."""

    def answer(self, variables: Result) -> Result:
        door = self.door(self.options(TOKEN_FILE_SPEC, variables))
        given = door.options.find("dest")
        if given.empty:
            raise FalconError("dest is missing or empty, so no token was written; name the file that is to hold it.")
        # Relative to where Ansible was started, as a shell would have it.
        path = os.path.abspath(given.value)
        check = self._task.check_mode
        token = door.cached() if check else door.token().token
        changed = token is None or not _holds(path, token)
        if token and changed and not check:
            _write(path, token)
        result: Result = {
            "changed": changed,
            "dest": path,
            **shown(door.client.at(token.hostname) if token else door.client, token, time.time()),
        }
        if check and changed:
            result["msg"] = f"Would write the {'' if token else 'new '}token of {door.client} to {path}."
        return result


def _holds(path: str, token: Token) -> bool:
    """Whether the file holds this token, and is nobody else's to read. One that cannot be read does not."""
    with contextlib.suppress(OSError):
        found = os.stat(path)
        if stat.S_ISREG(found.st_mode) and not found.st_mode & ~_MODE & 0o7777:
            with open(path, "rb") as file:
                return file.read() == _content(token)
    return False


def _write(path: str, token: Token) -> None:
    try:
        replace_file(path, _content(token), mode=_MODE)
        return
    except OSError as error:
        reason = error.strerror or str(error)
    folder = os.path.dirname(os.path.realpath(path))
    if os.path.isdir(path):
        reason = "it is a directory; name a file in it"
    elif not os.path.isdir(folder):
        reason = f"there is no directory {folder}; make it first"
    raise FalconError(f"The token could not be written to {path}: {reason}.")


def _content(token: Token) -> bytes:
    """Without a newline, which would be a part of the token for most who read a whole file."""
    return token.access_token.encode()

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import dataclasses
import os
import stat
import typing as t
from importlib import import_module

from ansible_collections.falconops.auth.plugins.module_utils._argspec import API_SPEC, FILES_SPEC
from ansible_collections.falconops.auth.plugins.module_utils._call import Call
from ansible_collections.falconops.auth.plugins.module_utils._errors import CallFailed, FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils._action import FalconAction, Result
from ansible_collections.falconops.auth.plugins.plugin_utils._api import is_elsewhere
from ansible_collections.falconops.auth.plugins.plugin_utils._calling import call_of, result_of
from ansible_collections.falconops.auth.plugins.plugin_utils._dest import Dest
from ansible_collections.falconops.auth.plugins.plugin_utils._door import Door, warn
from ansible_collections.falconops.auth.plugins.plugin_utils._file import path_of
from ansible_collections.falconops.auth.plugins.plugin_utils._options import Options
from ansible_collections.falconops.auth.plugins.plugin_utils._query import Query

# Every worker asks, so that what asking takes is imported before Ansible forks: it is more than the rest of a call.
import_module("ansible_collections.falconops.auth.plugins.module_utils._calls")

_MAY_BE_SECRET = ("resources", "meta", "json", "content", "result")


class ActionModule(FalconAction):
    """Any call of the Falcon API, with a token that nobody sees."""

    def answer(self, variables: Result) -> Result:
        options = self.options(API_SPEC, variables)
        self._refuse(options)
        src, dest = self._src(options), self._dest(options)
        call = call_of(options, src=bool(src))
        query = Query(options.value("query")) if options.value("query") else None
        if dest and not call.reads:
            raise FalconError(f"dest is for what only reads, and {call} may change something; see read_only.")
        if dest and call.method == "HEAD":
            raise FalconError("dest goes with no HEAD, whose answer has no body; give GET.")
        if query and dest:
            raise FalconError("query and dest exclude each other: what lies in a file is not in the result.")
        if call.files:
            self._refuse_elsewhere(["src"])
        with contextlib.ExitStack() as opened:
            source = opened.enter_context(_opened(src)) if src else None
            whole = self._with_parts(call, opened)
            if self._task.check_mode and not call.reads:
                result = _would_send(call, src)
            elif dest and dest.is_there():
                result = dest.result()
            else:
                result = self._answer_to(whole, options, source, dest, query)
        if not call.tells_secrets:
            return result
        if result.get("failed"):  # why is to be seen
            if not result.get("resources"):
                return {name: value for name, value in result.items() if name not in _MAY_BE_SECRET}
            warn(result["msg"])  # and what has been done may be a secret that the API shows once
        return self.hidden({"hidden": True, **result})

    def _answer_to(
        self, call: Call, options: Options, source: t.BinaryIO | None, dest: Dest | None, query: Query | None
    ) -> Result:
        failure, result = "", {}
        try:
            result = _called(self.door(options), call, source, dest)
            if query:
                result["result"] = query.of({**result})
        except CallFailed as error:
            failure, result = error.message, error.result
        except FalconError as error:
            if not result:
                raise
            failure = error.message  # of the query, and what was done is done
        return {**result, "failed": True, "msg": failure} if failure else result

    def _refuse(self, options: Options) -> None:
        """What is not for this task."""
        if options.find("access_token").value is not None:
            raise FalconError("access_token is the action plugin's to set; say whose token it is to be by client.")
        files = [name for name in FILES_SPEC if not options.find(name).empty]
        if files:
            self._refuse_elsewhere(files)
        if "dest" not in files and {"mode", "checksum"}.intersection(files):
            raise FalconError("mode and checksum are those of dest, which is missing.")

    def _refuse_elsewhere(self, files: list[str]) -> None:
        if is_elsewhere(self):
            raise FalconError(
                f"{' and '.join(files)} {'are' if len(files) > 1 else 'is'} for files of the control node, which "
                f"{self._task.delegate_to} cannot reach; run the task without delegate_to, or by body and the result."
            )

    def _with_parts(self, call: Call, opened: contextlib.ExitStack) -> Call:
        """The same with the files of its body opened."""
        body = dict(call.body) if call.files else call.body
        for name, src in call.files.items():
            path = path_of(src, self._loader)
            content = opened.enter_context(_opened(path))
            body[name] = {"filename": os.path.basename(path), **body[name], "content": content}
        return dataclasses.replace(call, body=body)

    def _src(self, options: Options) -> str | None:
        given = options.find("src")
        return None if given.empty else path_of(given.value, self._loader)

    def _dest(self, options: Options) -> Dest | None:
        given = options.find("dest")
        if given.empty:
            return None
        path = path_of(given.value, self._loader)
        return Dest(path, options.value("mode"), options.value("checksum"), check=self._task.check_mode)


def _called(door: Door, call: Call, source: t.BinaryIO | None, dest: Dest | None) -> Result:
    if dest is None:
        return result_of(door, call, source=source)
    by_item = call.paginate or call.ids
    with dest.open():
        result = result_of(door, call, **{"emit" if by_item else "sink": dest.emit if by_item else dest.sink})
        came = by_item and result["count"] > 0
        nothing = not by_item and dest.size == 0 and not dest.wanted
        if nothing or (not came and not 200 <= result["status"] < 300):  # but one that the user ignores
            dest.drop()
            if nothing and result["status"] < 300:
                warn(f"falconops.auth: {call} was answered with nothing ({result['status']}), so dest stays as it was.")
            return result
    in_file = ("resources", "json", "content")
    return {**{name: value for name, value in result.items() if name not in in_file}, **dest.result()}


def _would_send(call: Call, src: str | None) -> Result:
    request = {"method": call.method, "path": call.path, "params": {**call.params}, "body": call.body}
    more = {"ids": [*call.ids] if call.ids else None, "src": src}
    request.update({name: value for name, value in more.items() if value})
    return {"changed": True, "request": request, "msg": f"Would send {call}."}


def _opened(src: str) -> t.BinaryIO:
    """A file that is the body, or a part of it."""
    try:
        # Whoever opens a pipe without this waits for somebody to write into it.
        handle = os.open(src, os.O_RDONLY | os.O_NONBLOCK)
        if stat.S_ISREG(os.fstat(handle).st_mode):
            return os.fdopen(handle, "rb")
        os.close(handle)
        reason = "Not a regular file"
    except OSError as error:
        reason = error.strerror or str(error)
    raise FalconError(f"src {src} cannot be read ({reason}); nothing was sent.")

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.falconops.auth.plugins.module_utils._argspec import API_SPEC
from ansible_collections.falconops.auth.plugins.module_utils._call import Call
from ansible_collections.falconops.auth.plugins.module_utils._errors import CallFailed, FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils._action import FalconAction, Result
from ansible_collections.falconops.auth.plugins.plugin_utils._calling import call_of, result_of
from ansible_collections.falconops.auth.plugins.plugin_utils._dest import Dest
from ansible_collections.falconops.auth.plugins.plugin_utils._door import Door, display
from ansible_collections.falconops.auth.plugins.plugin_utils._file import path_of
from ansible_collections.falconops.auth.plugins.plugin_utils._options import Options
from ansible_collections.falconops.auth.plugins.plugin_utils._query import Query


class ActionModule(FalconAction):
    """Any call of the Falcon API, with a token that nobody sees."""

    def answer(self, variables: Result) -> Result:
        options = self.options(API_SPEC, variables)
        if options.find("access_token").value is not None:
            raise FalconError("access_token is the action plugin's to set; say whose token it is to be by client.")
        src, dest = self._src(options), self._dest(options)
        call = call_of(options, src=src)
        query = Query(options.value("query")) if options.value("query") else None
        if dest and not call.reads:
            raise FalconError(f"dest is for what only reads, and {call} may change something; see read_only.")
        if query and dest:
            raise FalconError("query and dest exclude each other: what lies in a file is not in the result.")
        if call.tells_secrets:
            self._task.no_log = True
        if self._task.check_mode and not call.reads:
            return self._would_send(call)
        if dest and dest.is_there:
            return {"changed": False, **dest.result_there()}
        try:
            result = self._called(self.door(options), call, src, dest)
        except CallFailed as error:
            failed = {"failed": True, "msg": error.message}
            result = {**error.result, **failed}
        self._tell_more(call, result)
        if query and not result.get("failed"):
            result["result"] = query.of({**result})
        return {"_ansible_no_log": True, **result} if call.tells_secrets and not result.get("failed") else result

    def _called(self, door: Door, call: Call, src: str | None, dest: Dest | None) -> Result:
        with contextlib.ExitStack() as stack:
            streams: dict[str, t.Any] = {}
            if src:
                streams["source"] = stack.enter_context(_opened(src))
            if dest is None:
                return result_of(door, call, **streams)
            with dest.open():
                streams["emit" if call.paginate or call.ids else "sink"] = (
                    dest.emit if call.paginate or call.ids else dest.sink
                )
                result = result_of(door, call, **streams)
            result.pop("resources", None)
            return {**result, "changed": dest.changed, **dest.result()}

    def _would_send(self, call: Call) -> Result:
        request = {"method": call.method, "path": call.path, "params": {**call.params}, "body": call.body}
        if call.ids:
            request["ids"] = list(call.ids)
        return {"changed": True, "request": request, "msg": f"Would send {call}."}

    def _src(self, options: Options) -> str | None:
        given = options.find("src")
        return None if given.empty else path_of(given.value, self._loader)

    def _dest(self, options: Options) -> Dest | None:
        given = options.find("dest")
        if given.empty:
            return None
        return Dest(path_of(given.value, self._loader), options.value("mode"), options.value("checksum"))

    @staticmethod
    def _tell_more(call: Call, result: Result) -> None:
        deprecation = result.pop("deprecation", "")
        if deprecation:
            display.warning(f"The Falcon API says that {call} is deprecated ({deprecation}).")
        if result.get("truncated") and not call.paginate and call.max_items is None:
            display.warning(
                f"{call} gave {result['count']} of {result['total'] or 'more'} items; set paginate: true for all of "
                "them, or max_items for as many as you want."
            )


def _opened(src: str) -> t.BinaryIO:
    try:
        return open(src, "rb")
    except OSError as error:
        reason = error.strerror
    raise FalconError(f"src {src} cannot be read ({reason}); nothing was sent.")

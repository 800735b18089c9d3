# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`counted_token: {by: task}` is falcon_token, `by: lookup` its lookup; what they did in the worker is counted and dumped."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import sys

from ansible.plugins.loader import cache_loader, lookup_loader
from ansible_collections.falconops.auth.plugins.action import falcon_token
from ansible_collections.falconops.auth.plugins.plugin_utils import _private, _seal


class ActionModule(falcon_token.ActionModule):
    def run(self, tmp=None, task_vars=None):
        by = self._task.args.pop("by", "task")
        result = {"changed": False}
        with _counted(type(self._templar)) as counts:
            if by == "task":
                result = super().run(tmp, task_vars)
            else:
                lookup = lookup_loader.get("falconops.auth.falcon_token", loader=self._loader, templar=self._templar)
                lookup.run([], task_vars)
        line = json.dumps([task_vars["inventory_hostname"], {"counts": counts}]) + "\n"
        handle = os.open(os.environ["FALCONOPS_TEST_DUMP"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(handle, line.encode())
        os.close(handle)
        return result


@contextlib.contextmanager
def _counted(templar):
    """What is done in the block. A worker lives for one task of one host, so nothing is put back."""
    counts = collections.Counter()
    files, before = [], set(sys.modules)

    def count(owner, name, what):
        original = getattr(owner, name)

        def counting(*args, **kwargs):
            counts[what] += 1
            return original(*args, **kwargs)

        setattr(owner, name, counting)

    count(templar, "template", "templates")
    count(_seal, "HKDF", "keys")
    count(_private.PrivateFiles, "get", "reads of the store")
    for name in ("set", "delete"):
        count(_private.PrivateFiles, name, "writes to the store")
    count(cache_loader, "get", "cache plugins")

    def audit(event, args):
        if counting_now and event == "open":
            files.append(str(args[0]))
        elif counting_now and event.partition(".")[0] in ("socket", "subprocess"):
            counts["sockets and programs"] += 1

    def profile(frame, event, _argument):
        if event == "call":
            ours = "ansible_collections/falconops/auth/plugins" in frame.f_code.co_filename
            counts["calls of ours" if ours else "calls of others"] += 1

    counting_now = True
    sys.addaudithook(audit)
    sys.setprofile(profile)
    found = {}
    yield found
    sys.setprofile(None)
    counting_now = False
    imported = sorted(set(sys.modules) - before)
    http = sorted(name for name in sys.modules if name.partition(".")[0] in ("requests", "urllib3"))
    found |= {**counts, "files": files, "imported": imported, "http modules": http}

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real modules, run as they run on a machine that a task is delegated to; without the controller."""

from __future__ import annotations

import io
import json
import typing as t

import pytest
from ansible.module_utils import basic


def runner(
    module: t.Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], remote_tmp: t.Any
) -> t.Callable[..., dict[str, t.Any]]:
    """What runs the module with the arguments that it is given; its result comes back."""

    def run_module(**args):
        content = {"_ansible_remote_tmp": str(remote_tmp), "_ansible_keep_remote_files": False, **args}
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": content}).encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        monkeypatch.setattr("sys.stdin", io.StringIO())
        with pytest.raises(SystemExit) as caught:
            module.main()
        result = json.loads(capsys.readouterr().out)
        assert bool(result.get("failed")) == bool(caught.value.code)
        result.pop("_ansible_new_secrets", None)  # how ansible-core 2.22 tells the control node what to mask
        return result

    return run_module

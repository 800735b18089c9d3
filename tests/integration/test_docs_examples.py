# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every EXAMPLES block runs as it stands there: users copy it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from emulator.scopes import ALL
from integration.harness import CHECKOUT, User
from integration.lives import get, pair

PLUGINS = sorted([*CHECKOUT.glob("plugins/modules/[a-z]*.py"), *CHECKOUT.glob("plugins/lookup/[a-z]*.py")])
# The member that the examples name, without its checksum.
CHILD = "9876543210abcdef9876543210abcdef"
# The modules that call the API by themselves get their proxy and their CA from the environment as well.
HOST = "localhost ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'\n"


def examples(path: Path) -> str:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "EXAMPLES":
            assert isinstance(node.value, ast.Constant)
            return str(node.value.value)
    raise AssertionError(f"{path} has no EXAMPLES")


@pytest.mark.brief
@pytest.mark.secrecy
@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_examples_run_and_show_no_token(user: User, path: Path) -> None:
    # Not where a client without a cloud is looked for first: an example must name its cloud where that counts.
    user.credentials(user.api_client(cloud="us-2", scopes=ALL))
    user.may_hold(user.project / "falcon_token")
    production = user.api_client(cloud="us-2", children=[CHILD])
    user.vault("vault/falcon_clients.yml", {"production": pair(production)})
    # What a revocation or a question is about has been asked for before.
    before = get("mine") + get("pipeline", session="pipeline-42")
    before += get("production", client="production", clients_file="vault/falcon_clients.yml", session="")
    alone = path.stem == "falcon_token"
    run = user.play(examples(path) if alone else before + examples(path), "-vvvvv", hosts=HOST).ok()
    assert user.asked() >= 1
    assert run.says("unreachable=0    failed=0") == 1
    assert (path.stem == "falcon_token_revoke") == (user.emulator.live_tokens() == [])

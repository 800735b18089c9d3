# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook for a call at a terminal or without one."""

from __future__ import annotations

import json

import pytest

from emulator.cast import FULL
from emulator.records import host_id
from integration.harness import User
from integration.terminal import Terminal

CALL = ("ansible-playbook", "falconops.auth.call_api")
HOSTS, GROUPS = "/devices/queries/devices/v1", "/devices/entities/host-groups/v1"
WHO = {"FALCON_CLIENT_ID": FULL.client_id, "FALCON_CLIENT_SECRET": FULL.client_secret}


def given(**options: object) -> tuple[str, str]:
    return "-e", json.dumps(options)


@pytest.mark.brief
@pytest.mark.secrecy
def test_a_call_by_whoever_is_asked_for_credentials(user: User) -> None:
    with Terminal(user, *CALL, "-e", f"path={HOSTS}", "-e", "query=resources[0]", "-vvvvv") as terminal:
        terminal.answer("Client id:", FULL.client_id)
        terminal.answer("Client secret (output is hidden):", FULL.client_secret)
        run = terminal.wait().ok()
    assert run.says(f'"msg": "{host_id(FULL.cid, 0)}"') == 1 and user.asked() == 1


@pytest.mark.brief
def test_reads_writes_files_and_failures(user: User) -> None:
    user.environment |= WHO
    group = given(path=GROUPS, method="POST", body={"resources": [{"name": "new", "group_type": "static"}]})
    checked = user.command(*CALL, *group, "--check").wait().ok()
    assert checked.says('"method": "POST"') >= 1 and user.emulator.requests(path=GROUPS) == []
    made = user.command(*CALL, *group).wait().ok()
    assert made.says('"name": "new"') >= 1 and made.says("changed=1") == 1

    run = user.command(*CALL, "-e", f"path={HOSTS}", "-e", "paginate=true", "-e", "dest=hosts.jsonl").wait().ok()
    dest = user.project / "hosts.jsonl"
    assert run.says(f"The file {dest} holds it") == 1 and len(dest.read_text().splitlines()) == 30

    ids = [host_id(FULL.cid, number) for number in range(2)]
    found = user.command(*CALL, *given(path="/devices/entities/devices/v2", method="POST", ids=ids)).wait().ok()
    assert found.says('"hostname": "win-000000"') == found.says('"hostname": "lin-000001"') == 1
    # What is empty was given nevertheless, and what an inventory calls so was not.
    none = user.command(*CALL, *given(path=GROUPS, method="DELETE", ids=[])).wait().failed()
    assert none.says("is empty, so there is nothing to ask about") >= 1
    alerts = given(path="/alerts/combined/alerts/v1", method="POST", body={})
    inventory = user.write("theirs", f"localhost ansible_connection=local dest={dest} method=DELETE ids=a\n")
    told = user.command(*CALL, "-i", str(inventory), *alerts).wait().ok()
    assert told.says("changed=0") == 1 and len(dest.read_text().splitlines()) == 30
    assert user.command(*CALL, "-i", str(inventory), "-e", f"path={HOSTS}").wait().ok().says('"msg": [') == 1
    assert user.emulator.requests(method="DELETE") == []

    lost = user.command(*CALL, "-e", "path=/no/such/v1").wait().failed()
    assert lost.says("GET /no/such/v1 at https://api.crowdstrike.com failed with 404") >= 1
    assert user.command(*CALL).wait().failed().says("path is missing; give the path of an operation") >= 1


@pytest.mark.secrecy
def test_an_answer_that_is_a_secret_is_not_shown(user: User) -> None:
    user.environment |= WHO
    reveal = given(path="/policy/combined/reveal-uninstall-token/v1", method="POST", body={"device_id": "MAINTENANCE"})
    run = user.command(*CALL, *reveal, "-vvvvv").wait().ok()
    assert len(user.emulator.requests(path="/policy/combined/reveal-uninstall-token/v1", status=200)) == 1
    assert "uninstall_token" not in run.output and run.says("is known to hold secrets, and is not shown") >= 1

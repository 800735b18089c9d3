# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loops over credentials: ansible-core prints the item beside the result, so the result is hidden."""

from __future__ import annotations

import json

import pytest

from emulator.cast import EU1, US1, WRONG_SECRET
from integration.harness import User
from integration.lives import pair

TASKS = """
- falconops.auth.falcon_token: {client_id: "{{ item.client_id }}", client_secret: "{{ item.client_secret }}"}
  loop: "{{ clients }}"
  loop_control: {label: "{{ item.client_id }}"}
  register: got
  ignore_errors: true
- falconops.auth.falcon_token_info: {client_id: "{{ each[0] }}", client_secret: "{{ each[1] }}"}
  loop: "{{ clients | map('dict2items') | map('map', attribute='value') }}"
  loop_control: {loop_var: each}
- falconops.auth.falcon_token_revoke: {client_id: "{{ item.client_id }}", client_secret: "{{ item.client_secret }}"}
  with_items: "{{ clients }}"
- falconops.auth.falcon_token_info: {client_id: not-an-id, client_secret: "{{ item }}"}
  loop: "{{ clients | map(attribute='client_secret') }}"
  register: failed
  ignore_errors: true
- falconops.auth.falcon_token_info: {session: "{{ item }}", client_id: "{{ clients[0].client_id }}"}
  vars: {falcon_client_secret: "{{ clients[0].client_secret }}"}
  loop: [nightly]
- dump: {got: "{{ got.results | map(attribute='failed') }}", failed: "{{ failed.results | map(attribute='msg') }}"}
"""


@pytest.mark.secrecy
@pytest.mark.brief
def test_a_loop_over_credentials_shows_none(user: User) -> None:
    wrong = {"client_id": US1.client_id, "client_secret": WRONG_SECRET}
    user.vault("group_vars/all.yml", {"clients": [pair(US1), pair(EU1), wrong]})
    # The detector searches all that is printed.
    run = user.play(TASKS, "-vvvvv").ok()
    assert run.value("got") == [False, False, True]
    assert all(said.startswith("client_id (argument of the task) must be") for said in run.value("failed"))
    assert run.says("(item=nightly)") >= 1  # nothing secret, and so not hidden


# Ansible makes a result of these by itself, and prints the item beside it.
NEVER_CAME_BACK = {
    "a machine that is not there": "delegate_to: gone",
    "async": "async: 30",
    "a timeout": "timeout: 1",
}
# The secret is no argument here, or not alone, and no key of the item is called so.
IN_OTHER_WAYS = {
    "one text": {
        "client_id": "{{ item.split(':')[0] }}",
        "client_secret": "{{ item.split(':')[1] }}",
    },
    "a variable": "vars: {falcon_client_id: not-an-id, falcon_client_secret: '{{ item.key }}'}",
    "clients": {
        "client": "nobody",
        "clients": {"one": {"client_id": US1.client_id, "client_secret": "{{ item.key }}"}},
    },
    "a variable of clients": "vars: {falcon_client: nobody, falcon_clients: {one: {client_secret: '{{ item.key }}'}}}",
    "the environment": "environment: {FALCON_CLIENT_ID: not-an-id, FALCON_CLIENT_SECRET: '{{ item.key }}'}",
}
HOSTS = "localhost ansible_connection=local\n[there]\ngone ansible_connection=gone\n"


@pytest.mark.secrecy
@pytest.mark.parametrize("how", NEVER_CAME_BACK)
def test_nor_does_one_that_ansible_ends(user: User, how: str) -> None:
    user.vault("group_vars/all.yml", {"clients": [pair(US1)]})
    user.emulator.fault("delay", seconds=3)
    task = TASKS[: TASKS.index("- falconops.auth.falcon_token_info")] + f"  {NEVER_CAME_BACK[how]}\n"
    tasks = f"{task}  ignore_unreachable: true\n- dump: {{told: '{{{{ got.results[0].msg }}}}'}}\n"
    run = user.play(tasks, "-vvvvv", "--limit", "localhost", hosts=HOSTS).ok()
    assert run.value("told") and run.says("censored") >= 1


@pytest.mark.secrecy
@pytest.mark.parametrize("way", IN_OTHER_WAYS)
def test_nor_one_whose_item_is_recognised_by_what_it_holds(user: User, way: str) -> None:
    user.vault("group_vars/all.yml", {"it": US1.client_secret})
    given = IN_OTHER_WAYS[way]
    arguments, keyword = (given, "") if isinstance(given, dict) else ({}, f"  {given}\n")
    items = [f"{US1.client_id}:{{{{ it }}}}"] if way == "one text" else [{"key": "{{ it }}"}]
    task = f"- falconops.auth.falcon_token_info: {json.dumps(arguments)}\n{keyword}  loop: {json.dumps(items)}\n"
    tasks = f"{task}  register: got\n  ignore_errors: true\n- dump: {{told: '{{{{ got.results[0].failed }}}}'}}\n"
    run = user.play(tasks, "-vvvvv").ok()
    assert run.value("told") == (way != "one text") and run.says("censored") >= 1


@pytest.mark.secrecy
def test_nor_the_items_that_come_before_and_after(user: User) -> None:
    user.vault("group_vars/all.yml", {"it": US1.client_secret})
    one = {"falcon_client_id": US1.client_id, "falcon_client_secret": "{{ it }}"}
    task = f"- falconops.auth.falcon_token_info:\n  vars: {json.dumps(one)}\n  loop: [harmless, '{{{{ it }}}}']\n"
    run = user.play(f"{task}  loop_control: {{extended: true}}\n", "-vvvvv").ok()
    assert run.says("censored") >= 2

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loops over credentials: ansible-core prints the item beside the result, so the result is hidden."""

from __future__ import annotations

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

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request for a fleet: hosts, forks, runs side by side, tasks and lookups share one token."""

from __future__ import annotations

import textwrap
from datetime import datetime, timezone

import pytest

from emulator.cast import US1
from integration.harness import User

TASK_THEN_LOOKUP = """
- falconops.auth.falcon_token:
  register: falcon
- dump:
    task: "{{ falcon.access_token }}"
    cached: "{{ falcon.cached }}"
    changed: "{{ falcon.changed }}"
    lookup: "{{ lookup('falconops.auth.falcon_token') }}"
"""


@pytest.mark.brief
def test_two_hundred_hosts_ask_once_and_the_next_run_not_at_all(user: User) -> None:
    user.credentials(US1)
    first = user.play(TASK_THEN_LOOKUP, "--forks=20", hosts=200).ok()
    assert user.asked() == 1
    tokens = first.values("task") + first.values("lookup")
    assert len(tokens) == 400 and len(set(tokens)) == 1
    assert first.values("changed").count(True) == 1
    assert user.emulator.is_live(tokens[0])

    second = user.play(TASK_THEN_LOOKUP, "--forks=20", hosts=200).ok()
    assert user.asked() == 1
    assert set(second.values("task") + second.values("lookup")) == {tokens[0]}
    assert set(second.values("cached")) == {True}


def test_a_dozen_runs_started_together_ask_once(user: User) -> None:
    user.credentials(US1)
    playbook = f"- hosts: all\n  gather_facts: false\n  tasks:\n{textwrap.indent(TASK_THEN_LOOKUP, '    ')}"
    # Late enough for all of them to be there when the first one asks.
    user.emulator.fault("delay", seconds=3)
    started = [user.start(playbook, hosts=2) for _unused in range(12)]
    runs = [one.wait().ok() for one in started]
    assert user.asked() == 1
    assert len({token for run in runs for token in run.values("task") + run.values("lookup")}) == 1


@pytest.mark.brief
def test_a_lookup_asks_once_for_many_hosts_and_a_task_after_it_not_again(user: User) -> None:
    user.credentials(US1)
    tasks = """
    - dump: {lookup: "{{ lookup('falconops.auth.falcon_token') }}"}
    - falconops.auth.falcon_token:
      register: falcon
    - dump: {task: "{{ falcon.access_token }}", changed: "{{ falcon.changed }}"}
    """
    run = user.play(tasks, "--forks=20", hosts=20).ok()
    assert user.asked() == 1
    assert len(set(run.values("lookup") + run.values("task"))) == 1
    assert set(run.values("changed")) == {False}


def test_a_variable_that_holds_the_lookup_asks_once_however_often_it_is_used(user: User) -> None:
    user.credentials(US1, token="{{ lookup('falconops.auth.falcon_token') }}")
    run = user.play('- dump: {one: "{{ token }}"}\n- dump: {two: "{{ token }}"}', hosts=3).ok()
    assert user.asked() == 1
    assert len(set(run.values("one") + run.values("two"))) == 1


@pytest.mark.brief
def test_hosts_that_nobody_can_reach_get_their_token_also_with_become(user: User) -> None:
    user.credentials(US1)
    play = "become: true\nbecome_user: somebody\nvars: {ansible_connection: ssh, ansible_become_method: sudo}"
    run = user.play(TASK_THEN_LOOKUP, play=play, hosts=10).ok()
    assert user.asked() == 1
    assert len(run.values("task")) == 10


def test_free_strategy_and_serial_batches_share_the_token(user: User) -> None:
    user.credentials(US1)
    user.play(TASK_THEN_LOOKUP, "--forks=5", play="strategy: free", hosts=10).ok()
    user.play(TASK_THEN_LOOKUP, play="serial: 3", hosts=9).ok()
    assert user.asked() == 1


@pytest.mark.brief
def test_what_comes_back(user: User) -> None:
    user.credentials(US1)
    tasks = """
    - falconops.auth.falcon_token:
      register: falcon
    - dump: {result: "{{ falcon }}"}
    - dump:
        token: "{{ lookup('falconops.auth.falcon_token') }}"
        bearer: "{{ lookup('falconops.auth.falcon_token', format='bearer') }}"
        headers: "{{ lookup('falconops.auth.falcon_token', format='headers') }}"
        auth: "{{ lookup('falconops.auth.falcon_token', format='auth') }}"
        query: "{{ query('falconops.auth.falcon_token') }}"
    """
    run = user.play(tasks).ok()
    result = run.value("result")
    token = result["access_token"]
    assert user.emulator.is_live(token)
    assert result["changed"] and not result["cached"]
    assert result["token_type"] == "bearer"
    assert result["headers"] == {"Authorization": f"Bearer {token}"} == run.value("headers")
    assert result["auth"] == {"access_token": token, "cloud": "us-1"} == run.value("auth")
    assert (result["cloud"], result["hostname"]) == ("us-1", "https://api.crowdstrike.com")
    assert (result["client"], result["client_id"]) == (None, US1.client_id)
    assert (result["member_cid"], result["session"]) == (None, None)
    assert 1790 <= result["expires_in"] <= 1799
    left = datetime.fromisoformat(result["expires_at"].replace("Z", "+00:00")) - datetime.now(timezone.utc)
    assert 1700 < left.total_seconds() <= 1800
    assert (run.value("token"), run.value("bearer"), run.value("query")) == (token, f"Bearer {token}", [token])


def test_the_collection_says_who_it_is(user: User) -> None:
    user.credentials(US1)
    user.play("- falconops.auth.falcon_token: {user_agent: mycompany/1.0}").ok()
    [request] = user.emulator.requests()
    assert request["user_agent"].startswith("mycompany/1.0 falconops.auth/")
    assert not request["authorization"]

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""force, cache: false, check mode, min_ttl and renewal, ad-hoc."""

from __future__ import annotations

import pytest

from emulator.cast import US1, US1_OTHER
from integration.harness import User, later

TOKEN = """
- falconops.auth.falcon_token:
  register: falcon
- dump: {token: "{{ falcon.access_token }}", changed: "{{ falcon.changed }}"}
"""
FORCE = TOKEN.replace("falcon_token:", "falcon_token: {force: true}")


def test_two_hundred_hosts_with_force_ask_once(user: User) -> None:
    user.credentials(US1)
    old = user.play(TOKEN).ok().value("token")
    run = user.play(FORCE, "--forks=20", hosts=200).ok()
    assert user.asked() == 2
    [new] = set(run.values("token"))
    assert new != old and user.emulator.is_live(old)
    assert run.values("changed").count(True) == 1
    assert user.play(TOKEN).ok().value("token") == new


def test_each_task_with_force_asks_and_so_does_each_client_of_a_loop(user: User) -> None:
    user.credentials(US1, other_id=US1_OTHER.client_id, other_secret=US1_OTHER.client_secret)
    user.play(FORCE + FORCE, hosts=3).ok()
    assert user.asked() == 2
    tasks = """
    - falconops.auth.falcon_token:
        client_id: "{{ item.0 }}"
        client_secret: "{{ item.1 }}"
        force: true
      loop:
        - ["{{ falcon_client_id }}", "{{ falcon_client_secret }}"]
        - ["{{ other_id }}", "{{ other_secret }}"]
      no_log: true
    """
    user.play(tasks, "--forks=5", hosts=5).ok()
    assert user.asked() == 4


@pytest.mark.brief
def test_without_the_cache_each_task_asks_once_and_nothing_is_kept(user: User) -> None:
    user.credentials(US1, falcon_cache=False)
    run = user.play(TOKEN + TOKEN, "--forks=20", hosts=50).ok()
    assert user.asked() == 2
    assert len(set(run.values("token"))) == 2
    assert user.entries() == []
    user.play("- dump: {one: \"{{ lookup('falconops.auth.falcon_token') }}\"}").ok()
    assert user.asked() == 3
    assert user.entries() == []


def test_without_the_cache_a_token_in_the_store_is_left_alone(user: User) -> None:
    user.credentials(US1)
    token = user.play(TOKEN).ok().value("token")
    assert user.play(TOKEN, "-e", "falcon_cache=false").ok().value("token") != token
    assert user.play(TOKEN).ok().value("token") == token
    assert user.asked() == 2


@pytest.mark.brief
def test_check_mode_asks_for_nothing(user: User) -> None:
    user.credentials(US1)
    tasks = """
    - falconops.auth.falcon_token:
      register: falcon
    - dump: {result: "{{ falcon }}"}
    """
    result = user.play(tasks, "--check").ok().value("result")
    assert user.asked() == 0
    assert result["changed"] and "access_token" not in result and "auth" not in result
    assert result["msg"] == f"Would ask https://api.crowdstrike.com for a new token of client {US1.client_id}."
    assert (result["cloud"], result["expires_at"], result["expires_in"]) == ("us-1", None, None)

    token = user.play(TOKEN).ok().value("token")
    result = user.play(tasks, "--check").ok().value("result")
    assert result["access_token"] == token and result["cached"] and not result["changed"]
    forced = user.play(tasks.replace("falcon_token:", "falcon_token: {force: true}"), "--check").ok().value("result")
    assert forced["changed"] and "access_token" not in forced
    assert user.asked() == 1


def test_check_mode_switched_off_for_the_task_asks(user: User) -> None:
    user.credentials(US1)
    run = user.play(TOKEN.replace("register: falcon", "register: falcon\n  check_mode: false"), "--check").ok()
    assert user.asked() == 1
    assert user.emulator.is_live(run.value("token"))


def test_lookups_ask_in_check_mode(user: User) -> None:
    user.credentials(US1)
    run = user.play("- dump: {token: \"{{ lookup('falconops.auth.falcon_token') }}\"}", "--check").ok()
    assert user.asked() == 1
    assert user.emulator.is_live(run.value("token"))


def test_a_short_lived_token_is_renewed_in_time(user: User) -> None:
    """Half of a life of six seconds is what counts, since no token could ever be good for the 240 that are asked."""
    user.emulator.configure(token_life=6)
    user.credentials(US1)
    tasks = (
        f"{TOKEN}{TOKEN}- ansible.builtin.wait_for: {{timeout: 4}}\n  delegate_to: localhost\n  run_once: true\n{TOKEN}"
    )
    run = user.play(tasks, hosts="localhost")
    tokens = run.ok().values("token")
    assert tokens[0] == tokens[1] != tokens[2]
    assert user.asked() == 2


def test_a_token_that_is_soon_due_is_renewed_once_for_many_hosts(user: User) -> None:
    user.credentials(US1)
    old = user.play(TOKEN).ok().value("token")
    assert set(user.play(TOKEN, hosts=3, env=later(1480)).ok().values("token")) == {old}
    assert user.asked() == 1
    user.emulator.fault("delay", seconds=1)
    run = user.play(TOKEN, "--forks=20", hosts=20, env=later(1550)).ok()
    # Who came while one was asking went on with the old token, which is good for min_ttl seconds yet.
    assert user.asked() == 2
    assert run.values("changed").count(True) == 1
    assert set(run.values("token")) <= {old, *(set(run.values("token")) - {old})}
    assert len(set(run.values("token"))) <= 2


def test_a_token_that_is_too_old_is_renewed_once_for_many_hosts(user: User) -> None:
    user.credentials(US1)
    old = user.play(TOKEN).ok().value("token")
    run = user.play(TOKEN, "--forks=20", hosts=20, env=later(1700)).ok()
    assert user.asked() == 2
    [new] = set(run.values("token"))
    assert new != old


@pytest.mark.parametrize(("min_ttl", "asked"), [("0", 1), ("100", 1), ("600", 2), ("1200", 2)])
def test_min_ttl(user: User, min_ttl: str, asked: int) -> None:
    user.credentials(US1)
    user.play(TOKEN).ok()
    user.play(TOKEN, "-e", f"falcon_min_ttl={min_ttl}", env=later(1450)).ok()
    assert user.asked() == asked


def test_a_clock_that_was_set_back_makes_a_token_useless_and_nothing_worse(user: User) -> None:
    user.credentials(US1)
    user.play(TOKEN, env=later(5000)).ok()
    user.play(TOKEN).ok()
    assert user.asked() == 2


@pytest.mark.brief
def test_ad_hoc_tells_what_happened(user: User) -> None:
    user.credentials(US1)
    user.write("hosts.ini", "localhost ansible_connection=local\n")
    command = ("ansible", "-i", "hosts.ini", "localhost", "-m", "falconops.auth.falcon_token", "-v")
    first, second = user.command(*command).wait().ok(), user.command(*command).wait().ok()
    assert first.says("issued by the API, valid until 20") == 1
    assert second.says("taken from the cache, valid until 20") == 1
    assert user.asked() == 1


def test_sessions_keep_tokens_apart(user: User) -> None:
    user.credentials(US1)
    tasks = TOKEN + TOKEN.replace("falcon_token:", "falcon_token: {session: pipeline-42}") + TOKEN
    first, second, third = user.play(tasks).ok().values("token")
    assert first != second == third
    assert user.asked() == 2

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the lookup does: terms and forms, and what does not reach it."""

from __future__ import annotations

import pytest

from emulator.cast import CHILD_A, US1, US1_OTHER, US2
from integration.harness import User
from integration.results import sentence


@pytest.mark.brief
def test_terms_are_names_of_stored_clients(user: User) -> None:
    clients = {"one": US1, "two": US2}
    stored = {name: {"client_id": it.client_id, "client_secret": it.client_secret} for name, it in clients.items()}
    user.vault("group_vars/all.yml", {"falcon_clients": stored})
    tasks = """
    - dump:
        each: "{{ query('falconops.auth.falcon_token', 'one', 'two', 'one') }}"
        joined: "{{ lookup('falconops.auth.falcon_token', 'one', 'two') }}"
        wantlist: "{{ lookup('falconops.auth.falcon_token', 'one', wantlist=true) }}"
        clouds: "{{ query('falconops.auth.falcon_token', *names, format='auth') | map(attribute='cloud') | list }}"
        by_name: "{{ lookup('falconops.auth.falcon_token', client='two') }}"
        of_variables: "{{ lookup('falconops.auth.falcon_token') }}"
      vars: {falcon_client: one, names: [one, two]}
    """
    run = user.play(tasks).ok()
    one, two, again = run.value("each")
    assert one == again == run.value("of_variables") and two == run.value("by_name")
    assert run.value("joined") == f"{one},{two}" and run.value("wantlist") == [one]
    assert run.value("clouds") == ["us-1", "us-2"]
    assert user.asked(status=201) == 2


def test_every_option_of_the_client_as_an_argument(user: User) -> None:
    user.credentials(US1_OTHER, real_id=US1.client_id, real_secret=US1.client_secret)
    tasks = f"""
    - falconops.auth.falcon_token:
        client_id: "{{{{ real_id }}}}"
        client_secret: "{{{{ real_secret }}}}"
        member_cid: {CHILD_A}
        session: night
        cloud: us-1
      register: falcon
    - dump:
        task: "{{{{ falcon.access_token }}}}"
        lookup: "{{{{ lookup('falconops.auth.falcon_token', client_id=real_id, client_secret=real_secret,
          member_cid='{CHILD_A.upper()}-AB', session='night', hostname='https://api.crowdstrike.com') }}}}"
    """
    run = user.play(tasks).ok()
    assert run.value("task") == run.value("lookup")
    assert user.asked() == 1


def test_module_defaults_and_the_environment_keyword_do_not_reach_it(user: User) -> None:
    user.credentials(US2, falcon_cache=False)
    play = "module_defaults: {group/falconops.auth.falcon: {cloud: us-3}}\nenvironment: {FALCON_CLOUD: us-3}"
    user.play("- dump: {token: \"{{ lookup('falconops.auth.falcon_token') }}\"}", play=play).ok()
    assert user.emulator.requests()[0]["host"] == "api.crowdstrike.com"


def test_without_the_cache_each_evaluation_asks(user: User) -> None:
    user.credentials(US1)
    tasks = """
    - dump:
        one: "{{ lookup('falconops.auth.falcon_token', cache=false) }}"
        two: "{{ lookup('falconops.auth.falcon_token', cache=false) }}"
    """
    run = user.play(tasks).ok()
    assert run.value("one") != run.value("two")
    assert user.asked() == 2 and user.entries() == []


def test_without_the_cache_each_host_asks(user: User) -> None:
    user.credentials(US1, falcon_cache=False)
    run = user.play("- dump: {token: \"{{ lookup('falconops.auth.falcon_token') }}\"}", "--forks=5", hosts=15).ok()
    assert len(set(run.values("token"))) == user.asked() == 15


def test_errors_can_be_ignored_as_of_any_lookup(user: User) -> None:
    tasks = """
    - dump: {ignored: "{{ lookup('falconops.auth.falcon_token', errors='ignore') | default('none', true) }}"}
    - debug: {msg: "{{ lookup('falconops.auth.falcon_token', 'x') }}"}
      register: failed
      ignore_errors: true
    - dump: {failed: "{{ failed }}"}
    """
    run = user.play(tasks).ok()
    assert run.value("ignored") == "none"
    assert "no clients are known" in sentence(run.value("failed"))


def test_a_template_file_and_a_conditional(user: User) -> None:
    user.credentials(US1)
    user.write("header.j2", "Authorization: {{ lookup('falconops.auth.falcon_token', format='bearer') }}\n")
    tasks = """
    - dump: {header: "{{ lookup('ansible.builtin.template', 'header.j2') | trim }}"}
    - dump: {seen: true}
      when: lookup('falconops.auth.falcon_token') is match('eyJ')
    """
    run = user.play(tasks).ok()
    assert run.value("header").startswith("Authorization: Bearer eyJ") and run.value("seen")
    assert user.asked() == 1

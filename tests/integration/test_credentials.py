# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials out of Ansible Vault, in every way in which users keep them."""

from __future__ import annotations

import pytest

from emulator.cast import CHILD_A, GOV1, US1, US1_OTHER, US2
from integration.harness import User
from integration.results import same_for_both_doors, sentence

# The lookup first: it must not live on what the task leaves in the context.
BOTH = """
- dump: {lookup: "{{ lookup('falconops.auth.falcon_token') }}"}
- falconops.auth.falcon_token:
  register: falcon
- dump: {result: "{{ falcon }}"}
"""


def stored(**clients: object) -> dict[str, dict[str, str]]:
    """A dict of stored clients from API clients of the emulator."""
    return {
        name: {"client_id": client.client_id, "client_secret": client.client_secret}  # type: ignore[attr-defined]
        for name, client in clients.items()
    }


def clients_by_value(user: User) -> str:
    """Two stored clients whose secrets are vaulted one by one."""
    text = ""
    for name, client in {"production": US1, "staging": US2}.items():
        secret = user.ansible.encrypt_value(client.client_secret)
        text += f"{name}:\n  client_id: {client.client_id}\n  client_secret: {secret}\n"
    return text


@pytest.mark.brief
def test_a_vars_file_that_is_vaulted_as_a_whole(user: User) -> None:
    user.vault("secrets.yml", {"falcon_client_id": US1.client_id, "falcon_client_secret": US1.client_secret})
    run = user.play(BOTH, play="vars_files: [secrets.yml]").ok()
    assert user.asked() == 1
    assert run.value("result")["access_token"] == run.value("lookup")
    user.play(BOTH, "-e", "@secrets.yml").ok()
    assert user.asked() == 1


@pytest.mark.brief
def test_single_vaulted_values_in_a_clear_vars_file(user: User) -> None:
    client_id, secret = (user.ansible.encrypt_value(value) for value in (US1.client_id, US1.client_secret))
    user.write("group_vars/all.yml", f"falcon_client_id: {client_id}\nfalcon_client_secret: {secret}\n")
    run = user.play(BOTH).ok()
    assert user.asked() == 1
    assert run.value("result")["client_id"] == US1.client_id


def test_variables_that_reference_vaulted_variables(user: User) -> None:
    secret = user.ansible.encrypt_value(US1.client_secret)
    user.write(
        "group_vars/all/clear.yml", "falcon_client_id: '{{ vault_id }}'\nfalcon_client_secret: '{{ vault_a }}'\n"
    )
    user.write("group_vars/all/values.yml", f"vault_a: '{{{{ vault_b }}}}'\nvault_b: {secret}\n")
    user.vault("group_vars/all/vault.yml", {"vault_id": US1.client_id})
    run = user.play(BOTH).ok()
    assert user.asked() == 1
    assert run.value("result")["access_token"] == run.value("lookup")


def test_arguments_that_reference_vaulted_variables(user: User) -> None:
    user.vault("group_vars/all.yml", {"vault_id": US1.client_id})
    user.write("host_vars/localhost.yml", f"vault_secret: {user.ansible.encrypt_value(US1.client_secret)}\n")
    tasks = """
    - dump:
        lookup: "{{ lookup('falconops.auth.falcon_token', client_id=vault_id, client_secret=vault_secret) }}"
        alias: "{{ lookup('falconops.auth.falcon_token', **aliases) }}"
      vars: {aliases: {falcon_client_id: "{{ vault_id }}", falcon_client_secret: "{{ vault_secret }}"}}
    - falconops.auth.falcon_token:
        client_id: "{{ vault_id }}"
        client_secret: "{{ vault_secret }}"
      register: one
    - falconops.auth.falcon_token:
        falcon_client_id: "{{ vault_id }}"
        falcon_client_secret: "{{ vault_secret }}"
      register: two
    - dump: {one: "{{ one.access_token }}", two: "{{ two.access_token }}"}
    """
    run = user.play(tasks).ok()
    assert user.asked() == 1
    assert run.value("lookup") == run.value("alias") == run.value("one") == run.value("two")


def test_the_environment(user: User) -> None:
    env = {"FALCON_CLIENT_ID": US1.client_id, "FALCON_CLIENT_SECRET": US1.client_secret}
    run = user.play(BOTH, env=env).ok()
    assert user.asked() == 1
    assert run.value("result")["client_id"] == US1.client_id


def test_id_and_secret_may_come_from_different_places(user: User) -> None:
    user.vault("group_vars/all.yml", {"falcon_client_secret": US1.client_secret})
    user.play(BOTH, env={"FALCON_CLIENT_ID": US1.client_id}).ok()
    user.vault("group_vars/all.yml", {"falcon_client_id": US1_OTHER.client_id})
    user.play(BOTH, env={"FALCON_CLIENT_SECRET": US1_OTHER.client_secret}).ok()
    assert [request["client_id"] for request in user.emulator.requests()] == [US1.client_id, US1_OTHER.client_id]


@pytest.mark.brief
def test_stored_clients_in_vaulted_variables(user: User) -> None:
    clients = stored(production=US1, staging=US2)
    clients["staging"] |= {"client_secret": "{{ vault_staging }}", "cloud": "us-2"}
    user.vault("group_vars/all/clients.yml", {"falcon_clients": clients})
    user.write("group_vars/all/staging.yml", f"vault_staging: {user.ansible.encrypt_value(US2.client_secret)}\n")
    tasks = """
    - dump: {lookup: "{{ query('falconops.auth.falcon_token', 'production', 'staging') }}"}
    - falconops.auth.falcon_token:
        client: "{{ item }}"
      loop: [production, staging]
      register: falcon
    - dump: {results: "{{ falcon.results }}"}
    """
    run = user.play(tasks).ok()
    results = run.value("results")
    assert [(result["client"], result["cloud"]) for result in results] == [("production", "us-1"), ("staging", "us-2")]
    assert [result["access_token"] for result in results] == run.value("lookup")
    # The stored cloud is asked at once, so that nobody was redirected.
    assert [request["host"] for request in user.emulator.requests()] == [
        "api.crowdstrike.com",
        "api.us-2.crowdstrike.com",
    ]


def test_single_vaulted_values_in_a_dict_of_stored_clients(user: User) -> None:
    text = "falcon_clients:\n" + "".join(f"  {line}\n" for line in clients_by_value(user).splitlines())
    user.write("group_vars/all.yml", text)
    run = user.play(BOTH, play="vars: {falcon_client: production}").ok()
    assert user.asked() == 1
    assert run.value("result")["client"] == "production"


@pytest.mark.parametrize("form", ["whole", "by value"])
def test_a_clients_file(user: User, form: str) -> None:
    if form == "whole":
        user.vault("vault/clients.yml", stored(production=US1, staging=US2))
    else:
        user.write("vault/clients.yml", clients_by_value(user))
    by_argument = """
    - dump: {lookup: "{{ lookup('falconops.auth.falcon_token', 'production', clients_file='vault/clients.yml') }}"}
    - falconops.auth.falcon_token: {client: production, clients_file: vault/clients.yml}
      register: falcon
    - dump: {result: "{{ falcon }}"}
    """
    first = user.play(by_argument).ok()
    token = first.value("lookup")
    assert first.value("result")["access_token"] == token
    named = user.play(BOTH, play="vars: {falcon_client: production, falcon_clients_file: vault/clients.yml}").ok()
    env = {"FALCON_CLIENT": "production", "FALCON_CLIENTS_FILE": str(user.project / "vault" / "clients.yml")}
    from_environment = user.play(BOTH, env=env).ok()
    assert {named.value("lookup"), from_environment.value("lookup")} == {token}
    assert from_environment.value("result")["client"] == "production"
    assert user.asked() == 1


def test_a_loop_over_clients_and_members(user: User) -> None:
    user.vault("clients.yml", stored(production=US1, other=US1_OTHER))
    tasks = f"""
    - falconops.auth.falcon_token:
        client: "{{{{ item.0 }}}}"
        member_cid: "{{{{ item.1 }}}}"
      loop: "{{{{ ['production', 'other'] | product(['', '{CHILD_A}']) | list }}}}"
      register: falcon
    - dump: {{results: "{{{{ falcon.results }}}}"}}
    """
    run = user.play(tasks, "--forks=4", play="vars: {falcon_clients_file: clients.yml}", hosts=4).ok()
    assert user.asked() == 4
    for results in run.values("results"):
        assert len({result["access_token"] for result in results}) == 4
        assert [result["member_cid"] for result in results] == [None, CHILD_A] * 2


@pytest.mark.brief
def test_what_a_stored_client_says_beats_what_stands_at_lower_levels(user: User) -> None:
    """The vendor's role sets falcon_cloud: us-1 by default, and government clouds send nobody on."""
    clients = stored(gov=GOV1)
    clients["gov"]["cloud"] = "us-gov-1"
    user.vault("group_vars/all.yml", {"falcon_clients": clients, "falcon_cloud": "us-1"})
    tasks = """
    - dump: {auth: "{{ lookup('falconops.auth.falcon_token', 'gov', format='auth') }}"}
    - falconops.auth.falcon_token: {client: gov}
      register: falcon
    - dump: {cloud: "{{ falcon.cloud }}"}
    - falconops.auth.falcon_token: {client: gov, cloud: us-2}
      register: higher
      check_mode: true
    - dump: {higher: "{{ higher.cloud }}"}
    """
    run = user.play(tasks).ok()
    assert run.value("auth")["cloud"] == run.value("cloud") == "us-gov-1"
    assert run.value("higher") == "us-2"
    assert user.asked() == 1


@pytest.mark.brief
@pytest.mark.parametrize("password", ["wrong", "none"])
def test_without_the_vault_password_a_sentence_says_so(user: User, password: str) -> None:
    user.vault("whole.yml", stored(production=US1))
    user.write("values.yml", clients_by_value(user))
    user.write(
        "group_vars/all.yml",
        f"""\
        falcon_client_id: {US1.client_id}
        falcon_client_secret: {user.ansible.encrypt_value(US1.client_secret)}
        """,
    )
    user.write("wrong-password", "staple battery")
    env = {"ANSIBLE_VAULT_PASSWORD_FILE": "wrong-password" if password == "wrong" else None}
    tasks = "".join(
        f"""
    - falconops.auth.falcon_token: {{{arguments}}}
      register: task
      ignore_errors: true
    - debug: {{msg: "{{{{ lookup('falconops.auth.falcon_token', **{{{quoted}}}) }}}}"}}
      register: looked_up
      ignore_errors: true
    - dump: {{task: "{{{{ task }}}}", lookup: "{{{{ looked_up }}}}"}}
    """
        for arguments, quoted in (
            ("client: production, clients_file: whole.yml", "'client': 'production', 'clients_file': 'whole.yml'"),
            ("client: production, clients_file: values.yml", "'client': 'production', 'clients_file': 'values.yml'"),
            ("", ""),
        )
    )
    run = user.play(tasks, env=env).ok()
    said, by_lookup = (
        [same_for_both_doors(sentence(result)) for result in run.values(of)] for of in ("task", "lookup")
    )
    assert said == by_lookup
    reason = "no vault secrets found" if password == "none" else "Decryption failed"
    assert all(reason.lower() in text.lower() for text in said), said
    whole, by_value, variable = said
    assert "whole.yml" in whole and "vault password" in whole
    assert "production" in by_value and "vault password" in by_value
    assert "client_secret" in variable
    assert user.asked() == 0


def test_a_vaulted_vars_file_without_its_password_is_ansibles_own_sentence(user: User) -> None:
    user.credentials(US1)
    user.play(BOTH, env={"ANSIBLE_VAULT_PASSWORD_FILE": None}).failed()
    assert user.asked() == 0

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input: before anything is sent, a sentence names the option and where its value came from, at both doors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.cast import GOV1, US1, US2, WRONG_SECRET
from integration.bad_input import CASES, SECRETS, Case
from integration.harness import User
from integration.lives import dump, get, info, pair, revoke
from integration.results import same_for_both_doors, sentence


def tasks_of(number: int, case: Case) -> list[dict[str, Any]]:
    """The same at both doors. Each case has a store of its own: one that is let through must not help another."""
    variables = {"falcon_cache_prefix": f"case_{number}_", **case.variables}
    return [
        {
            "falconops.auth.falcon_token": case.arguments,
            "vars": variables,
            "register": "tried",
            "ignore_errors": True,
        },
        {
            "ansible.builtin.debug": {"msg": "{{ lookup('falconops.auth.falcon_token', **given) | length }}"},
            "vars": {**variables, "given": case.arguments},
            "register": "looked_up",
            "ignore_errors": True,
        },
        {"dump": {f"task {number}": "{{ tried }}", f"lookup {number}": "{{ looked_up }}"}},
    ]


def files(user: User) -> None:
    clients = {"production": US1, "eu": US2}
    stored = {name: {"client_id": one.client_id, "client_secret": one.client_secret} for name, one in clients.items()}
    for name in SECRETS:
        user.secret(SECRETS[name].strip())
    user.credentials(US1, falcon_clients=stored, bad=SECRETS)
    # Marked as unsafe, a template is a value like any other.
    user.write("unrendered.yml", "unrendered: !unsafe '{{ vault_secret }}'\n")
    user.write("not-yaml.yml", f"production: [\n  client_secret: '{WRONG_SECRET}\n", clear=True)
    user.write("list.yml", "- production\n")
    user.write("empty.yml", "")
    good = stored["production"]
    user.vault("clients.yml", {
        "typo": {"client_id": good["client_id"], "secret": good["client_secret"]},
        "half": {"client_id": good["client_id"]},
        "text": "production",
        "twofold": {**good, "cloud": "us-1", "hostname": "https://api.crowdstrike.com"},
        "nowhere": {**good, "cloud": "nowhere"},
        "list": {**good, "client_id": [good["client_id"]]},
    })  # fmt: skip


@pytest.mark.brief
def test_each_is_one_sentence_at_both_doors_and_nothing_is_sent(user: User) -> None:
    files(user)
    tasks = [task for number, case in enumerate(CASES.values()) for task in tasks_of(number, case)]
    play = {"hosts": "all", "gather_facts": False, "vars_files": ["unrendered.yml"], "tasks": tasks}
    run = user.playbook(json.dumps([play], indent=1)).ok()
    wrong = []
    for number, (name, case) in enumerate(CASES.items()):
        task, lookup = run.value(f"task {number}"), run.value(f"lookup {number}")
        if not (task.get("failed") and lookup.get("failed")):
            wrong.append(f"{name}: was let through")
            continue
        said, looked_up = same_for_both_doors(sentence(task)), same_for_both_doors(sentence(lookup))
        wrong += [f"{name}: the lookup says {looked_up!r}, the task {said!r}"] * (said != looked_up)
        wrong += [f"{name}: no {words!r} in {said!r}" for words in case.says if words not in said]
        wrong += [f"{name}: {said!r} is a fault of ours"] * ("has a fault" in said)
    assert not wrong, "\n".join(wrong)
    assert user.emulator.requests() == [] == user.emulator.connects()


@pytest.mark.brief
def test_no_credentials_at_all_lists_each_place_that_was_looked_at(user: User) -> None:
    run = user.playbook(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks_of(0, Case(()))}])).ok()
    said = sentence(run.value("task 0"))
    assert said == sentence(run.value("lookup 0"))
    for place in ("arguments", "falcon_client_id", "FALCON_CLIENT_ID", "context of host localhost", "run_once"):
        assert place in said
    assert user.emulator.connects() == []


# One of each kind: all modules check their options in the same place.
OF_ALL_MODULES = (
    "id too short",
    "member in a variable",
    "cloud unknown",
    "cloud and hostname",
    "hostname over http",
    "client unknown",
    "client and client_id",
    "clients file missing",
    "stored client without a secret",
    "session with white space",
    "timeout not a number",
    "cache_prefix with a path",
    "secret with tab",
    "secret in a variable",
    "secret not rendered",
)
OF_THEIR_OWN = {
    "all and a token": (revoke, ("all and access_token were both given",), {"access_token": "x" * 40, "all": True}),
    "no token to revoke": (revoke, ("access_token (argument)", "is not a token"), {"access_token": "Bearer x"}),
    "no token to ask about": (info, ("access_token (argument)", "is not a token"), {"access_token": "x\ty"}),
    "a token as a list": (revoke, ("access_token (argument)", "must be a string"), {"access_token": ["x"]}),
    "all as a word": (revoke, ("all (argument)", "true or false"), {"all": "perhaps"}),
    "verify as a word": (info, ("verify (argument)", "true or false"), {"verify": "perhaps"}),
    "query as a mapping": (info, ("query (argument)", "must be a string"), {"query": {"a": "b"}}),
    "argument of falcon_token": (revoke, ("Unsupported argument", "force", "access_token, all"), {"force": True}),
    "argument of nobody": (info, ("Unsupported argument", "verfy", "verify"), {"verfy": True}),
}


@pytest.mark.brief
def test_revoke_and_info_say_the_same_and_send_nothing(user: User) -> None:
    files(user)
    tasks = []
    for number, name in enumerate(OF_ALL_MODULES):
        first, *_unused, last = tasks_of(number, CASES[name])
        for module in ("falcon_token_revoke", "falcon_token_info"):
            given = first["falconops.auth.falcon_token"]
            other = {f"falconops.auth.{module}": given, **first, "register": module}
            del other["falconops.auth.falcon_token"]
            tasks.append(other)
        names = {
            "task": "tried",
            "falcon_token_revoke": "falcon_token_revoke",
            "falcon_token_info": "falcon_token_info",
        }
        tasks += [first, {"dump": {f"{key} {number}": f"{{{{ {value} }}}}" for key, value in names.items()}}]
    play = {"hosts": "all", "gather_facts": False, "vars_files": ["unrendered.yml"], "tasks": tasks}
    run = user.playbook(json.dumps([play], indent=1)).ok()
    for number, name in enumerate(OF_ALL_MODULES):
        said = sentence(run.value(f"task {number}"))
        for module in ("falcon_token_revoke", "falcon_token_info"):
            assert (name, sentence(run.value(f"{module} {number}"))) == (name, said)

    assert user.emulator.requests() == [] == user.emulator.connects()

    own = list(OF_THEIR_OWN.values())
    names = [f"tried{number}" for number in range(len(own))]
    tasks = "".join(task(name, **given) for name, (task, _unused, given) in zip(names, own, strict=True))
    run = user.play(get("before") + tasks + get("after") + dump(*names, "before", "after")).ok()
    for name, (_unused, words, _unused) in zip(names, own, strict=True):
        said = same_for_both_doors(sentence(run.value(name)))
        assert all(word in said for word in words) and "has a fault" not in said, said
    # Nothing is lost by it.
    assert run.value("after")["access_token"] == run.value("before")["access_token"]
    assert len(user.emulator.requests()) == len(user.emulator.live_tokens()) == 1


def test_a_refusal_tells_that_a_variable_beat_the_cloud_of_the_stored_client(user: User) -> None:
    """The vendor's role sets falcon_cloud by default, and a government cloud is found by nobody who asks another."""
    clients = {"government": {**pair(GOV1), "cloud": "us-gov-1"}}
    user.vault("group_vars/all.yml", {"falcon_clients": clients, "falcon_client": "government", "falcon_cloud": "us-1"})
    both = tasks_of(0, Case(()))
    there = {**both[0], "delegate_to": "bastion", "register": "there"}
    tasks = [*both, there, {"dump": {"there": "{{ there }}"}}]
    hosts = "h1\nbastion ansible_connection=bastion ansible_python_interpreter='{{ ansible_playbook_python }}'\n"
    text = json.dumps([{"hosts": "h1", "gather_facts": False, "tasks": tasks}])
    run = user.playbook(text, hosts=hosts).ok()
    for name in ("task 0", "lookup 0", "there"):
        said = sentence(run.value(name))
        assert "403" in said and "client 'government'" in said
        assert said.endswith(
            "; mind that cloud (variable falcon_cloud) beats cloud us-gov-1 of the stored client 'government'."
        )


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("FALCON_CLIENT_ID", "nonsense", "32 hexadecimal digits"),
        ("FALCON_CLOUD", "mars", "us-gov-2"),
        ("FALCON_HOSTNAME", "http://192.0.2.1", "must begin with https://"),
        ("FALCON_MEMBER_CID", "child", "customer id"),
        ("FALCON_TIMEOUT", "soon", "whole number"),
        ("FALCON_CLIENT", "unheard-of", "no clients are known"),
    ],
)
def test_the_environment_is_named_as_well(user: User, name: str, value: str, says: str) -> None:
    env = {"FALCON_CLIENT_ID": US1.client_id, "FALCON_CLIENT_SECRET": US1.client_secret, name: value}
    if name == "FALCON_CLIENT":
        env = {name: value}
    text = json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks_of(0, Case(()))}])
    run = user.playbook(text, env=env).ok()
    said = sentence(run.value("task 0"))
    assert said == sentence(run.value("lookup 0"))
    assert f"environment variable {name}" in said and says in said
    assert user.emulator.connects() == []


def test_ansible_cfg_is_named_as_well(user: User) -> None:
    user.credentials(US1)
    user.write("ansible.cfg", "[falconops_auth]\ncache = perhaps\n")
    text = json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks_of(0, Case(()))}])
    said = sentence(user.playbook(text).ok().value("task 0"))
    assert "cache ([falconops_auth] of" in said and "ansible.cfg" in said and "true or false" in said


def test_an_ansible_cfg_in_another_encoding_is_a_sentence(user: User) -> None:
    user.credentials(US1)
    user.write("ansible.cfg", "").write_bytes(b"[falconops_auth]\ncache_prefix = t\xf6ken_\n")
    text = json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks_of(0, Case(()))}])
    assert "has a fault" not in user.playbook(text).ok().output


@pytest.mark.brief
def test_an_option_in_a_hosts_facts_is_refused(user: User) -> None:
    user.credentials(US1)
    fact = {"ansible.builtin.set_fact": {"falcon_hostname": "https://evil.example.com", "cacheable": True}}
    text = json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [fact, *tasks_of(0, Case(()))]}])
    run = user.playbook(text).ok()
    said = sentence(run.value("task 0"))
    assert said == sentence(run.value("lookup 0"))
    assert "falcon_hostname stands among the facts of host localhost" in said
    assert user.emulator.connects() == []


def test_a_variable_that_set_fact_does_not_cache_is_a_variable_like_any_other(user: User) -> None:
    user.credentials(US1)
    tasks = "- ansible.builtin.set_fact: {falcon_session_name: of-a-fact}\n- falconops.auth.falcon_token:"
    user.play(tasks).ok()
    assert user.asked() == 1


def test_a_term_and_a_client_of_a_lookup_are_one_too_many(user: User) -> None:
    user.credentials(US1)
    tasks = "- debug: {msg: \"{{ lookup('falconops.auth.falcon_token', 'a', client='b') }}\"}"
    assert user.play(tasks).failed().says("both as a term and as client") >= 1


def test_an_unknown_format_of_a_lookup_lists_the_known_ones(user: User) -> None:
    user.credentials(US1)
    run = user.play("- debug: {msg: \"{{ lookup('falconops.auth.falcon_token', format='jwt') }}\"}").failed()
    assert run.says("format (argument of the lookup)") >= 1 and run.says("token, bearer, headers, auth") >= 1
    assert user.asked() == 0

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The context: credentials and choice given once serve the rest of the run for their host, and nobody else."""

from __future__ import annotations

import json
from textwrap import indent

import pytest

from emulator.cast import CHILD_A, CHILD_B, US1, US1_OTHER, US2
from emulator.world import ApiClient
from integration.harness import User
from integration.lives import dump, get, info, revoke
from integration.results import sentence
from integration.servers import Redis

ONCE = """
- name: Credentials stand in this task and nowhere else
  register: first
  falconops.auth.falcon_token:
    client_id: "{{ only_id }}"
    client_secret: "{{ only_secret }}"
"""
AFTER = """
- falconops.auth.falcon_token:
  register: later
- dump:
    first: "{{ first.access_token }}"
    later: "{{ later.access_token }}"
    lookup: "{{ lookup('falconops.auth.falcon_token') }}"
"""
TRY = """
- falconops.auth.falcon_token:
  register: tried
  ignore_errors: true
- debug: {msg: "{{ lookup('falconops.auth.falcon_token') | length }}"}
  register: looked_up
  ignore_errors: true
- dump: {tried: "{{ tried }}", looked_up: "{{ looked_up }}"}
"""
# On this machine, so that they can be asked for facts.
LOCAL = "ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'"


def elsewhere(user: User, client: ApiClient = US1) -> None:
    """The client in vaulted variables that are none of the collection's."""
    user.vault("group_vars/all.yml", {"only_id": client.client_id, "only_secret": client.client_secret})


@pytest.mark.brief
def test_credentials_of_one_task_serve_the_run_and_not_the_next(user: User) -> None:
    user.persistent_facts()
    elsewhere(user)
    run = user.play(ONCE + AFTER, hosts=3).ok()
    assert user.asked() == 1
    assert len(set(run.values("first") + run.values("later") + run.values("lookup"))) == 1

    next_run = user.play(TRY, hosts=3).ok()
    said = [sentence(result) for result in next_run.values("tried") + next_run.values("looked_up")]
    assert all(text.startswith("There are no Falcon credentials") for text in said), said
    assert "the context of host h1 is not set in this run" in sentence(next_run.by_host("tried")["h1"])
    assert user.asked() == 1


@pytest.mark.brief
def test_void_in_the_next_run_with_facts_in_redis(user: User, redis: Redis) -> None:
    """What was ever written there is searched for secrets and tokens as well."""
    user.environment |= redis.fact_cache
    elsewhere(user)
    run = user.play(ONCE + AFTER, hosts=3, play="strategy: free").ok()
    assert user.asked() == 1
    assert len(set(run.values("first") + run.values("later") + run.values("lookup"))) == 1
    [facts] = [key for key in redis.entries() if key.startswith("ansible_facts") and key.endswith("h1")]
    assert "falcon_context" in redis.ask("GET", facts)
    # The token lies there, too, beside the facts.
    assert user.entries() == [] and any(key.startswith("falconops_auth_") for key in redis.entries())

    next_run = user.play(TRY + ONCE + dump("first"), hosts=3, play="strategy: host_pinned").ok()
    for host, tried in next_run.by_host("tried").items():
        assert f"the context of host {host} is not set in this run" in sentence(tried)
        assert f"the context of host {host} is not set in this run" in sentence(next_run.by_host("looked_up")[host])
    assert {each["access_token"] for each in next_run.values("first")} == set(run.values("first"))
    assert user.asked() == 1


@pytest.mark.brief
def test_the_whole_life_with_each_strategy(user: User) -> None:
    """A token for each host, so that none waits for another. What fails is ignored, so that `debug` asks nothing."""
    elsewhere(user)
    strategies = ("linear", "free", "host_pinned", "debug")
    who = {"client_id": "{{ only_id }}", "client_secret": "{{ only_secret }}"}
    life = get("first", **who, session="{{ inventory_hostname }}") + info("status") + get("later")
    life += revoke("gone") + TRY + info("after")
    names = ("first", "status", "later", "gone", "tried", "looked_up", "after")
    told = json.dumps({name: f"{{{{ {name} }}}}" for name in names})
    text = "".join(
        f"- hosts: all\n  strategy: {strategy}\n  gather_facts: false\n  tasks:\n"
        + indent(f"{life}- dump: {{{strategy}: {told}}}\n", "    ")
        for strategy in strategies
    )
    run = user.playbook(text, hosts=3).ok()
    for strategy in strategies:
        assert len(run.by_host(strategy)) == 3
        for host, told in run.by_host(strategy).items():
            assert told["status"]["token"] and told["status"]["session"] == told["first"]["session"] == host
            assert told["later"]["access_token"] == told["first"]["access_token"]
            assert [one["session"] for one in told["gone"]["revoked"]] == [host]
            for failed in (sentence(told["tried"]), sentence(told["looked_up"]), told["after"]["msg"]):
                assert f"the context of host {host} was cleared by falcon_token_revoke" in failed
    assert user.asked() == len(strategies) * 3 and user.emulator.live_tokens() == []


@pytest.mark.brief
def test_facts_that_are_gathered_delegated_and_cleared(user: User) -> None:
    user.persistent_facts()
    elsewhere(user)
    hosts = "".join(f"{name} {LOCAL}\n" for name in ("h1", "h2"))
    gather = "gather_facts: true\n  gather_subset: ['!all', '!min', pkg_mgr]"
    text = f"""\
- hosts: h1
  gather_facts: false
  tasks:
    - name: The facts of this task are those of another host
      falconops.auth.falcon_token: {{client_id: "{{{{ only_id }}}}", client_secret: "{{{{ only_secret }}}}"}}
      delegate_to: h2
      delegate_facts: true
      register: first
- hosts: all
  {gather}
  tasks:
{indent(TRY, "    ")}
- hosts: h2
  gather_facts: false
  tasks:
    - ansible.builtin.setup: {{gather_subset: ['!all', '!min', pkg_mgr]}}
    - dump: {{gathered: "{{{{ ansible_facts.pkg_mgr }}}}", lookup: "{{{{ lookup('falconops.auth.falcon_token') }}}}"}}
    - dump: {{first: "{{{{ hostvars.h1.first.access_token }}}}"}}
    - ansible.builtin.meta: clear_facts
{indent(TRY.replace("tried", "tried_then").replace("looked_up", "looked_up_then"), "    ")}
- hosts: h2
  gather_facts: false
  tasks:
{indent(ONCE, "    ")}
"""
    run = user.playbook(text, hosts=hosts).ok()
    assert run.value("lookup") == run.value("first") == run.by_host("tried")["h2"]["access_token"]
    assert "the context of host h1 is not set in this run" in sentence(run.by_host("tried")["h1"])
    for name in ("tried_then", "looked_up_then"):
        assert "the context of host h2 is not set in this run" in sentence(run.value(name))
    assert user.asked() == 1

    # The facts of the run before are there, so that none are gathered.
    tasks = "- dump: {facts: '{{ ansible_facts }}'}\n" + TRY
    head = f"- hosts: h2\n  {gather}\n  tasks:\n"
    next_run = user.playbook(head + indent(tasks, "    "), hosts=hosts, env={"ANSIBLE_GATHERING": "smart"}).ok()
    assert next_run.value("facts")["falcon_context"]["sealed"]
    assert "the context of host h2 is not set in this run" in sentence(next_run.value("tried"))
    assert user.asked() == 1


def test_the_context_is_that_of_one_host(user: User) -> None:
    elsewhere(user)
    tasks = f"{ONCE}  when: inventory_hostname == 'h1'\n{TRY}"
    run = user.play(tasks, hosts=2).ok()
    assert "access_token" in run.by_host("tried")["h1"]
    assert "context of host h2 is not set" in sentence(run.by_host("tried")["h2"])
    assert "context of host h2 is not set" in sentence(run.by_host("looked_up")["h2"])
    assert user.asked() == 1


@pytest.mark.brief
def test_run_once_gives_it_to_every_host(user: User) -> None:
    elsewhere(user)
    run = user.play(f"{ONCE}  run_once: true\n{AFTER}", hosts=5).ok()
    assert len(run.values("lookup")) == 5
    assert len(set(run.values("later") + run.values("lookup"))) == 1
    assert user.asked() == 1


def test_the_next_play_and_included_tasks_have_it_too(user: User) -> None:
    elsewhere(user)
    user.write("included.yml", AFTER)
    playbook = """\
- hosts: all
  gather_facts: false
  tasks:
    - falconops.auth.falcon_token: {client_id: "{{ only_id }}", client_secret: "{{ only_secret }}"}
      register: first
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.include_tasks: included.yml
"""
    run = user.playbook(playbook).ok()
    assert run.value("first") == run.value("later") == run.value("lookup")
    assert user.asked() == 1


@pytest.mark.brief
def test_the_fact_tells_the_choice_and_nothing_of_the_client(user: User) -> None:
    facts = user.persistent_facts()
    elsewhere(user)
    tasks = f"{ONCE}    member_cid: {CHILD_A}\n    session: night\n"
    run = user.play(f"{tasks}- dump: {{fact: '{{{{ ansible_facts.falcon_context }}}}', token: '{{{{ first }}}}'}}").ok()
    fact = run.value("fact")
    assert {name: fact[name] for name in fact if name != "sealed"} == {
        "client": None,
        "cloud": "us-1",
        "hostname": "https://api.crowdstrike.com",
        "member_cid": CHILD_A,
        "session": "night",
    }
    lying = json.dumps(fact) + "".join(path.read_text() for path in facts.iterdir() if path.is_file())
    assert US1.client_id not in lying
    assert run.value("token")["access_token"] not in lying


@pytest.mark.brief
def test_a_changed_context_is_void(user: User) -> None:
    changes = (
        "{'sealed': fact.sealed[:60] + ('B' if fact.sealed[60] == 'A' else 'A') + fact.sealed[61:]}",
        "{'member_cid': '" + CHILD_B + "'}",
        "{'cloud': 'us-2', 'hostname': 'https://api.us-2.crowdstrike.com'}",
        "{'sealed': ''}",
        "{'sealed': 7}",
        "{'another': 1}",
    )
    elsewhere(user)
    tasks = ONCE + "- set_fact: {fact: '{{ ansible_facts.falcon_context }}'}\n"
    for change in changes:
        changed = {"falcon_context": f"{{{{ fact | combine({change}) }}}}", "cacheable": True}
        tasks += f"- set_fact: {json.dumps(changed)}\n{TRY}"
    # The same by the same way, but as it was.
    tasks += "- set_fact: {falcon_context: '{{ fact }}', cacheable: true}\n" + get("unchanged") + dump("unchanged")
    run = user.play(tasks).ok()
    assert len(run.values("tried")) == len(run.values("looked_up")) == len(changes)
    for result in run.values("tried") + run.values("looked_up"):
        assert "the context of host localhost is not set in this run" in sentence(result)
    assert run.value("unchanged")["cached"] and user.asked() == 1


def test_the_context_of_an_earlier_run_moves_nothing(user: User) -> None:
    elsewhere(user)
    save = "- dump: {fact: '{{ ansible_facts.falcon_context }}'}"
    old = user.play(ONCE + save).ok().value("fact")
    user.write("old.json", json.dumps({"old": old}))
    user.credentials(US1_OTHER)
    tasks = f"""
- ansible.builtin.set_fact: {{falcon_context: "{{{{ old }}}}", cacheable: true}}
{TRY}"""
    run = user.play(tasks, "-e", "@old.json").ok()
    assert run.value("tried")["client_id"] == US1_OTHER.client_id


def test_a_context_that_is_no_mapping_is_void(user: User) -> None:
    tasks = f"- ansible.builtin.set_fact: {{falcon_context: [1, 2], cacheable: true}}\n{TRY}"
    run = user.play(tasks).ok()
    assert "is not set in this run" in sentence(run.value("tried"))


@pytest.mark.brief
def test_id_and_secret_of_the_context_go_only_together(user: User) -> None:
    elsewhere(user)
    user.vault("other.yml", {"other_id": US1_OTHER.client_id, "other_secret": US1_OTHER.client_secret})
    tasks = f"""{ONCE}
- falconops.auth.falcon_token: {{client_secret: "{{{{ other_secret }}}}"}}
  register: secret_alone
  ignore_errors: true
- falconops.auth.falcon_token: {{client_id: "{{{{ other_id }}}}"}}
  register: id_alone
  ignore_errors: true
- debug: {{msg: "{{{{ lookup('falconops.auth.falcon_token', client_id=other_id) }}}}"}}
  register: looked_up
  ignore_errors: true
- falconops.auth.falcon_token:
  vars: {{falcon_client_id: "{{{{ other_id }}}}"}}
  register: variable_alone
  ignore_errors: true
- dump:
    secret_alone: "{{{{ secret_alone }}}}"
    id_alone: "{{{{ id_alone }}}}"
    looked_up: "{{{{ looked_up }}}}"
    variable_alone: "{{{{ variable_alone }}}}"
"""
    run = user.play(tasks, play="vars_files: [other.yml]").ok()
    assert "gives its id and secret only together" in sentence(run.value("secret_alone"))
    for name in ("id_alone", "looked_up", "variable_alone"):
        assert "no client_secret goes with it" in sentence(run.value(name))
    assert user.asked() == 1


def test_variables_beat_the_context_and_the_context_beats_the_environment(user: User) -> None:
    elsewhere(user)
    user.vault("other.yml", {"other_id": US1_OTHER.client_id, "other_secret": US1_OTHER.client_secret})
    tasks = f"""{ONCE}
- falconops.auth.falcon_token:
  register: context
- falconops.auth.falcon_token:
  vars: {{falcon_client_id: "{{{{ other_id }}}}", falcon_client_secret: "{{{{ other_secret }}}}"}}
  register: variables
- dump: {{context: "{{{{ context.client_id }}}}", variables: "{{{{ variables.client_id }}}}"}}
"""
    env = {"FALCON_CLIENT_ID": US2.client_id, "FALCON_CLIENT_SECRET": US2.client_secret}
    run = user.play(tasks, play="vars_files: [other.yml]", env=env).ok()
    assert run.value("context") == US1.client_id
    assert run.value("variables") == US1_OTHER.client_id


@pytest.mark.brief
def test_a_member_is_kept_for_the_run_and_forgotten_in_the_next(user: User) -> None:
    user.persistent_facts()
    user.credentials(US1)
    tasks = f"""
- falconops.auth.falcon_token: {{member_cid: "{CHILD_A.upper()}-AB"}}
  register: chosen
- falconops.auth.falcon_token:
  register: kept
- dump:
    chosen: "{{{{ chosen }}}}"
    kept: "{{{{ kept }}}}"
    lookup: "{{{{ lookup('falconops.auth.falcon_token') }}}}"
    parent_lookup: "{{{{ lookup('falconops.auth.falcon_token', member_cid='') }}}}"
- name: An unset variable of a pipeline means the parent, also after a child
  falconops.auth.falcon_token: {{member_cid: ""}}
  register: parent
- falconops.auth.falcon_token: {{member_cid: "{CHILD_A}"}}
- falconops.auth.falcon_token:
  vars: {{falcon_member_cid: ""}}
  register: by_variable
- dump: {{parent: "{{{{ parent }}}}", by_variable: "{{{{ by_variable }}}}"}}
"""
    run = user.play(tasks).ok()
    chosen, kept, parent = (run.value(name) for name in ("chosen", "kept", "parent"))
    assert chosen["member_cid"] == kept["member_cid"] == CHILD_A
    assert chosen["access_token"] == kept["access_token"] == run.value("lookup")
    assert parent["member_cid"] is run.value("by_variable")["member_cid"] is None
    assert parent["access_token"] == run.value("by_variable")["access_token"] == run.value("parent_lookup")
    assert parent["access_token"] != chosen["access_token"]
    assert [request["member_cid"] for request in user.emulator.requests()] == [CHILD_A, None]

    next_run = user.play("- falconops.auth.falcon_token:\n  register: falcon\n- dump: {result: '{{ falcon }}'}").ok()
    assert next_run.value("result")["member_cid"] is None
    assert next_run.value("result")["access_token"] == parent["access_token"]
    assert user.asked() == 2


def test_an_empty_member_in_the_environment_is_absent(user: User) -> None:
    user.credentials(US1)
    tasks = "- falconops.auth.falcon_token:\n- dump: {lookup: '{{ lookup(\"falconops.auth.falcon_token\") }}'}"
    user.play(tasks, env={"FALCON_MEMBER_CID": "", "FALCON_CLOUD": "", "FALCON_SESSION": ""}).ok()
    assert [request["member_cid"] for request in user.emulator.requests()] == [None]


def test_the_choice_counts_only_for_its_own_client(user: User) -> None:
    elsewhere(user, US2)
    user.vault("other.yml", {"other_id": US1.client_id, "other_secret": US1.client_secret})
    other = 'client_id: "{{ other_id }}", client_secret: "{{ other_secret }}"'
    tasks = f"""{ONCE}    session: night
- falconops.auth.falcon_token: {{{other}}}
  register: other
- dump: {{other: "{{{{ other }}}}"}}
"""
    run = user.play(tasks, play="vars_files: [other.yml]").ok()
    assert (run.value("other")["cloud"], run.value("other")["session"]) == ("us-1", None)


def test_a_task_that_fails_leaves_the_context_as_it_was(user: User) -> None:
    elsewhere(user)
    tasks = f"""{ONCE}
- falconops.auth.falcon_token: {{client_id: "{{{{ only_id }}}}", client_secret: wrong{"x" * 35}}}
  ignore_errors: true
{AFTER}"""
    run = user.play(tasks).ok()
    assert run.value("first") == run.value("later") == run.value("lookup")


def test_check_mode_sets_it_as_well(user: User) -> None:
    elsewhere(user)
    tasks = f"{ONCE}- dump: {{lookup: \"{{{{ lookup('falconops.auth.falcon_token') }}}}\"}}"
    run = user.play(tasks, "--check").ok()
    assert user.emulator.is_live(run.value("lookup"))

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role falcon_session: tasks use a stored client, and its token is revoked in the end, whatever happens."""

from __future__ import annotations

import json
import re
import textwrap
from typing import Any

import pytest

from emulator.cast import CHILD_A, US1, US1_OTHER, US2
from integration.harness import CHECKOUT, User
from integration.lives import dump, get, info, pair, stored

REVOKE = "/oauth2/revoke"
CAST = {"production": US1, "other": US1_OTHER, "third": US2}
LOOKUP = "lookup('falconops.auth.falcon_token')"
TELL = f'- dump: {{who: "{{{{ [falcon_client, falcon_session_name] }}}}", token: "{{{{ {LOOKUP} }}}}"}}\n'
CONTEXT = "- dump: {context: \"{{ ansible_facts.falcon_context.client | default('emptied') }}\"}\n"
README = CHECKOUT / "roles" / "falcon_session" / "README.md"
OWN_RUN = re.compile(r"ansible-local-\w+/[0-9a-f]{8}")


def session(client: str = "production", tasks: str = "work.yml", *, keywords: str = "", **inputs: Any) -> str:
    """A task that applies the role."""
    given = {"client": client, "tasks": tasks, **inputs}
    variables = json.dumps({f"falcon_session_{name}": value for name, value in given.items()})
    return f"- include_role: {{name: falconops.auth.falcon_session}}\n  vars: {variables}\n{keywords}"


def why_not(reason: str, task: str) -> str:
    """The task where it fails; it hands over why it did."""
    said = "{{ ansible_failed_result.msg | default(ansible_failed_result.reason) }}"
    return f"- block:\n{textwrap.indent(task, '    ')}  rescue:\n    - dump: {{{reason}: '{said}'}}\n"


def calls(user: User) -> list[tuple[str, int]]:
    """What was asked of the API, and how it answered."""
    return [(each["path"].rpartition("/")[2], each["status"]) for each in user.emulator.requests()]


def revocations(user: User) -> int:
    return len(user.emulator.requests(path=REVOKE, status=200))


@pytest.mark.brief
def test_a_task_that_names_another_client_leaves_nothing_behind(user: User) -> None:
    user.vault("group_vars/all.yml", {"falcon_clients": {name: pair(each) for name, each in CAST.items()}})
    user.write("work.yml", get("got", client="other") + dump("got"))
    tasks = get("before", client="third") + session() + CONTEXT + get("after") + dump("after")
    run = user.play(tasks, hosts=2).ok()
    got, after = (run.values(name)[0] for name in ("got", "after"))
    assert run.values("context") == ["third", "third"] and after["client"] == "third"
    assert OWN_RUN.fullmatch(got["session"]) and got["client"] == "other"
    # Of the three tokens, that of the session and that of the other client in it.
    assert (calls(user).count(("token", 201)), revocations(user)) == (3, 2)
    assert [user.emulator.is_live(each["access_token"]) for each in (got, after)] == [False, True]


@pytest.mark.brief
@pytest.mark.secrecy
def test_its_tasks_use_the_client_whatever_else_is_said(user: User) -> None:
    """The group's variables, set_fact, include_vars, module_defaults and the context all say something else."""
    clients = {"production": {**pair(US2), "cloud": "us-2"}, "other": pair(US1_OTHER)}
    user.vault("group_vars/all.yml", {"falcon_clients": clients, "falcon_cloud": "us-gov-1"})
    user.vault("loaded.yml", {"falcon_client_id": US1.client_id, "falcon_client_secret": US1.client_secret})
    # The short name of a module that the project brings along is found here as well.
    user.write("work.yml", TELL + get("got") + info("found", verify=True) + dump("got", "found"))
    tasks = get("before", client="production")
    tasks += "- include_vars: loaded.yml\n  no_log: true\n- set_fact: {falcon_client: other}\n"
    tasks += session() + CONTEXT + info("after", client="production", verify=True) + get("still", client="production")
    defaults = "module_defaults: {group/falconops.auth.falcon: {client: other, cloud: us-1, timeout: 20}}"
    run = user.play(tasks + dump("before", "after", "still"), "-vvvvv", "--diff", play=defaults, hosts=3).ok()

    [(client, name)] = {tuple(who) for who in run.values("who")}
    assert client == "production" and OWN_RUN.fullmatch(name)
    [token] = set(run.values("token"))
    for result in run.values("got") + run.values("found"):
        assert (result["client_id"], result["session"], result["cloud"]) == (US2.client_id, name, "us-2")
    assert {got["access_token"] for got in run.values("got")} == {token}
    assert all(result["token"] for result in run.values("found"))
    # One request for all hosts of the session, and one to revoke. The client's other token lives on.
    assert [calls(user).count(call) for call in (("token", 201), ("revoke", 200))] == [2, 1]
    assert not user.emulator.is_live(token)
    assert set(run.values("context")) == {"production"}
    [before] = {result["access_token"] for result in run.values("before")}
    assert {(result["cached"], result["access_token"]) for result in run.values("still")} == {(True, before)}
    assert all(result["token"] for result in run.values("after"))


@pytest.mark.parametrize(
    ("play", "requests"),
    [
        pytest.param("strategy: linear", 1, marks=pytest.mark.brief),
        pytest.param("strategy: free", None, marks=pytest.mark.brief),
        pytest.param("strategy: host_pinned", None, marks=pytest.mark.brief),
        # In the second batch the only host that is in becomes unreachable. The third finds its token, and revokes it.
        ("serial: 2", 2),
        ("any_errors_fatal: true", 1),
    ],
)
def test_the_last_host_revokes(user: User, play: str, requests: int | None) -> None:
    """One host fails in the middle, one cannot be reached from there on, and one is not for the role."""
    fatal = "fatal" in play
    stored(user, production=US1)
    failure = "- fail: {msg: \"the user's own\"}\n  when: inventory_hostname == 'h2'\n"
    user.write("work.yml", f"{TELL}{failure}- raw: 'true'\n{info('found', verify=True)}{dump('found')}")
    # On 2.16, where errors are fatal, one that cannot be reached ends the play for all, also before their "always".
    names = {name: "gone" if name == "h4" and not fatal else "bastion" for name in ("h1", "h2", "h3", "h4", "h5", "h6")}
    hosts = [f"{name} ansible_connection={connection}\n" for name, connection in names.items()]
    task = session(keywords="  when: inventory_hostname != 'h3'\n")
    run = user.play(task, "--forks=2", play=play, hosts="".join(hosts)).failed()
    sent = [call for call in calls(user) if call[0] != "v1"]
    asked = sent.count(("token", 201))
    assert user.emulator.live_tokens() == [] and sent.count(("revoke", 200)) == asked == len(sent) / 2
    assert requests in (None, asked)
    assert sorted(run.by_host("token")) == ["h1", "h2", "h4", "h5", "h6"]
    # What a host does in the session it does with a token that nobody has revoked.
    assert all(result["token"] for result in run.values("found"))
    if not fatal:
        assert sorted(run.by_host("found")) == ["h1", "h5", "h6"]
    # Nothing hides why it failed.
    assert run.output.count("FAILED!") == 1 and run.output.count("UNREACHABLE!") == (0 if fatal else 1)
    assert 'FAILED! => {"changed": false, "msg": "the user\'s own"}' in run.output


def test_who_comes_while_the_token_is_revoked_gets_another_one(user: User) -> None:
    stored(user, production=US1)
    wait = "- debug: {msg: \"{{ lookup('pipe', 'sleep 1') }}\"}\n"
    user.write("work.yml", info("found", verify=True) + wait + info("again", verify=True) + dump("found", "again"))
    user.emulator.fault("delay", path=REVOKE, seconds=2, times=None)
    run = user.play(session(), "--forks=2", play="strategy: host_pinned", hosts=4).ok()
    assert all(result["token"] for result in run.values("found") + run.values("again"))
    assert user.emulator.live_tokens() == []


def test_a_revocation_that_fails_is_told_beside_the_failure_before_it(user: User) -> None:
    stored(user, production=US1)
    user.vault("group_vars/all.yml", {"falcon_clients": {"production": pair(US1)}, "falcon_retries": 0})
    user.write("work.yml", TELL + '- fail: {msg: "the user\'s own"}\n')
    user.emulator.fault("status", path=REVOKE, status=503)
    run = user.play(session(name="night"), hosts=2).failed()
    assert run.output.count('"msg": "the user\'s own"') == 2
    # One attempt is enough, and only this one is told.
    assert run.output.count('"msg": "Revoking a token of client') == 1
    [token] = set(run.values("token"))
    assert user.emulator.is_live(token)
    # The token is kept, so that whoever takes the name up finishes the job.
    user.write("work.yml", TELL)
    assert user.play(session(name="night")).ok().value("token") == token
    assert calls(user) == [("token", 201), ("revoke", 503), ("revoke", 200)]


@pytest.mark.brief
def test_sessions_within_a_session_and_one_after_the_other(user: User) -> None:
    stored(user, production=US1, eu=US2)
    child = f"- dump: {{child: \"{{{{ lookup('falconops.auth.falcon_token', member_cid='{CHILD_A}') }}}}\"}}\n"
    user.write("inner.yml", TELL)
    user.write(
        "work.yml", TELL + child + session("eu", "inner.yml") + session("{{ falcon_client }}", "inner.yml") + TELL
    )
    tasks = get("before", client="eu") + session("{{ item }}", keywords="  loop: [production, production]\n")
    # The same client in a session of its own, for each host another one.
    tasks += "- set_fact: {falcon_client: eu}\n"
    tasks += session("{{ falcon_client }}", "inner.yml", name="{{ falcon_client }}-{{ inventory_hostname }}") + CONTEXT
    run = user.play(tasks, hosts=2).ok()
    assert "already in use" not in run.output
    for host in ("h1", "h2"):
        told = [(*values["who"], values["token"]) for each, values in run.dumps if each == host and "who" in values]
        own, eu, other, still = told[:4]
        assert own == still and own[0] == other[0] == "production" and eu[0] == "eu"
        assert len({own[1], eu[1], other[1]}) == 3 and all(OWN_RUN.fullmatch(each[1]) for each in told[:3])
        again = told[4]
        assert again[:2] == own[:2] and again[2] != own[2]
        assert told[8][:2] == ("eu", f"eu-{host}") and len(told) == 9
    # For both hosts at once, but for the last session: three and the child's in each turn, and one for each host.
    assert revocations(user) == 2 * 4 + 2
    assert [each["client_id"] for each in user.emulator.live_tokens()] == [US2.client_id]
    # Nothing in the sessions has replaced the context that was there before.
    assert run.values("context") == ["eu", "eu"]


def test_the_current_token_is_revoked_only_when_asked_and_there(user: User) -> None:
    stored(user, production=US1, eu=US2)
    user.write("work.yml", TELL)
    tasks = session(revoke_current=True) + get("current", client="eu") + session() + info("kept", client="eu")
    tasks += session(revoke_current=True) + info("gone", client="eu") + CONTEXT
    run = user.play(tasks + dump("current", "kept", "gone"), hosts=2).ok()
    assert all(result["token"] for result in run.values("kept"))
    assert not any(result["token"] for result in run.values("gone"))
    assert set(run.values("context")) == {"emptied"}
    assert user.emulator.live_tokens() == [] and revocations(user) == 4


def test_the_current_token_is_that_of_the_contexts_session(user: User) -> None:
    stored(user, production=US1, eu=US2)
    user.write("work.yml", TELL)
    tasks = get("current", client="eu", session="mine") + session(revoke_current=True, name="nightly")
    user.play(tasks, hosts=2).ok()
    assert user.emulator.live_tokens() == [] and revocations(user) == 2


@pytest.mark.parametrize("chosen", ["- meta: clear_facts\n", get("eu", client="eu", session="mine")])
def test_the_current_token_is_not_that_of_another_client_or_run(user: User, chosen: str) -> None:
    stored(user, production=US1, eu=US2)
    user.write("work.yml", "[]\n")
    env = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(user.home / "facts")}
    user.play(get("mine", client="production", session="mine"), env=env).ok()
    # The context of that run is void, and the next one is that of the other client.
    tasks = get("current", client="production") + chosen + session(revoke_current=True)
    user.play(tasks, play="vars: {falcon_client: production}", env=env).ok()
    asked = info("current", client="production", session="") + info("mine", client="production", session="mine")
    run = user.play(asked + dump("current", "mine"), env=env).ok()
    assert (run.value("current")["token"], run.value("mine")["token"]) == (False, True)


def test_a_client_that_changes_in_its_session_leaves_nothing_behind(user: User) -> None:
    before, after = ({"production": pair(client)} for client in (US1, US2))
    user.vault("group_vars/all.yml", {"falcon_clients": before, "clients_then": after})
    user.write("work.yml", "- set_fact: {falcon_clients: '{{ clients_then }}'}\n")
    user.play(session()).ok()
    assert user.emulator.live_tokens() == [] and revocations(user) == 1


def test_run_once_gives_its_context_to_nobody_outside(user: User) -> None:
    stored(user, production=US1, eu=US2)
    user.write("work.yml", "- falconops.auth.falcon_token:\n  run_once: true\n")
    keywords = "  when: inventory_hostname == ansible_play_hosts[0]\n"
    tasks = session(keywords=keywords) + get("after") + "  ignore_errors: true\n" + dump("after")
    run = user.play(get("chosen", client="eu") + tasks, hosts=2).ok()
    assert {result["failed"]: result.get("client") for result in run.values("after")} == {False: "eu", True: None}
    assert {each["client_id"] for each in user.emulator.live_tokens()} == {US2.client_id}


def test_check_mode_asks_for_nothing_by_itself_and_leaves_nothing(user: User) -> None:
    stored(user, production=US1)
    user.write("work.yml", get("got") + dump("got"))
    user.write("lookup.yml", TELL)
    run = user.play(session(), "--check", hosts=2).ok()
    assert [result["changed"] for result in run.values("got")] == [True, True] and calls(user) == []
    # A lookup asks also in check mode. In a session of another's name it is for them to revoke.
    run = user.play(session(tasks="lookup.yml") + session(tasks="lookup.yml", name="night"), "--check").ok()
    own, named = run.values("token")
    assert [user.emulator.is_live(token) for token in (own, named)] == [False, True]
    assert calls(user) == [("token", 201), ("revoke", 200), ("token", 201)]


def test_in_roles_and_from_another_machine(user: User) -> None:
    stored(user, production=US1)
    user.write("roles/mine/tasks/main.yml", session(tasks="{{ ansible_parent_role_paths[0] }}/tasks/work.yml"))
    user.write("roles/mine/tasks/work.yml", TELL + "- include_tasks: more.yml\n")
    user.write("roles/mine/tasks/more.yml", "- dump: {text: \"{{ lookup('template', 'hello.j2') }}\"}\n")
    user.write("roles/mine/templates/hello.j2", "hello {{ falcon_client }}")
    user.write("work.yml", TELL)
    role = "{role: falconops.auth.falcon_session, falcon_session_client: production, falcon_session_tasks: work.yml}"
    there = session(keywords="").replace("falcon_session}", "falcon_session, apply: {delegate_to: bastion}}", 1)
    imported = session().replace("include_role", "import_role")
    hosts = (
        "h1\n[jump]\nbastion ansible_connection=bastion ansible_python_interpreter='{{ ansible_playbook_python }}'\n"
    )
    play = f"roles: [mine, {role}]"
    run = user.play(imported + there, "-vvv", "--limit=h1", play=play, hosts=hosts).ok()
    assert run.value("text") == "hello production"
    assert len(set(run.values("token"))) == 4 == user.asked() == revocations(user)
    assert user.emulator.live_tokens() == []
    assert [f"AnsiballZ_{module}.py" in run.output for module in ("falcon_token", "falcon_token_revoke")] == [
        True,
        True,
    ]


def test_what_cannot_be_done_is_a_sentence_and_nothing_is_asked(user: User) -> None:
    stored(user, production=US1, eu=US2)
    user.write("work.yml", TELL)
    cases = {
        "no_tasks": (session().replace(', "falcon_session_tasks": "work.yml"', ""), "falcon_session_tasks"),
        "no_client": (session(""), "falcon_session_client is empty"),
        "no_file": (session(tasks="nothing.yml"), "nothing.yml, which is no file; a relative path is relative to"),
        "no_path": (session(tasks=""), "which is no file"),
        "stranger": (
            session("nobody"),
            "no stored client 'nobody' (argument of the role falcon_session); known are eu, production",
        ),
        "bad_name": (session(name="a b"), "session (argument of the role falcon_session) must be 1 to 128 letters"),
    }
    run = user.play("".join(why_not(name, task) for name, (task, _words) in cases.items())).ok()
    for name, (_task, words) in cases.items():
        assert words in run.value(name) and "Traceback" not in run.value(name), name
    run = user.play(why_not("beaten", session()), "-e", f"falcon_client_id={US2.client_id}").ok()
    assert run.value("beaten").startswith("falcon_client_id is an extra variable (-e), which beats")
    assert user.emulator.connects() == []
    user.write("work.yml", "no: list\n")
    assert "must contain a list of tasks" in user.play(session()).failed().output
    assert user.emulator.live_tokens() == []


def test_the_readme_runs(user: User) -> None:
    play, tasks = re.findall(r"^```yaml\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    user.vault("vault/falcon_clients.yml", {"production": pair(US1)})
    user.write("ask_falcon.yml", tasks)
    local = "ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'\n"
    user.playbook(play, "-vvv", hosts=f"localhost {local}h1\nh2\n").ok()
    assert calls(user) == [("token", 201), ("v1", 200), ("revoke", 200)]

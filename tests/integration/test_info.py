# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Telling which tokens there are: from the store, by asking the API itself, and never by asking for one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.cast import CHILD_A, CHILD_B, NO_SCOPE, US1, US1_OTHER, US2
from integration.harness import User
from integration.lives import dump, get, info, stored
from integration.results import sentence

PROBE = "/sensors/queries/installers/ccid/v1"
SHOWN = ("client", "client_id", "cloud", "hostname", "member_cid", "session", "expires_at")


def shown(result: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: result[name] for name in names or SHOWN}


@pytest.mark.brief
def test_without_credentials_there_is_no_token_and_no_failure(user: User) -> None:
    tasks = info("idle") + info("every", all=True, verify=True) + info("found", query="token") + dump("idle")
    run = user.play(tasks + dump("every", "found")).ok()
    for name in ("idle", "every", "found"):
        result = run.value(name)
        assert (result["token"], result["changed"], result.get("failed", False)) == (False, False, False)
        assert result["msg"].startswith("There are no Falcon credentials")
    assert user.emulator.connects() == []
    # What a play goes on with is there all the same.
    assert run.value("every").get("tokens") == [] and run.value("found").get("result") is False


@pytest.mark.brief
def test_module_lookup_ad_hoc_and_playbook_agree_and_ask_for_nothing(user: User) -> None:
    # ansible-core 2.22 masks whatever came out of a vault where it prints results, so only the secret is in there.
    user.vault("group_vars/all/secret.yml", {"falcon_client_secret": US2.client_secret})
    user.write("group_vars/all/plain.yml", f"falcon_client_id: {US2.client_id}\nfalcon_session_name: night\n")
    tasks = info("before") + get("got") + info("after")
    lookups = "- dump: {lookup: \"{{ lookup('falconops.auth.falcon_token') }}\"}"
    run = user.play(tasks + dump("before", "got", "after") + lookups, "--diff").ok()
    before, got, after = (run.value(name) for name in ("before", "got", "after"))
    # By the default cloud as long as the API has not told which one it is.
    assert shown(before) == {
        **shown(got, "client", "client_id", "member_cid", "session"),
        "cloud": "us-1",
        "hostname": "https://api.crowdstrike.com",
        "expires_at": None,
    }
    assert (before["token"], before["expires_in"], after["token"]) == (False, None, True)
    assert (got["cloud"], got["session"]) == ("us-2", "night") and shown(after) == shown(got)
    assert 1700 < after["expires_in"] <= got["expires_in"]
    assert not {"access_token", "headers", "auth"} & after.keys() and not before["changed"] | after["changed"]
    assert run.value("lookup") == got["access_token"]

    user.write("hosts.ini", "localhost ansible_connection=local\n")
    command = ("ansible", "-i", "hosts.ini", "localhost", "-m", "falconops.auth.falcon_token_info")
    said = user.command(*command).wait().ok().stdout
    ad_hoc = json.loads(said[said.index("{") :])
    assert shown(ad_hoc, "token", *SHOWN) == shown(after, "token", *SHOWN)
    told = user.command("ansible-playbook", "-i", "hosts.ini", "falconops.auth.token_status").wait().ok()
    assert told.says(f"us-2: a token that is valid until {after['expires_at']}; 1 of this client in the store") == 1
    # In check mode it does the same, and the right cloud by its name is the same question.
    checked = user.play(info("got", cloud="us-2", verify=True) + dump("got"), "--check").ok().value("got")
    assert shown(checked, "token", *SHOWN) == shown(after, "token", *SHOWN)
    assert user.asked() == 2 and len(user.emulator.requests(path=PROBE)) == 1


@pytest.mark.brief
def test_verify_tells_a_dead_token_from_a_live_one_and_drops_it(user: User) -> None:
    stored(user, plain=US1, scopeless=NO_SCOPE, elsewhere=US2)
    names = ("plain", "scopeless", "elsewhere")
    tasks = "".join(get(f"got_{name}", client=name) + info(name, client=name, verify=True) for name in names)
    run = user.play(tasks + dump(*names)).ok()
    assert [run.value(name)["token"] for name in names] == [True, True, True]
    asked = [(each["host"], each["status"]) for each in user.emulator.requests(path=PROBE)]
    assert asked == [("api.crowdstrike.com", 200), ("api.crowdstrike.com", 403), ("api.us-2.crowdstrike.com", 200)]

    user.emulator.kill_tokens()
    tasks = info("cached", client="elsewhere") + "".join(info(name, client=name, verify=True) for name in names)
    tasks += info("dropped", client="elsewhere") + info("every", client="plain", all=True) + get("anew", client="plain")
    run = user.play(tasks + dump(*names, "cached", "dropped", "every", "anew")).ok()
    assert run.value("cached")["token"], "the store alone cannot know"
    for name in (*names, "dropped"):
        assert (run.value(name)["token"], run.value(name)["expires_at"]) == (False, None)
    assert run.value("every")["tokens"] == [] and run.value("anew")["changed"]
    assert [each["status"] for each in user.emulator.requests(path=PROBE)][3:] == [401, 401, 401]


def test_verify_that_cannot_be_told_is_a_sentence_and_drops_nothing(user: User) -> None:
    user.credentials(US1, falcon_retries=0)
    user.emulator.fault("status", path=PROBE, status=503)
    run = user.play(get("old") + info("tried", verify=True) + get("kept") + dump("old", "tried", "kept")).ok()
    said = sentence(run.value("tried"))
    assert "https://api.crowdstrike.com" in said and "503" in said
    assert run.value("kept")["access_token"] == run.value("old")["access_token"]


def test_an_explicit_token_is_asked_about(user: User) -> None:
    user.credentials(US1)
    tasks = get("old") + get("new", force=True) + info("live", access_token="{{ old.access_token }}")
    tasks += info("strange", access_token="x" * 40) + get("kept") + dump("live", "strange", "new", "kept")
    run = user.play(tasks).ok()
    assert (run.value("live")["token"], run.value("strange")["token"]) == (True, False)
    assert run.value("kept")["access_token"] == run.value("new")["access_token"]
    user.emulator.kill_tokens()
    tasks = info("dead", access_token="{{ lookup('falconops.auth.falcon_token') }}") + info("after")
    run = user.play(tasks + dump("dead", "after")).ok()
    assert (run.value("dead")["token"], run.value("after")["token"]) == (False, False)


def test_an_explicit_token_of_another_session_is_asked_about_where_it_was_issued(user: User) -> None:
    user.credentials(US2)
    token = "{{ lookup('falconops.auth.falcon_token', session='a') }}"
    run = user.play(info("live", session="b", access_token=token) + dump("live")).ok()
    assert (run.value("live")["token"], run.value("live")["cloud"]) == (True, "us-2")


def test_many_hosts_that_verify_a_dead_token_do_not_lock_their_address_out(user: User) -> None:
    """The API takes 15 calls with dead tokens in a minute from one address."""
    user.credentials(US1, falcon_retries=0)
    user.play(get("old")).ok()
    user.emulator.kill_tokens()
    user.emulator.fault("delay", path=PROBE, seconds=2, times=None)
    run = user.play(info("status", verify=True) + dump("status"), "--forks=20", hosts=20).ok()
    assert len(user.emulator.requests(path=PROBE)) <= 15
    assert {result["token"] for result in run.values("status")} == {False}


@pytest.mark.brief
def test_all_lists_every_token_of_this_client(user: User) -> None:
    stored(user, one=US1, other=US1_OTHER)
    user.emulator.configure(http_cloud="us-1")
    which: list[dict[str, str]] = [
        {},
        {"session": "a"},
        {"session": "b", "member_cid": CHILD_A},
        {"member_cid": CHILD_B},
        {"hostname": user.emulator.http_url},
    ]
    tasks = "".join(
        get(f"got{number}", client="one", **{"member_cid": "", "session": "", **each})
        for number, each in enumerate(which)
    )
    tasks += get("other", client="other", session="of-another")
    tasks += info("every", client="one", all=True, member_cid="", session="", query="sort(tokens[?session].session)")
    run = user.play(tasks + dump(*(f"got{number}" for number in range(len(which))), "every")).ok()
    every = run.value("every")

    def rows(results: list[dict[str, Any]]) -> list[tuple[str, ...]]:
        return sorted(tuple(str(result[name]) for name in SHOWN) for result in results)

    assert rows(every["tokens"]) == rows([run.value(f"got{number}") for number in range(len(which))])
    assert every["token"] and every["result"] == ["a", "b"]
    assert {tuple(sorted(each)) for each in every["tokens"]} == {tuple(sorted([*SHOWN, "expires_in"]))}
    assert user.asked() == 6 and user.emulator.requests(path=PROBE) == []

    user.emulator.kill_tokens()
    tasks = info("dead", client="one", all=True, verify=True) + info("idle", client="one", all=True)
    run = user.play(
        tasks + info("other", client="other", all=True, session="of-another") + dump("dead", "idle", "other")
    )
    assert run.ok().value("dead")["tokens"] == run.value("idle")["tokens"] == []
    assert len(run.value("other")["tokens"]) == 1


@pytest.mark.brief
def test_query_and_where_a_bad_one_breaks(user: User) -> None:
    user.credentials(US1)
    bad = {
        "[?": "'[?'",
        "tokens[].": "tokens[].",
        "token)": "before ')'",
        "nonsense(token)": "nonsense",
        "keys(token)": "",
    }
    tasks = get("got") + info("good", query="{for: client_id, ok: token}") + info("nothing", query="no.such.thing")
    tasks += "".join(info(f"bad{number}", query=query) for number, query in enumerate(bad))
    run = user.play(tasks + dump("good", "nothing", *(f"bad{number}" for number in range(len(bad))))).ok()
    assert run.value("good")["result"] == {"for": US1.client_id, "ok": True}
    assert run.value("nothing")["result"] is None and "result" in run.value("nothing")
    for number, (query, words) in enumerate(bad.items()):
        said = sentence(run.value(f"bad{number}"))
        assert said.startswith("query ") and query in said and words in said and "has a fault" not in said


def test_a_query_for_the_whole_result_is_no_end_in_itself(user: User) -> None:
    user.credentials(US1)
    run = user.play(get("got") + info("whole", query="@", all=True) + dump("whole"))
    whole = run.ok().value("whole")
    assert shown(whole["result"], "token", "tokens", *SHOWN) == shown(whole, "token", "tokens", *SHOWN)


@pytest.mark.brief
def test_a_thousand_switches_between_three_clients_and_two_members_ask_six_times(user: User) -> None:
    """On 20 hosts, since the time that Ansible takes for a loop grows with the square of its length.

    No turn has the client and member of the one before. Hosts begin at different turns, so that at any time all of them
    are asked for; each takes 30 turns by tasks in a loop, and 20 by lookups.
    """
    clients = {"one": US1, "two": US1_OTHER, "three": NO_SCOPE}
    stored(user, **clients)
    turns = [[name, member] for member in (CHILD_A, CHILD_B) for name in clients]
    user.write("turns.yml", f"turns: {json.dumps(turns * 10)}\n")
    tasks = get("got", client="{{ item.0 }}", member_cid="{{ item.1 }}") + '  loop: "{{ turns[begin:begin + 30] }}"\n'
    tasks += "- dump: {of: \"{{ got.results | map(attribute='access_token') | list }}\"}\n"
    tasks += '- dump: {last: "{{ ansible_facts.falcon_context }}"}\n'
    tasks += "- dump: {lookup: \"{{ lookup('falconops.auth.falcon_token') }}\"}\n"
    look = "{{ lookup('falconops.auth.falcon_token', turn.0, member_cid=turn.1) }}"
    tasks += f'- dump: {{looked: "{{% for turn in turns[begin:begin + 20] %}}{look} {{% endfor %}}"}}\n'
    hosts = [f"h{number} begin={number % 6}" for number in range(20)]
    run = user.play(tasks, "--forks=10", hosts="\n".join(hosts) + "\n", play="vars_files: [turns.yml]").ok()

    of_turn: dict[int, str] = {}
    count = 0
    for number in range(20):
        host, begin = f"h{number}", number % 6
        by_task, by_lookup = run.by_host("of")[host], run.by_host("looked")[host].split()
        for tokens in (by_task, by_lookup):
            count += len(tokens)
            for turn, token in enumerate(tokens, begin):
                assert of_turn.setdefault(turn % 6, token) == token
        # What follows goes on with the last choice.
        last = run.by_host("last")[host]
        assert [last["client"], last["member_cid"]] == turns[(begin + 29) % 6]
        assert run.by_host("lookup")[host] == by_task[-1]
    assert count == 1000 and len(set(of_turn.values())) == 6 == user.asked()

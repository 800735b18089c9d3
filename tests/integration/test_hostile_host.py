# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A managed host that is in somebody else's hands: what its modules return as facts moves no secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.cast import CHILD_A, CHILD_B, US1, US1_OTHER, US2
from emulator.tokens import sha256
from integration.harness import PLUGINS, User
from integration.lives import dump, get, info, revoke
from integration.results import sentence

# Modules run on the other end of a connection that Ansible takes for another machine's.
HOST = "evil ansible_connection=bastion ansible_python_interpreter='{{ ansible_playbook_python }}'\n"
LOOK = "- debug: {msg: \"{{ lookup('falconops.auth.falcon_token') | length }}\"}\n  ignore_errors: true\n  register: "
EVIL = "https://evil.example.com"


def plant(**facts: Any) -> str:
    return f"- plant: {json.dumps({'facts': facts})}\n"


@pytest.fixture
def evil(user: User) -> User:
    user.environment |= {"ANSIBLE_LIBRARY": str(PLUGINS / "library"), "ANSIBLE_PIPELINING": "true"}
    return user


@pytest.mark.brief
def test_options_among_facts_are_refused_by_every_door(evil: User) -> None:
    evil.credentials(US1)
    planted = {
        "falcon_hostname": EVIL,
        "falcon_cloud": "us-2",
        "falcon_client": "theirs",
        "falcon_clients": {"theirs": {"client_id": US1.client_id, "client_secret": "x" * 40}},
        "falcon_proxy": EVIL,
        "falcon_validate_certs": False,
        "ansible_falcon_member_cid": CHILD_B,
    }
    names = ("tried", "asked", "gone", "looked")
    tasks = get("first") + plant(**planted) + get("tried") + "  ignore_errors: true\n" + info("asked", verify=True)
    tasks += revoke("gone") + f"{LOOK}looked\n" + "- meta: clear_facts\n" + get("after")
    run = evil.play(tasks + dump(*names, "first", "after"), hosts=HOST).ok()
    listed = "falcon_client, falcon_clients, falcon_cloud, falcon_hostname, falcon_member_cid, falcon_proxy"
    for name in names:
        said = sentence(run.value(name))
        assert said.startswith(f"{listed}, falcon_validate_certs stands among the facts of host evil"), said
    assert run.value("after")["access_token"] == run.value("first")["access_token"]
    assert [each["host"] for each in evil.emulator.requests()] == ["api.crowdstrike.com"]
    assert len(evil.emulator.connects()) == 1


# What the host makes of the context: `mine` is the one that it should have, `former` an earlier one of the same run,
# `old` one of another client in an earlier run.
FORGED = {
    "another host of the API": f"mine | combine({{'hostname': '{EVIL}', 'cloud': none}})",
    "another cloud": "mine | combine({'hostname': 'https://api.us-2.crowdstrike.com', 'cloud': 'us-2'})",
    "another member": f"mine | combine({{'member_cid': '{CHILD_B}'}})",
    "the choice of an earlier one": "former | combine({'sealed': mine.sealed})",
    "the context of an earlier run": "old",
    "all made up": f"{{'client': 'theirs', 'hostname': '{EVIL}', 'sealed': 'AAAA' * 90}}",
    "nothing in it": "{}",
    "no context": f"['{EVIL}']",
}


@pytest.mark.brief
def test_a_context_that_the_host_returns_is_void_and_what_stands_below_it_counts(evil: User) -> None:
    evil.vault("group_vars/all.yml", {
        "only_id": US1.client_id, "only_secret": US1.client_secret,
        "other_id": US1_OTHER.client_id, "other_secret": US1_OTHER.client_secret,
    })  # fmt: skip
    save = "- dump: {old: '{{ ansible_facts.falcon_context }}'}\n"
    other = {"client_id": "{{ other_id }}", "client_secret": "{{ other_secret }}"}
    old = evil.play(get("first", **other) + save).ok().value("old")
    evil.write("old.json", json.dumps({"old": old}))

    once = {"client_id": "{{ only_id }}", "client_secret": "{{ only_secret }}", "cloud": "us-1"}
    tasks = get("first", **once, member_cid=CHILD_A)
    tasks += "- set_fact: {former: '{{ ansible_facts.falcon_context }}'}\n"
    tasks += get("second", **once, member_cid="")
    tasks += "- set_fact: {mine: '{{ ansible_facts.falcon_context }}'}\n"
    for number, forged in enumerate(FORGED.values()):
        tasks += plant(falcon_context=f"{{{{ {forged} }}}}") + info(f"asked{number}") + f"{LOOK}looked{number}\n"
        tasks += get(f"got{number}") + dump(f"asked{number}", f"looked{number}", f"got{number}")
    tasks += plant(falcon_context="{{ old }}") + revoke("gone")
    tasks += plant(falcon_context="{{ former }}") + get("replayed") + dump("gone", "replayed")
    env = {"FALCON_CLIENT_ID": US2.client_id, "FALCON_CLIENT_SECRET": US2.client_secret, "FALCON_CLOUD": "us-2"}
    run = evil.play(tasks, "-e", "@old.json", hosts=HOST, env=env).ok()

    for number, name in enumerate(FORGED):
        asked, got = run.value(f"asked{number}"), run.value(f"got{number}")
        for told in (asked, got):
            whose = (told["client_id"], told["hostname"], told["member_cid"])
            assert whose == (US2.client_id, "https://api.us-2.crowdstrike.com", None), name
        assert not run.value(f"looked{number}").get("failed"), name
    assert [each["client_id"] for each in run.value("gone")["revoked"]] == [US2.client_id]
    # Within the run a context is as good as the credentials, but only for what it was made for.
    replayed = run.value("replayed")
    assert (replayed["client_id"], replayed["cloud"], replayed["member_cid"]) == (US1.client_id, "us-1", CHILD_A)

    sent = {(each["secret_sha256"], each["host"]) for each in evil.emulator.requests(path="/oauth2/token")}
    assert sent == {
        (sha256(US1_OTHER.client_secret), "api.crowdstrike.com"),
        (sha256(US1.client_secret), "api.crowdstrike.com"),
        (sha256(US2.client_secret), "api.us-2.crowdstrike.com"),
    }
    assert {each["target"] for each in evil.emulator.connects()} == {f"{host}:443" for _secret, host in sent}
    assert evil.asked() == 4

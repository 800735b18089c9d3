# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task that is delegated to another machine asks from there, and the control node keeps the token."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from emulator.cast import CHILD_A, FULL, US1, US2, WRONG_SECRET
from integration.harness import User
from integration.lives import dump, get, info, revoke
from integration.results import sentence

# A connection that Ansible takes for another machine's. Its own remote_tmp shows what was left there.
HOSTS = """\
h1 ansible_host=192.0.2.1
h2 ansible_host=192.0.2.2
[jump]
bastion ansible_connection=bastion ansible_python_interpreter='{{ ansible_playbook_python }}'
"""
TOKEN = """
- falconops.auth.falcon_token:
  delegate_to: bastion
  register: falcon
- dump: {token: "{{ falcon.access_token }}", cached: "{{ falcon.cached }}", cloud: "{{ falcon.cloud }}"}
"""
TRY = """
- falconops.auth.falcon_token:
  delegate_to: bastion
  register: tried
  ignore_errors: true
- dump: {tried: "{{ tried }}"}
"""
THERE = "  delegate_to: bastion\n"
# Credentials by the environment keyword, which Ansible puts in front of the command there.
ONLY = {"only_id": US1.client_id, "only_secret": US1.client_secret}
KEYWORD = "environment: {FALCON_CLIENT_ID: '{{ only_id }}', FALCON_CLIENT_SECRET: '{{ only_secret }}'}"
GIVEN = {
    "variables": ({"falcon_client_id": US1.client_id, "falcon_client_secret": US1.client_secret}, ""),
    "environment": (ONLY, KEYWORD),
}
LIMIT = ("--limit", "h1,h2")


@pytest.mark.brief
def test_one_request_from_there_and_none_for_the_next_task(user: User) -> None:
    user.credentials(US2)
    tasks = TOKEN + TOKEN + "- dump: {lookup: \"{{ lookup('falconops.auth.falcon_token') }}\"}"
    run = user.play(tasks, "-vvvvv", *LIMIT, hosts=HOSTS).ok()
    assert [request["status"] for request in user.emulator.requests()] == [308, 201]
    assert len(set(run.values("token") + run.values("lookup"))) == 1
    assert set(run.values("cloud")) == {"us-2"}
    assert run.values("cached").count(False) == 1
    # The real module ran, through the connection of the other machine.
    assert "AnsiballZ_falcon_token.py" in run.output
    user.play(TOKEN, *LIMIT, hosts=HOSTS).ok()
    assert user.asked() == 2


@pytest.mark.secrecy
@pytest.mark.parametrize("pipelining", ["true", "false"])
def test_nothing_secret_is_left_there_or_shown(user: User, pipelining: str) -> None:
    user.credentials(US1)
    env = {"ANSIBLE_PIPELINING": pipelining, "ANSIBLE_LOG_PATH": str(user.home / "ansible.log")}
    run = user.play(TOKEN, "-vvvvv", *LIMIT, hosts=HOSTS, env=env).ok()
    user.vault("group_vars/all.yml", {"falcon_client_id": US1.client_id, "falcon_client_secret": WRONG_SECRET})
    failed = user.play(TRY, "-vvvvv", *LIMIT, hosts=HOSTS, env=env).ok()
    assert set(run.values("cloud")) == {"us-1"}
    for result in failed.values("tried"):
        said = sentence(result)
        assert said.startswith("On bastion: Asking https://api.crowdstrike.com") and "403" in said


@pytest.mark.secrecy
@pytest.mark.parametrize("pipelining", ["true", "false"])
def test_the_environment_keyword_shows_no_secret_there(user: User, pipelining: str) -> None:
    user.vault("group_vars/all.yml", ONLY)
    env = {"ANSIBLE_PIPELINING": pipelining, "ANSIBLE_LOG_PATH": str(user.home / "ansible.log")}
    tasks = get("first") + THERE + f"  {KEYWORD}\n" + info("live", verify=True) + THERE + revoke("gone") + THERE
    run = user.play(tasks + dump("live", "gone"), "-vvvvv", "--limit", "h1", play=KEYWORD, hosts=HOSTS, env=env).ok()
    assert run.value("live")["token"] and run.value("gone")["changed"]
    assert user.emulator.live_tokens() == []


@pytest.mark.brief
@pytest.mark.secrecy
@pytest.mark.parametrize("pipelining", ["true", "false"])
def test_info_and_revoke_from_there_as_from_here(user: User, pipelining: str) -> None:
    user.credentials(US2, falcon_retries=0)
    user.emulator.fault("status", path="/oauth2/revoke", status=503)
    tasks = get("first") + THERE + info("live", verify=True) + THERE + info("every", all=True, query="tokens[].cloud")
    tasks += THERE + revoke("tried") + THERE + get("kept") + revoke("gone", access_token="{{ first.access_token }}")
    tasks += THERE + get("second") + THERE + revoke("end", all=True) + THERE + info("after") + THERE
    names = ("first", "live", "every", "tried", "kept", "gone", "second", "end", "after")
    run = user.play(tasks + dump(*names), "-vvvvv", "--diff", "--limit", "h1", hosts=HOSTS, env={
        "ANSIBLE_PIPELINING": pipelining, "ANSIBLE_LOG_PATH": str(user.home / "ansible.log"),
    }).ok()  # fmt: skip
    for module in ("falcon_token_info", "falcon_token_revoke"):
        assert (f"AnsiballZ_{module}.py" in run.output) == (pipelining == "false")
    assert run.value("live")["token"] and run.value("every")["result"] == ["us-2"]
    said = sentence(run.value("tried"))
    assert said.startswith("On bastion: Revoking a token of client") and "503" in said
    assert run.value("kept")["access_token"] == run.value("first")["access_token"]
    assert run.value("gone")["changed"] and run.value("second")["changed"] and len(run.value("end")["revoked"]) == 1
    assert not run.value("after")["token"] and user.emulator.live_tokens() == []
    assert {request["host"] for request in user.emulator.requests()[1:]} == {"api.us-2.crowdstrike.com"}
    assert [request["status"] for request in user.emulator.requests()] == [308, 201, 200, 503, 200, 201, 200]


def test_a_portal_there_revokes_nothing_and_knows_of_no_token(user: User) -> None:
    user.credentials(US1)
    for path in ("/oauth2/revoke", "/sensors/queries/installers/ccid/v1"):
        user.emulator.fault("status", path=path, status=200, body="<html>Sign in</html>")
    tasks = revoke("tried") + THERE + info("asked", verify=True) + THERE + get("kept") + dump("tried", "asked", "kept")
    run = user.play(get("first") + tasks, "--limit", "h1", hosts=HOSTS).ok()
    for name in ("tried", "asked"):
        assert "failed: it was answered with 200 and an HTML page" in sentence(run.value(name))
    assert run.value("kept")["cached"] and len(user.emulator.live_tokens()) == 1


@pytest.mark.secrecy
def test_a_dead_token_and_a_refused_revocation_there(user: User) -> None:
    user.credentials(US1)
    keep = {"ANSIBLE_KEEP_REMOTE_FILES": "true"}
    tasks = revoke("tried") + THERE + info("asked", verify=True) + THERE + get("kept") + dump("tried", "asked", "kept")
    run = user.play(get("first") + tasks, "--limit", "h1", hosts=HOSTS, env=keep).ok()
    for name in ("tried", "asked"):
        assert "keep_remote_files" in sentence(run.value(name))
    assert run.value("kept")["cached"] and len(user.emulator.requests()) == 1
    user.emulator.kill_tokens()
    # A server that repeats what it was sent.
    echo = {"errors": [{"code": 403, "message": f"not with {US1.client_secret}"}]}
    user.emulator.fault("status", path="/oauth2/revoke", status=403, body=echo)
    tasks = revoke("refused") + THERE + info("dead", verify=True) + THERE + info("after") + revoke("idle") + THERE
    names = ("refused", "dead", "after", "idle")
    run = user.play(tasks + dump(*names), "-vvvvv", "--diff", "--limit", "h1", hosts=HOSTS).ok()
    said = sentence(run.value("refused"))
    assert said.startswith("On bastion: Revoking a token of client") and "with 403 (not with ***)" in said
    assert (run.value("dead")["token"], run.value("after")["token"], run.value("idle")["changed"]) == (False,) * 3
    assert [request["status"] for request in user.emulator.requests()] == [201, 403, 401]


@pytest.mark.secrecy
@pytest.mark.parametrize("given", GIVEN)
def test_no_process_list_shows_the_secret(user: User, given: str) -> None:
    variables, keyword = GIVEN[given]
    user.vault("group_vars/all.yml", variables)
    user.emulator.fault("delay", seconds=60)
    play = f"- hosts: h1\n  gather_facts: false\n  {keyword}\n  tasks:\n" + textwrap.indent(TOKEN, "    ")
    started = user.start(play, hosts=HOSTS)
    user.emulator.wait_for_requests(1)
    seen = b""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            # What leads there, such as ssh, keeps its environment for longer than the task, and may send it on.
            around = (process / "environ").read_bytes() if b"AnsiballZ_falcon_token" in command else b""
        except OSError:
            continue  # it has ended
        seen += command + b"\n" + around + b"\n"
    user.emulator.release()
    started.wait().ok()
    assert b"AnsiballZ_falcon_token" in seen
    user.detector.check(seen, "the process list")


def test_keep_remote_files_is_refused(user: User) -> None:
    user.credentials(US1)
    run = user.play(TRY, *LIMIT, hosts=HOSTS, env={"ANSIBLE_KEEP_REMOTE_FILES": "true"}).ok()
    for result in run.values("tried"):
        said = sentence(result)
        assert "keep_remote_files" in said and "bastion" in said
    assert user.emulator.connects() == []


def test_keep_remote_files_is_no_matter_when_the_token_is_cached(user: User) -> None:
    user.credentials(US1)
    user.play("- falconops.auth.falcon_token:").ok()
    run = user.play(TOKEN, *LIMIT, hosts=HOSTS, env={"ANSIBLE_KEEP_REMOTE_FILES": "true"}).ok()
    assert set(run.values("cached")) == {True}


def test_become_that_fails_there_is_a_sentence(user: User) -> None:
    user.credentials(US1)
    become = "become: true\nbecome_user: nobody\nvars: {ansible_become_exe: /usr/bin/false, ansible_become_password: x}"
    run = user.play(TRY, *LIMIT, play=become, hosts=HOSTS).ok()
    for result in run.values("tried"):
        said = sentence(result)
        assert "bastion" in said and "become" in said and "has a fault" not in said
    assert user.emulator.connects() == []


def test_a_file_that_all_could_read_is_refused(user: User) -> None:
    user.credentials(US1)
    env = {"ANSIBLE_SHELL_ALLOW_WORLD_READABLE_TEMP": "true"}
    run = user.play(TRY, "--limit", "h1", play="become: true\nbecome_user: nobody", hosts=HOSTS, env=env).ok()
    assert "every user of bastion could read" in sentence(run.value("tried"))
    assert user.emulator.connects() == []


def bare_python(user: User) -> Path:
    """A Python without site-packages, thus without requests."""
    path = user.write("bare-python", '#!/bin/sh\nexec /usr/bin/env python3 -S -E "$@"\n')
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("there", ["no requests", "no Python"])
def test_what_is_missing_there_is_a_sentence(user: User, there: str) -> None:
    python = "/usr/bin/false" if there == "no Python" else str(bare_python(user))
    user.credentials(US1)
    hosts = HOSTS.replace("'{{ ansible_playbook_python }}'", python)
    tasks = get("here") + get("tried", session="a") + "  ignore_errors: true\n" + THERE
    tasks += info("asked", verify=True) + THERE + revoke("gone") + THERE + get("kept")
    run = user.play(tasks + dump("here", "tried", "asked", "gone", "kept"), "-vvvvv", "--limit", "h1", hosts=hosts).ok()
    for name in ("tried", "asked", "gone"):
        said = sentence(run.value(name))
        assert "bastion" in said and "requests" in said, said
        assert ("did not run there" in said) == (there == "no Python"), said
    assert run.value("kept")["access_token"] == run.value("here")["access_token"]
    assert len(user.emulator.connects()) == 1


@pytest.mark.brief
def test_what_reads_is_read_there_in_check_mode_also_with_a_new_token(user: User) -> None:
    user.credentials(FULL)
    path = "/devices/queries/devices/v1"
    read = "- falconops.auth.falcon_api: {path: " + path + "}\n" + THERE + "  register: "
    user.play(read + "issued\n" + dump("issued"), "--check", "--limit", "h1", hosts=HOSTS).ok()
    user.emulator.kill_tokens()
    run = user.play(read + "renewed\n" + dump("renewed"), "--check", "--limit", "h1", hosts=HOSTS).ok()
    assert run.value("renewed")["count"] == 30 and user.asked() == 2
    assert [each["status"] for each in user.emulator.requests(path=path)] == [200, 401, 200]


def test_the_environment_keyword_counts_there(user: User) -> None:
    user.credentials(US1)
    trust = {"HTTPS_PROXY": user.emulator.proxy, "REQUESTS_CA_BUNDLE": user.emulator.ca_path}
    play = (
        f"environment: {{HTTPS_PROXY: '{trust['HTTPS_PROXY']}', REQUESTS_CA_BUNDLE: '{trust['REQUESTS_CA_BUNDLE']}'}}"
    )
    env = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"))
    user.play(TOKEN, *LIMIT, play=play, hosts=HOSTS, env=env).ok()
    assert user.asked() == 1


def test_force_there(user: User) -> None:
    user.credentials(US1)
    forced = TOKEN.replace("falcon_token:", "falcon_token: {force: true}")
    user.play(forced + forced, *LIMIT, hosts=HOSTS).ok()
    assert user.asked() == 2


@pytest.mark.brief
@pytest.mark.secrecy
def test_check_mode_there_changes_nothing_and_says_what_it_would_do(user: User) -> None:
    user.credentials(US1)
    names = ("got", "live", "gone", "every", "given")
    tasks = get("got") + THERE + info("live", verify=True) + THERE + revoke("gone") + THERE
    tasks += revoke("every", all=True) + THERE + revoke("given", access_token="x" * 40) + THERE + dump(*names)
    args = ("-vvvvv", "--diff", "--check", "--limit", "h1")
    before = user.play(tasks, *args, hosts=HOSTS).ok()
    assert user.emulator.connects() == []
    of = f"of client {US1.client_id}."
    assert [(before.value(name)["changed"], before.value(name).get("msg")) for name in names] == [
        (True, f"Would ask https://api.crowdstrike.com for a new token {of}"),
        (False, None),
        (False, f"Would find nothing to revoke {of}"),
        (False, f"Would find nothing to revoke {of}"),
        (True, f"Would revoke 1 token {of}"),
    ]
    token = user.play(get("here") + dump("here")).ok().value("here")["access_token"]
    after = user.play(tasks, *args, hosts=HOSTS).ok()
    assert (after.value("got")["access_token"], after.value("live")["token"]) == (token, True)
    for name in names[2:]:
        assert (after.value(name)["changed"], after.value(name)["msg"]) == (True, f"Would revoke 1 token {of}")
    # Asking whether it is alive changes nothing, so that it is done.
    assert [(each["method"], each["status"]) for each in user.emulator.requests()] == [("POST", 201), ("GET", 200)]
    assert "AnsiballZ_falcon_token_info.py" in after.output and user.emulator.is_live(token)


@pytest.mark.brief
@pytest.mark.secrecy
def test_credentials_that_one_task_was_given_serve_what_is_delegated_after_it(user: User) -> None:
    user.vault("group_vars/all.yml", {"only_id": US1.client_id, "only_secret": US1.client_secret})
    tasks = get("first", client_id="{{ only_id }}", client_secret="{{ only_secret }}")
    tasks += get("member", member_cid=CHILD_A) + THERE + info("live", verify=True) + THERE
    tasks += "- dump: {lookup: \"{{ lookup('falconops.auth.falcon_token') }}\"}\n" + info("every", all=True) + THERE
    tasks += revoke("gone", all=True) + THERE + TRY + info("idle", verify=True) + THERE + info("here")
    tasks += "- debug: {msg: \"{{ lookup('falconops.auth.falcon_token') | length }}\"}\n  ignore_errors: true\n"
    tasks += "  register: looked\n"
    names = ("first", "member", "live", "every", "gone", "idle", "here", "looked")
    args = ("-vvvvv", "--diff", "--limit", "h1")
    run = user.play(tasks + dump(*names), *args, hosts=HOSTS).ok()
    assert (run.value("live")["token"], run.value("live")["member_cid"]) == (True, CHILD_A)
    assert run.value("lookup") == run.value("member")["access_token"] != run.value("first")["access_token"]
    assert len(run.value("every")["tokens"]) == len(run.value("gone")["revoked"]) == 2
    assert user.emulator.live_tokens() == []
    for told in (
        sentence(run.value("tried")),
        sentence(run.value("looked")),
        *(run.value(n)["msg"] for n in names[5:7]),
    ):
        assert "the context of host h1 was cleared by falcon_token_revoke" in told
    paths = [each["path"].rpartition("/")[2] for each in user.emulator.requests()]
    assert paths == ["token", "token", "v1", "revoke", "revoke"]


def test_a_refusal_here_is_no_answer_to_who_asks_from_there(user: User) -> None:
    """As where the client's IP allowlist has the bastion's address alone."""
    user.credentials(US1)
    user.emulator.fault("status", path="/oauth2/token", status=403)
    block = "- block:\n  - falconops.auth.falcon_token:\n  rescue:\n"
    user.play(block + textwrap.indent(TOKEN.strip(), "  "), "--limit", "h1", hosts=HOSTS).ok()
    assert [request["status"] for request in user.emulator.requests()] == [403, 201]


def test_a_refusal_there_is_not_repeated_for_every_host(user: User) -> None:
    user.vault("group_vars/all.yml", {"falcon_client_id": US1.client_id, "falcon_client_secret": WRONG_SECRET})
    hosts = HOSTS + "".join(f"more{number}\n" for number in range(8))
    run = user.play(TRY, "--limit", "!bastion", hosts=hosts.replace("[jump]\n", "")).ok()
    assert len(run.values("tried")) == 10
    assert user.asked() <= 2

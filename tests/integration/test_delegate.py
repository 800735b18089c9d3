# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task that is delegated to another machine asks from there, and the control node keeps the token."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from emulator.cast import US1, US2, WRONG_SECRET
from integration.harness import User
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
def test_no_process_list_shows_the_secret(user: User) -> None:
    user.credentials(US1)
    user.emulator.fault("delay", seconds=60)
    play = "- hosts: h1\n  gather_facts: false\n  tasks:\n" + textwrap.indent(TOKEN, "    ")
    started = user.start(play, hosts=HOSTS)
    user.emulator.wait_for_requests(1)
    seen = b""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            seen += path.read_bytes() + b"\n"
        except OSError:
            continue  # it has ended
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
    run = user.play(TRY, "-vvvvv", *LIMIT, hosts=hosts).ok()
    for result in run.values("tried"):
        said = sentence(result)
        assert "bastion" in said and "requests" in said, said
        assert ("did not run there" in said) == (there == "no Python"), said
    assert user.emulator.connects() == []


def test_the_environment_keyword_counts_there(user: User) -> None:
    user.credentials(US1)
    trust = {"HTTPS_PROXY": user.emulator.proxy, "REQUESTS_CA_BUNDLE": user.emulator.ca_path}
    play = (
        f"environment: {{HTTPS_PROXY: '{trust['HTTPS_PROXY']}', REQUESTS_CA_BUNDLE: '{trust['REQUESTS_CA_BUNDLE']}'}}"
    )
    env = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"))
    user.play(TOKEN, *LIMIT, play=play, hosts=HOSTS, env=env).ok()
    assert user.asked() == 1


def test_check_mode_and_force_there(user: User) -> None:
    user.credentials(US1)
    check = user.play(TRY, "--check", *LIMIT, hosts=HOSTS).ok()
    assert user.asked() == 0 and check.values("tried")[0]["changed"]
    forced = TOKEN.replace("falcon_token:", "falcon_token: {force: true}")
    user.play(forced + forced, *LIMIT, hosts=HOSTS).ok()
    assert user.asked() == 2


def test_a_refusal_there_is_not_repeated_for_every_host(user: User) -> None:
    user.vault("group_vars/all.yml", {"falcon_client_id": US1.client_id, "falcon_client_secret": WRONG_SECRET})
    hosts = HOSTS + "".join(f"more{number}\n" for number in range(8))
    run = user.play(TRY, "--limit", "!bastion", hosts=hosts.replace("[jump]\n", "")).ok()
    assert len(run.values("tried")) == 10
    assert user.asked() <= 2

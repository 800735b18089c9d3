# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network and a server can do: repeated where that helps, then one sentence, and nothing cached is lost."""

from __future__ import annotations

import re
import signal
import time

import pytest

from emulator.cast import GOV1, NOT_ALLOWED, UNKNOWN_CID, US1, WRONG_SECRET
from integration.harness import User, later
from integration.results import sentence

TOKEN = """
- falconops.auth.falcon_token:
  register: falcon
- dump: {token: "{{ falcon.access_token }}", changed: "{{ falcon.changed }}"}
"""
LOOKUP = "- dump: {token: \"{{ lookup('falconops.auth.falcon_token') }}\"}"
# In sessions apart, since a failure of the one would answer the other as well.
TRY = """
- falconops.auth.falcon_token:
  register: tried
  ignore_errors: true
- debug: {msg: "{{ lookup('falconops.auth.falcon_token', session='lookup') | length }}"}
  register: looked_up
  ignore_errors: true
- dump: {tried: "{{ tried }}", looked_up: "{{ looked_up }}"}
"""
GATEWAY = {"status": 502, "body": "<html><head><title>502 Bad Gateway</title></head></html>"}
PASSING = {
    "500": ("status", {}),
    "502 with HTML": ("status", GATEWAY),
    "503 without a body": ("status", {"status": 503, "body": ""}),
    "dropped": ("drop", {}),
    "truncated": ("truncate", {}),
    "hanging": ("hang", {"seconds": 30}),
    "too slow": ("drip", {"seconds": 30}),
}
# What the sentence says of it, and how many requests are made with one retry.
LASTING = {
    "500": ("status", {}, "500", 2),
    "502 with HTML": ("status", GATEWAY, "502", 2),
    "dropped": ("drop", {}, "connection", 2),
    "truncated": ("truncate", {}, "", 2),
    "hanging": ("hang", {"seconds": 30}, "within 1 seconds", 2),
    "throttled": ("throttle", {"seconds": 1}, "429", 2),
    "throttled for too long": ("throttle", {"seconds": 200}, "429", 1),
    "malformed": ("malformed", {}, "no token", 1),
    "wrong shape": ("shape", {}, "no token", 1),
    "HTML with 200": ("status", {"status": 200, "body": "<html>Log in</html>"}, "no token", 1),
    "no life": ("shape", {"body": {"access_token": "x" * 40, "token_type": "bearer"}}, "no token", 1),
    "oversize": ("oversize", {}, "", 2),
    "400": ("status", {"status": 400}, "400", 1),
    "401": ("status", {"status": 401}, "401", 1),
    "403": ("status", {"status": 403}, "403", 1),
    "404": ("status", {"status": 404, "body": "nothing here"}, "404", 1),
}


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_repeated(user: User, fault: str) -> None:
    kind, arguments = PASSING[fault]
    user.emulator.fault(kind, **arguments)
    user.credentials(US1, falcon_timeout=1 if fault in ("hanging", "too slow") else 10)
    run = user.play(TOKEN, hosts=3).ok()
    assert user.asked() == 2
    assert user.emulator.is_live(run.values("token")[0])
    user.emulator.fault(kind, **arguments)
    user.play(LOOKUP, play="vars: {falcon_session_name: another}").ok()
    assert user.asked() == 4


@pytest.mark.parametrize("fault", LASTING)
def test_what_lasts_is_one_sentence(user: User, fault: str) -> None:
    kind, arguments, words, requests = LASTING[fault]
    user.emulator.fault(kind, times=None, **arguments)
    user.credentials(US1, falcon_retries=1, falcon_timeout=1)
    run = user.play(TRY).ok()
    for result in (run.value("tried"), run.value("looked_up")):
        said = sentence(result)
        assert re.match(
            f"Asking https://api.crowdstrike.com for a token of client {US1.client_id}(, session lookup)? failed", said
        )
        assert words in said and said[-1] in ".?"
        assert "html" not in said.lower()
    assert user.asked() == 2 * requests


@pytest.mark.brief
def test_over_the_limit_everybody_waits_as_long_as_the_server_says(user: User) -> None:
    user.emulator.fault("throttle", seconds=3)
    user.credentials(US1)
    started = time.monotonic()
    run = user.play(TOKEN, "--forks=20", hosts=20).ok()
    assert time.monotonic() - started > 2
    assert user.asked() == 2
    assert len(run.values("token")) == 20 and len(set(run.values("token"))) == 1


def test_the_wait_counts_from_the_servers_clock(user: User) -> None:
    user.emulator.configure(clock_offset=-3600.0)
    user.emulator.fault("throttle", seconds=1)
    user.credentials(US1)
    started = time.monotonic()
    user.play(TOKEN).ok()
    assert time.monotonic() - started < 20
    assert user.asked() == 2


@pytest.mark.brief
def test_the_wrong_secret_never_gets_the_cached_token(user: User) -> None:
    user.credentials(US1)
    user.play(TOKEN).ok()
    user.vault("group_vars/all.yml", {"falcon_client_id": US1.client_id, "falcon_client_secret": WRONG_SECRET})
    run = user.play(TRY).ok()
    for result in (run.value("tried"), run.value("looked_up")):
        said = sentence(result)
        assert "403" in said and "access denied" in said and "belong together" in said and "X-Cs-Traceid" in said
    assert user.asked() == 3
    user.credentials(US1)
    user.play(TOKEN + LOOKUP).ok()
    assert user.asked() == 3


@pytest.mark.parametrize("door", ["module", "lookup"])
def test_fifty_hosts_with_a_wrong_secret_are_refused_once_or_twice(user: User, door: str) -> None:
    user.vault("group_vars/all.yml", {"falcon_client_id": US1.client_id, "falcon_client_secret": WRONG_SECRET})
    tasks = "- falconops.auth.falcon_token:"
    if door == "lookup":
        tasks = "- debug: {msg: \"{{ lookup('falconops.auth.falcon_token') | length }}\"}"
    run = user.play(tasks, "--forks=20", hosts=50).failed()
    assert 1 <= user.asked() <= 2
    assert run.says("access denied, authorization failed") >= 50


def test_what_is_no_refusal_is_asked_again_by_the_next_task(user: User) -> None:
    """A refusal holds for the run; a fault of the server, or of the way there, only for those who were waiting."""
    user.credentials(US1, falcon_retries=0)
    user.emulator.fault("status", times=2)
    tasks = f"""
- falconops.auth.falcon_token:
  register: falcon
  until: falcon is succeeded
  retries: 1
  delay: 0
  ignore_errors: true
{TOKEN}"""
    assert user.emulator.is_live(user.play(tasks).ok().value("token"))
    assert user.asked() == 3


@pytest.mark.parametrize("wrong", ["ca_path: no/such/file.pem", "proxy: 'http://127.0.0.1:9', retries: 0"])
def test_a_wrong_way_there_does_not_spoil_the_right_one(user: User, wrong: str) -> None:
    user.credentials(US1)
    tasks = f"""
- block:
    - falconops.auth.falcon_token: {{{wrong}}}
  rescue:
    - falconops.auth.falcon_token:
      register: falcon
- dump: {{token: "{{{{ falcon.access_token }}}}"}}
"""
    assert user.emulator.is_live(user.play(tasks).ok().value("token"))


@pytest.mark.brief
def test_a_refusal_by_one_cloud_is_not_that_of_another(user: User) -> None:
    user.credentials(GOV1)
    tasks = """
- block:
    - falconops.auth.falcon_token:
  rescue:
    - falconops.auth.falcon_token: {cloud: us-gov-1}
      register: falcon
- dump: {cloud: "{{ falcon.cloud }}"}
"""
    assert user.play(tasks).ok().value("cloud") == "us-gov-1"
    assert user.asked() == 2


def test_a_new_run_asks_again_after_a_refusal(user: User) -> None:
    user.vault("group_vars/all.yml", {"falcon_client_id": US1.client_id, "falcon_client_secret": WRONG_SECRET})
    for count in (1, 2):
        user.play(TOKEN).failed()
        assert user.asked() == count


def test_a_refusal_names_the_likely_causes(user: User) -> None:
    user.credentials(NOT_ALLOWED, falcon_session_name="guarded")
    assert "IP allowlist" in sentence(user.play(TRY).ok().value("tried"))
    user.credentials(US1, falcon_member_cid=UNKNOWN_CID)
    said = sentence(user.play(TRY).ok().value("tried"))
    assert f"member {UNKNOWN_CID}" in said and "child" in said


def test_a_failure_loses_nothing_that_is_cached(user: User) -> None:
    user.credentials(US1, falcon_retries=0)
    token = user.play(TOKEN).ok().value("token")
    user.emulator.fault("status", times=None)
    tasks = f"""
- falconops.auth.falcon_token: {{force: true}}
  ignore_errors: true
  register: forced
- dump: {{forced: "{{{{ forced }}}}"}}
{TOKEN}"""
    run = user.play(tasks).ok()
    assert "500" in sentence(run.value("forced"))
    assert run.value("token") == token
    assert user.asked() == 2


def test_a_token_that_cannot_be_renewed_is_used_while_it_lasts(user: User) -> None:
    user.credentials(US1, falcon_retries=0)
    token = user.play(TOKEN).ok().value("token")
    user.emulator.fault("status", times=None)
    # 249 seconds left: soon due, so that one asks. 199: less than min_ttl, and still more than 30 seconds.
    for count, ahead in ((2, 1550), (3, 1600)):
        run = user.play(TOKEN, "--forks=5", hosts=10, env=later(ahead)).ok()
        assert set(run.values("token")) == {token}
        assert run.says("could not be renewed and is used while it lasts; see why with -vvv") == 1
        assert user.asked() == count
    user.play(TOKEN, env=later(1780)).failed()


def test_a_refused_renewal_does_not_hand_out_the_old_token(user: User) -> None:
    user.credentials(US1, falcon_retries=0)
    user.play(TOKEN).ok()
    user.emulator.fault("status", status=403, times=None)
    user.play(TOKEN, env=later(1600)).failed()


def test_a_killed_asker_blocks_nobody(user: User) -> None:
    user.credentials(US1)
    user.emulator.fault("delay", seconds=60)
    started = user.start("- hosts: all\n  gather_facts: false\n  tasks: [{falconops.auth.falcon_token: }]\n", hosts=3)
    user.emulator.wait_for_requests(1, path="/oauth2/token")
    started.kill()
    begun = time.monotonic()
    run = user.play(TOKEN, hosts=3).ok()

    assert time.monotonic() - begun < 40  # the request alone takes 60
    assert user.asked() == 2
    assert user.emulator.is_live(run.values("token")[0])


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_stopped_while_it_asks_blocks_nobody(user: User, signum: signal.Signals) -> None:
    user.credentials(US1)
    user.emulator.fault("delay", seconds=60)
    started = user.start("- hosts: all\n  gather_facts: false\n  tasks: [{falconops.auth.falcon_token: }]\n", hosts=3)
    user.emulator.wait_for_requests(1, path="/oauth2/token")
    started.stop(signum)
    begun = time.monotonic()
    run = user.play(TOKEN, hosts=3).ok()
    # Before 2.19 ansible-core ends without its workers on SIGTERM: one of them is still asking, and the next run waits
    # for what it gets.
    if signum == signal.SIGINT or user.ansible.version >= (2, 19):
        assert time.monotonic() - begun < 40  # the request alone takes 60
    assert user.asked() == 2
    assert user.emulator.is_live(run.values("token")[0])
    assert "Traceback" not in started.wait().stderr


def test_no_proxy_there_is_a_sentence(user: User) -> None:
    user.credentials(US1, falcon_retries=0, falcon_proxy="http://127.0.0.1:9")
    run = user.play(TRY).ok()
    assert "proxy" in sentence(run.value("tried")) and "proxy" in sentence(run.value("looked_up"))
    user.credentials(US1, falcon_retries=0, falcon_proxy=f"http://somebody:{user.secret('pass' * 8)}@127.0.0.1:9")
    assert "proxy" in sentence(user.play(TRY).ok().value("tried"))

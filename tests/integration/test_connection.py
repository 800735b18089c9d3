# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""timeout, proxy, ca_path, validate_certs, hostname, and what of the environment counts."""

from __future__ import annotations

import time

import pytest

from emulator.cast import US1, US2
from integration.harness import User
from integration.results import sentence

TOKEN = """
- falconops.auth.falcon_token:
  register: falcon
- dump: {result: "{{ falcon }}"}
"""
LOOKUP = "- dump: {token: \"{{ lookup('falconops.auth.falcon_token') }}\"}"
TRY = """
- falconops.auth.falcon_token:
  register: tried
  ignore_errors: true
- debug: {msg: "{{ lookup('falconops.auth.falcon_token', session='lookup') | length }}"}
  register: looked_up
  ignore_errors: true
- dump: {tried: "{{ tried }}", looked_up: "{{ looked_up }}"}
"""
NO_TRUST = {"REQUESTS_CA_BUNDLE": None, "CURL_CA_BUNDLE": None, "SSL_CERT_FILE": None}
NO_PROXY = {"HTTPS_PROXY": None, "https_proxy": None}


@pytest.fixture
def wrong_ca(user: User, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The certificate of a CA that has nothing to do with the emulator's."""
    import trustme

    return str(user.write("wrong-ca.pem", trustme.CA().cert_pem.bytes().decode()))


@pytest.mark.brief
def test_ca_path_beats_the_environment(user: User, wrong_ca: str) -> None:
    user.credentials(US1)
    env = dict.fromkeys(NO_TRUST, wrong_ca)
    for ca_path, where in ((user.emulator.ca_path, "variable"), (user.emulator.ca_path, "argument")):
        argument = f"{{force: true, ca_path: {ca_path}}}" if where == "argument" else "{force: true}"
        more = () if where == "argument" else ("-e", f"falcon_ca_path={ca_path}")
        user.play(f"- falconops.auth.falcon_token: {argument}", *more, env=env).ok()
    user.play(LOOKUP, env={**env, "FALCON_CA_PATH": user.emulator.ca_path, "FALCON_SESSION": "lookup"}).ok()
    assert user.asked() == 3


@pytest.mark.brief
@pytest.mark.parametrize("trust", ["none", "wrong"])
def test_a_server_that_is_not_trusted_gets_nothing(user: User, wrong_ca: str, trust: str) -> None:
    user.credentials(US1)
    run = user.play(TRY, env=NO_TRUST if trust == "none" else dict.fromkeys(NO_TRUST, wrong_ca)).ok()
    for result in (run.value("tried"), run.value("looked_up")):
        said = sentence(result)
        assert "TLS certificate was not accepted" in said and "ca_path" in said
    assert user.emulator.requests() == []


@pytest.mark.parametrize("certificate", ["expired", "wrong-name", "self-signed"])
def test_a_bad_certificate_is_not_accepted(user: User, certificate: str) -> None:
    user.emulator.configure(certificate=certificate)
    user.credentials(US1)
    assert "TLS certificate was not accepted" in sentence(user.play(TRY).ok().value("tried"))
    assert user.emulator.requests() == []
    assert len(user.emulator.connects()) == 2, "asking again is of no use"


def test_validate_certs_switched_off(user: User) -> None:
    user.emulator.configure(certificate="self-signed")
    user.credentials(US1)
    run = user.play("- falconops.auth.falcon_token: {validate_certs: false}", env=NO_TRUST).ok()
    user.play("- falconops.auth.falcon_token: {force: true}", env={**NO_TRUST, "FALCON_VALIDATE_CERTS": "no"}).ok()
    assert user.asked() == 2
    assert "InsecureRequestWarning" not in run.output


def test_a_ca_path_that_is_not_there_is_a_sentence(user: User) -> None:
    user.credentials(US1)
    run = user.play(TRY, play="vars: {falcon_ca_path: no/such/file.pem}").ok()
    for result in (run.value("tried"), run.value("looked_up")):
        assert sentence(result).startswith("ca_path (variable falcon_ca_path) ")
    assert user.emulator.connects() == []


def test_a_ca_path_that_is_no_certificate_is_a_sentence(user: User) -> None:
    user.credentials(US1)
    user.write("no.pem", "not a certificate")
    said = sentence(user.play(TRY, play=f"vars: {{falcon_ca_path: {user.project}/no.pem}}").ok().value("tried"))
    assert "Asking https://api.crowdstrike.com" in said
    assert user.emulator.requests() == []


@pytest.mark.parametrize("way", ["argument", "variable", "FALCON_PROXY", "HTTPS_PROXY", "environment keyword"])
def test_the_proxy(user: User, way: str) -> None:
    user.credentials(US1)
    proxy = user.emulator.proxy
    dead = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    if way == "argument":
        user.play(f"- falconops.auth.falcon_token: {{proxy: '{proxy}'}}", env=dead).ok()
    elif way == "variable":
        user.play(LOOKUP, play=f"vars: {{falcon_proxy: '{proxy}'}}", env=dead).ok()
    elif way == "FALCON_PROXY":
        user.play(LOOKUP, env={**dead, "FALCON_PROXY": proxy}).ok()
    elif way == "HTTPS_PROXY":
        user.play(LOOKUP).ok()
    else:
        play = f"environment: {{HTTPS_PROXY: '{proxy}', https_proxy: '{proxy}'}}"
        user.play("- falconops.auth.falcon_token:", play=play, env=NO_PROXY).ok()
    assert user.asked() == 1
    assert [connect["status"] for connect in user.emulator.connects()] == [200]


def test_a_proxy_that_wants_a_password(user: User) -> None:
    user.emulator.configure(proxy_auth="somebody:opensesame-opensesame")
    user.credentials(US1, falcon_retries=0)
    said = sentence(user.play(TRY).ok().value("tried"))
    assert "proxy" in said
    password = user.secret("opensesame-opensesame")
    proxy = user.emulator.proxy.replace("//", f"//somebody:{password}@")
    user.credentials(US1, falcon_proxy=proxy)
    user.play(TOKEN, "-vvvvv").ok()
    user.credentials(US1, falcon_proxy=proxy.replace("somebody", "nobody"), falcon_retries=0, falcon_session_name="b")
    assert "proxy" in sentence(user.play(TRY, "-vvvvv").ok().value("tried"))


@pytest.mark.brief
def test_the_environment_keyword_reaches_the_module(user: User, wrong_ca: str) -> None:
    user.credentials(US2)
    ca_path = user.emulator.ca_path
    tasks = f"""
- falconops.auth.falcon_token:
  environment: {{FALCON_CLOUD: us-2, REQUESTS_CA_BUNDLE: "{ca_path}"}}
  register: falcon
- dump: {{result: "{{{{ falcon }}}}"}}
- falconops.auth.falcon_token: {{cloud: eu-1}}
  check_mode: true
  register: without
- dump: {{without: "{{{{ without.cloud }}}}"}}
"""
    play = "environment: {FALCON_CLOUD: eu-1, FALCON_SESSION: of-the-play}"
    run = user.play(tasks, play=play, env={**dict.fromkeys(NO_TRUST, wrong_ca), "FALCON_CLOUD": "us-1"}).ok()
    assert run.value("result")["session"] == "of-the-play"
    assert [request["host"] for request in user.emulator.requests()] == ["api.us-2.crowdstrike.com"]
    assert run.value("without") == "eu-1"


def test_a_netrc_does_not_speak_for_us(user: User) -> None:
    entries = "".join(
        f"machine {host} login somebody password wrong\n" for host in ("api.crowdstrike.com", "127.0.0.1")
    )
    (user.home / ".netrc").write_text(entries + "default login somebody password wrong\n")
    (user.home / ".netrc").chmod(0o600)
    user.credentials(US1)
    user.play(TOKEN).ok()
    user.play(TOKEN, play=f"vars: {{falcon_hostname: '{user.emulator.http_url}'}}").ok()
    assert [request["authorization"] for request in user.emulator.requests()] == [False, False]


def test_a_timeout_by_argument_variable_and_environment(user: User) -> None:
    user.emulator.fault("hang", seconds=60, times=None)
    user.credentials(US1)
    started = time.monotonic()
    for arguments, options in (
        ("{timeout: 1, retries: 0}", {}),
        ("", {"play": "vars: {falcon_timeout: 1, falcon_retries: 0}"}),
        ("", {"env": {"FALCON_TIMEOUT": "1", "FALCON_RETRIES": "0"}}),
    ):
        run = user.play(f"- falconops.auth.falcon_token: {arguments}", **options).failed()
        assert run.says("no answer came within 1 seconds") >= 1
    assert time.monotonic() - started < 25
    assert user.asked() == 3


@pytest.mark.brief
def test_plain_http_is_for_this_machine_only(user: User) -> None:
    user.credentials(US1, falcon_hostname=user.emulator.http_url)
    run = user.play(TOKEN + LOOKUP).ok()
    assert run.value("result")["hostname"] == user.emulator.http_url
    assert run.value("result")["cloud"] is None
    assert run.value("result")["auth"]["cloud"] == user.emulator.http_url
    assert user.asked() == user.asked(listener="http") == 1
    user.credentials(US1, falcon_hostname="http://192.0.2.1")
    run = user.play(TRY).ok()
    assert sentence(run.value("tried")) == sentence(run.value("looked_up"))
    assert "http:// is for loopback only" in sentence(run.value("tried"))


def test_a_client_that_is_sent_on_from_another_host_is_not_followed_there(user: User) -> None:
    """A host of the user's own choice may send on to CrowdStrike's clouds, as they do themselves."""
    user.credentials(US2, falcon_hostname=user.emulator.http_url)
    run = user.play(TOKEN).ok()
    assert run.value("result")["cloud"] == "us-2"
    assert [request["status"] for request in user.emulator.requests()] == [308, 201]

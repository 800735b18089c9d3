# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""timeout, proxy, ca_path, validate_certs, hostname, and what of the environment counts."""

from __future__ import annotations

import contextlib
import re
import time

import pytest

from emulator.cast import US1, US2
from emulator.tokens import sha256
from integration.harness import User
from integration.lives import dump, get, info, revoke
from integration.results import sentence
from integration.secrecy import Detector
from integration.wiretap import Wiretap

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
        assert said.startswith(f"Asking https://api.crowdstrike.com for a token of client {US1.client_id}")
        assert "its TLS certificate was not accepted: unable to get local issuer certificate" in said
        assert said.endswith("; see ca_path.")
    assert user.emulator.requests() == []


def test_curl_ca_bundle_counts_where_requests_ca_bundle_does_not_stand(user: User, wrong_ca: str) -> None:
    user.credentials(US1)
    curl = {**NO_TRUST, "CURL_CA_BUNDLE": user.emulator.ca_path}
    assert user.play(TRY, env=curl).ok().value("tried").get("failed") is not True
    run = user.play(TRY, env={**curl, "REQUESTS_CA_BUNDLE": wrong_ca, "FALCON_SESSION": "another"}).ok()
    assert "TLS certificate was not accepted" in sentence(run.value("tried"))


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ("expired", "certificate has expired"),
        ("wrong-name", "Hostname mismatch, certificate is not valid for 'api.crowdstrike.com'."),
        # To OpenSSL, the CA of one that is signed by itself is another one that it does not know.
        ("self-signed", "unable to get local issuer certificate"),
    ],
)
def test_a_bad_certificate_is_not_accepted(user: User, certificate: str, reason: str) -> None:
    user.emulator.configure(certificate=certificate)
    user.credentials(US1)
    run = user.play(TRY).ok()
    for name in ("tried", "looked_up"):
        said = sentence(run.value(name))
        assert said.startswith("Asking https://api.crowdstrike.com for a token of client ")
        assert f"its TLS certificate was not accepted: {reason}; see ca_path." in said
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


HTML = b"<html><head><title>Sign in to the hotel's network</title></head></html>"
# What somebody on the way answers to CONNECT, and what is said of it.
ON_THE_WAY = {
    "HTML in place of a proxy": (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(HTML), HTML),
        "the TLS connection broke off; check proxy and what else stands between here and the API",
    ),
    "a refusal in HTML": (
        b"HTTP/1.1 403 Sign in\r\nContent-Type: text/html\r\n\r\n" + HTML,
        "the way through the proxy failed: 403 Forbidden; check proxy or HTTPS_PROXY",
    ),
    "a password that is wanted": (
        b"HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm=x\r\n\r\n",
        "the way through the proxy failed: 407 Proxy Authentication Required; check proxy or HTTPS_PROXY",
    ),
    "no HTTP": (
        HTML,
        "the connection failed: what answered does not speak HTTP; check hostname, proxy and the network",
    ),
}


@pytest.mark.brief
def test_proxies_of_the_environment_that_are_none(user: User) -> None:
    """A dead one, and those that answer in HTML or want a password: each is a sentence, and none is sent the secret."""
    user.credentials(US1, falcon_retries=0)
    with contextlib.ExitStack() as stack:
        taps = {name: stack.enter_context(Wiretap(answer=answer)) for name, (answer, _said) in ON_THE_WAY.items()}
        proxies = {**{name: tap.url for name, tap in taps.items()}, "a dead one": "http://127.0.0.1:9"}
        tasks = "".join(
            f"- falconops.auth.falcon_token:\n  environment: {{HTTPS_PROXY: '{proxy}', https_proxy: '{proxy}'}}\n"
            f"  register: tried\n  ignore_errors: true\n- dump: {{'{name}': '{{{{ tried }}}}'}}\n"
            for name, proxy in proxies.items()
        )
        run = user.play(tasks).ok()
    told = {name: said for name, (_answer, said) in ON_THE_WAY.items()}
    told["a dead one"] = "the way through the proxy failed: Connection refused; check proxy or HTTPS_PROXY"
    for name, said in told.items():
        whole = sentence(run.value(name))
        start = f"Asking https://api.crowdstrike.com for a token of client {US1.client_id} failed: {said}"
        assert whole.startswith(start) and "html" not in whole.lower(), whole
    for tap in taps.values():
        assert tap.heard.startswith(b"CONNECT api.crowdstrike.com:443 HTTP/1.")
        assert US1.client_secret.encode() not in tap.heard


DEAD = "http://127.0.0.1:9"


def test_no_proxy_counts_for_the_environments_proxy_and_not_for_the_option(user: User) -> None:
    user.credentials(US1, falcon_retries=0)
    dead = {"HTTPS_PROXY": DEAD, "https_proxy": DEAD}
    direct = {"NO_PROXY": "api.crowdstrike.com", "no_proxy": "api.crowdstrike.com"}
    # Without a proxy there is no such host.
    for env, said in ((dead, "proxy failed"), ({**dead, **direct}, "the connection failed: ")):
        assert said in sentence(user.play(TRY, env=env).ok().value("tried"))
    run = user.play(TRY, env={**dead, **direct, "FALCON_PROXY": user.emulator.proxy}).ok()
    assert not [name for name in ("tried", "looked_up") if run.value(name)["failed"]] and user.asked() == 2


def test_what_is_asked_in_the_clear_does_not_leave_this_machine(user: User) -> None:
    user.credentials(US1, falcon_hostname=user.emulator.http_url, falcon_retries=0)
    proxies = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "FALCON_PROXY"), DEAD)
    run = user.play(TRY, env={**proxies, "NO_PROXY": None, "no_proxy": None}).ok()
    assert not [name for name in ("tried", "looked_up") if run.value(name)["failed"]] and user.asked() == 2


@pytest.mark.brief
def test_all_that_others_hear_of_the_life_of_a_token(user: User) -> None:
    """At the socket: whom we ask is in the clear, and nothing else. Nobody is asked but the clouds."""
    user.credentials(US2)
    user.emulator.configure(strangers=["evil.example.com"])
    life = get("first") + info("asked", verify=True) + revoke("gone") + dump("first")
    with Wiretap(user.emulator.proxy) as tap:
        token = (
            user.play(life, env={"HTTPS_PROXY": tap.url, "https_proxy": tap.url}).ok().value("first")["access_token"]
        )
        user.emulator.fault("redirect", url="https://evil.example.com/oauth2/token", times=None)
        run = user.play(TRY, env={"HTTPS_PROXY": tap.url, "https_proxy": tap.url}).ok()
    assert "evil.example.com" in sentence(run.value("tried"))
    clouds = ("api.crowdstrike.com", "api.us-2.crowdstrike.com")
    assert set(re.findall(rb"CONNECT (\S+)", tap.heard)) == {f"{host}:443".encode() for host in clouds}
    Detector({"the secret": US2.client_secret, "the id": US2.client_id, "the token": token}).check(
        tap.heard, "the wire"
    )
    sent = {(each["host"], each["secret_sha256"]) for each in user.emulator.requests() if each["secret_sha256"]}
    assert sent == {(host, sha256(US2.client_secret)) for host in clouds}


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
    user.play(TOKEN + info("asked", verify=True) + revoke("gone") + dump("asked", "gone")).ok()
    user.play(TOKEN, play=f"vars: {{falcon_hostname: '{user.emulator.http_url}'}}").ok()
    requests = user.emulator.requests()
    # None where we send none, and ours where we send one: the API took it.
    assert [request["authorization"] for request in requests] == [False, True, True, False]
    assert [request["status"] for request in requests] == [201, 200, 200, 201]


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

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client is sent on to its own cloud, and its secret to nobody else's host."""

from __future__ import annotations

import pytest

from emulator.cast import EU1, GOV1, US2, US3
from integration.harness import User
from integration.results import sentence

BOTH = """
- dump: {auth: "{{ lookup('falconops.auth.falcon_token', format='auth') }}"}
- falconops.auth.falcon_token:
  register: falcon
- dump: {result: "{{ falcon }}"}
"""
TRY = """
- falconops.auth.falcon_token:
  register: tried
  ignore_errors: true
- debug: {msg: "{{ lookup('falconops.auth.falcon_token', session='of-the-lookup') | length }}"}
  register: looked_up
  ignore_errors: true
- dump: {tried: "{{ tried }}", looked_up: "{{ looked_up }}"}
"""


@pytest.mark.brief
def test_a_us_2_client_asked_at_the_default_cloud(user: User) -> None:
    user.credentials(US2)
    first = user.play(BOTH).ok()
    assert [(request["host"], request["status"]) for request in user.emulator.requests()] == [
        ("api.crowdstrike.com", 308),
        ("api.us-2.crowdstrike.com", 201),
    ]
    result = first.value("result")
    assert (result["cloud"], result["hostname"]) == ("us-2", "https://api.us-2.crowdstrike.com")
    assert first.value("auth") == result["auth"] == {"access_token": result["access_token"], "cloud": "us-2"}

    default = user.play(BOTH).ok()
    named = user.play(BOTH, play="vars: {falcon_cloud: us-2}").ok()
    by_url = user.play(BOTH, env={"FALCON_HOSTNAME": "https://API.us-2.crowdstrike.com:443/"}).ok()
    for run in (default, named, by_url):
        assert run.value("result")["access_token"] == run.value("auth")["access_token"] == result["access_token"]
        assert run.value("result")["cloud"] == "us-2"
    assert user.asked() == 2


def test_a_renewal_goes_straight_to_the_cloud_that_is_known_by_now(user: User) -> None:
    user.credentials(US2)
    user.play("- falconops.auth.falcon_token:").ok()
    user.play("- falconops.auth.falcon_token: {force: true}").ok()
    assert [request["host"] for request in user.emulator.requests()][2:] == ["api.us-2.crowdstrike.com"]


def test_a_cloud_that_falconpy_does_not_know_stands_in_auth_as_its_url(user: User) -> None:
    user.credentials(US3)
    run = user.play(BOTH).ok()
    assert run.value("auth")["cloud"] == "https://api.us-3.crowdstrike.com"
    assert run.value("result")["cloud"] == "us-3"


def test_a_government_client_must_name_its_cloud(user: User) -> None:
    user.credentials(GOV1)
    said = sentence(user.play(TRY).ok().value("tried"))
    assert "403" in said and "us-1" in said
    user.emulator.reset()
    run = user.play(BOTH, play="vars: {falcon_cloud: us-gov-1}").ok()
    assert run.value("result")["cloud"] == "us-gov-1"
    assert [request["host"] for request in user.emulator.requests()] == ["api.laggar.gcw.crowdstrike.com"]


@pytest.mark.parametrize(
    ("target", "named"),
    [
        pytest.param("https://evil.example.com/oauth2/token", "https://evil.example.com", marks=pytest.mark.brief),
        ("https://api.crowdstrike.com.evil.example.com/oauth2/token", "https://api.crowdstrike.com.evil.example.com"),
        ("https://api.crowdstrike.com@evil.example.com/oauth2/token", "evil.example.com"),
        ("//evil.example.com/oauth2/token", "https://evil.example.com"),
        ("http://api.us-2.crowdstrike.com/oauth2/token", "http://api.us-2.crowdstrike.com"),
        ("https://api.us-2.crowdstrike.com:8443/oauth2/token", "https://api.us-2.crowdstrike.com:8443"),
        ("file:///etc/passwd", "file://"),
    ],
)
def test_a_redirect_to_a_stranger_is_refused(user: User, target: str, named: str) -> None:
    strangers = ["evil.example.com", "api.crowdstrike.com.evil.example.com"]
    user.emulator.configure(strangers=strangers)
    user.emulator.fault("redirect", url=target, times=None)
    user.credentials(US2)
    run = user.play(TRY).ok()
    for result in (run.value("tried"), run.value("looked_up")):
        said = sentence(result)
        assert "Asking https://api.crowdstrike.com" in said and "redirected" in said and named in said
    assert {request["host"] for request in user.emulator.requests()} == {"api.crowdstrike.com"}
    assert {connect["target"] for connect in user.emulator.connects()} == {"api.crowdstrike.com:443"}
    # A refusal is not repeated: once by the task, once by the lookup.
    assert user.asked() == 2


@pytest.mark.parametrize("status", [301, 302, 303])
def test_another_kind_of_redirect_is_not_followed(user: User, status: int) -> None:
    user.emulator.fault("redirect", url="https://api.us-2.crowdstrike.com/oauth2/token", status=status, times=None)
    user.credentials(US2)
    said = sentence(user.play(TRY).ok().value("tried"))
    assert str(status) in said
    assert {request["host"] for request in user.emulator.requests()} == {"api.crowdstrike.com"}


def test_a_redirect_that_is_no_url_is_a_sentence(user: User) -> None:
    user.emulator.fault("redirect", url="https://[evil/oauth2/token", times=None)
    user.credentials(US2)
    assert "Asking https://api.crowdstrike.com" in sentence(user.play(TRY).ok().value("tried"))
    assert {connect["target"] for connect in user.emulator.connects()} == {"api.crowdstrike.com:443"}


def test_clouds_that_send_the_client_back_and_forth_are_left(user: User) -> None:
    user.emulator.fault("redirect", host="api.eu-1.*", url="https://api.crowdstrike.com/oauth2/token", times=None)
    user.credentials(EU1)
    said = sentence(user.play(TRY).ok().value("tried"))
    assert "redirected again and again" in said
    assert user.asked() <= 6

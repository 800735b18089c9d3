# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib

import pytest
from ansible_collections.falconops.auth.plugins.module_utils import _client
from ansible_collections.falconops.auth.plugins.module_utils._clouds import CLOUDS
from ansible_collections.falconops.auth.tests.unit.examples import CLIENT, ID, MEMBER, SECRET, US2
from hypothesis import given
from hypothesis import strategies as st

GOOD_HOSTS = {
    "https://api.us-2.crowdstrike.com": "https://api.us-2.crowdstrike.com",
    "https://api.us-2.crowdstrike.com/": "https://api.us-2.crowdstrike.com",
    "  HTTPS://API.US-2.CrowdStrike.com  ": "https://api.us-2.crowdstrike.com",
    "https://api.crowdstrike.com:443": "https://api.crowdstrike.com",
    "https://api.example:8443/": "https://api.example:8443",
    "https://api.example:": "https://api.example",
    "https://192.0.2.7": "https://192.0.2.7",
    "https://[2001:DB8::1]:8443": "https://[2001:db8::1]:8443",
    "http://127.0.0.1:8080": "http://127.0.0.1:8080",
    "http://127.9.9.9": "http://127.9.9.9",
    "http://localhost:80/": "http://localhost",
    "http://[::1]:8080": "http://[::1]:8080",
}
BAD_HOSTS = {
    "": "must be the full URL of an API host, such as https://api.us-2.crowdstrike.com",
    "us-2": "must be the full URL",
    "api.us-2.crowdstrike.com": "must be the full URL",
    "//api.crowdstrike.com": "must be the full URL",
    "https://": "must be the full URL",
    "https://:443": "must be the full URL",
    "ftp://api.example": "must be the full URL",
    "https://api.example:99999": "must be the full URL",
    "https://api.example:port": "must be the full URL",
    "https://[::1": "must be the full URL",
    "https://[fe80::1%25eth0]": "must be the full URL",
    "https://api example": "holds white space or control characters",
    "https://api_1.example": "must be the full URL",
    "https://bücher.example": "must be the full URL",
    "https://ap{{ i }}": "holds white space or control characters",
    "https://ap{{i}}": "must be the full URL",
    "https://api\t.example": "holds white space or control characters",
    "https://api.exa\nmple": "holds white space or control characters",
    "https://api\x00.example": "holds white space or control characters",
    "https://api\u00a0.example": "holds white space or control characters",
    "https://api\u202e.example": "holds white space or control characters",
    "https://api.example/oauth2/token": "without a path or a query",
    "https://api.example?": "without a path or a query",
    "https://api.example/?a=b": "without a path or a query",
    "https://api.example#top": "without a path or a query",
    "https://me:hunter2@api.example": "without a user or a password",
    "https://me@api.example": "without a user or a password",
    "https://@api.example": "without a user or a password",
    "http://api.crowdstrike.com": "must begin with https://",
    "http://localhost.example": "must begin with https://",
    "http://127.0.0.1.example": "must begin with https://",
    "http://10.0.0.1": "must begin with https://",
    "http://0.0.0.0": "must begin with https://",
    "http://[2001:db8::1]": "must begin with https://",
}
BAD_SECRETS = {
    "": "is empty",
    "{{ vault_secret }}": "is a template that was not rendered",
    "{% if true %}a{% endif %}": "is a template that was not rendered",
    "hunter2\n": "white space or control characters",
    " hunter2": "white space or control characters",
    "pas ted": "white space or control characters",
    "pas\x00ted": "white space or control characters",
    "pas\xa0ted": "white space or control characters",
    "pas\u200bted": "white space or control characters",
    "pässword": "characters that no API client's secret has",
}
CHECKS = [
    _client.check_client_id,
    _client.check_client_secret,
    _client.check_member_cid,
    _client.check_cloud,
    _client.check_hostname,
    _client.check_session,
]
HEX = st.text("0123456789abcdefABCDEF", min_size=30, max_size=34)
URLS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["https://", "http://", "HTTPS://", "//", ""]),
    st.sampled_from(["localhost", "[::1]", "127.0.0.1", "api.example", "Ä", "\u212aelvin", "[", "u@"])
    | st.text(max_size=9),
    st.sampled_from(["", ":0", ":80", ":443", ":٣", ":x", ":"]),
    st.sampled_from(["", "/", "?", "#", "/path", "\n"]),
)


@pytest.mark.parametrize(("given_url", "url"), GOOD_HOSTS.items())
def test_hostname_in_its_normal_form(given_url, url):
    assert _client.check_hostname(given_url) == url


@pytest.mark.parametrize(("url", "complaint"), BAD_HOSTS.items())
def test_hostname_refused(url, complaint):
    with pytest.raises(ValueError) as caught:
        _client.check_hostname(url)
    assert complaint in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_client_id_in_its_normal_form():
    assert _client.check_client_id(f" {ID.upper()}\n") == ID


@pytest.mark.parametrize("value", ["", ID[:-1], ID + "0", ID[:-1] + "g", ID[:16] + "\n" + ID[17:], "٣" * 32, SECRET])
def test_client_id_refused(value):
    with pytest.raises(ValueError, match="must be the 32 hexadecimal digits of an API client's id$"):
        _client.check_client_id(value)


@pytest.mark.parametrize("value", [MEMBER, MEMBER.upper(), f"{MEMBER}-4F", f"{MEMBER.upper()}-0a", f" {MEMBER}-12\n"])
def test_member_with_or_without_its_checksum(value):
    assert _client.check_member_cid(value) == MEMBER


@pytest.mark.parametrize(
    "value", ["", MEMBER[1:], f"{MEMBER}-", f"{MEMBER}-1", f"{MEMBER}-123", f"{MEMBER}-12-34", f"{MEMBER}-zz"]
)
def test_member_refused(value):
    with pytest.raises(ValueError, match="must be the 32 hexadecimal digits of a customer id"):
        _client.check_member_cid(value)


@pytest.mark.parametrize(("value", "complaint"), BAD_SECRETS.items())
def test_secret_refused_without_repeating_it(value, complaint):
    with pytest.raises(ValueError) as caught:
        _client.check_client_secret(value)
    assert complaint in str(caught.value)
    assert not value or value not in str(caught.value)


@pytest.mark.parametrize("value", [SECRET, "a", "~!@#$%^&*()-+=|[]{}:;<>,.?/"])
def test_secret_of_any_shape_is_taken_as_it_is(value):
    assert _client.check_client_secret(value) == value


def test_cloud_becomes_its_url():
    assert _client.check_cloud("us-2") == US2


@pytest.mark.parametrize("value", ["US-2", "us2", "", "autodiscover"])
def test_unknown_cloud_lists_the_known(value):
    with pytest.raises(ValueError, match=f"must be one of {', '.join(CLOUDS)}; for another host"):
        _client.check_cloud(value)


@pytest.mark.parametrize("value", ["1", "pipeline-42", "group/project:job@7+x.y_z", "s" * 128])
def test_session_taken(value):
    assert _client.check_session(value) == value


@pytest.mark.parametrize("value", ["", " ", "a b", "s" * 129, "a\n", "ä", "{{ x }}"])
def test_session_refused(value):
    with pytest.raises(ValueError, match="must be 1 to 128 letters, digits and characters of"):
        _client.check_session(value)


@given(value=st.text() | HEX | URLS | st.sampled_from(list(CLOUDS)))
def test_a_check_raises_nothing_but_valueerror_and_takes_its_own_result(value):
    for check in CHECKS:
        with contextlib.suppress(ValueError):
            normal = check(value)
            # A cloud's name becomes the value of another option.
            again = _client.check_hostname if check is _client.check_cloud else check
            assert again(normal) == normal


@given(value=st.text(min_size=6).map(lambda text: f"{text}{SECRET}{text}"))
def test_no_check_repeats_what_it_refuses(value):
    for check in CHECKS:
        try:
            check(value)
        except ValueError as error:
            assert SECRET not in str(error)


def test_a_client_hides_its_secret():
    assert SECRET not in repr(CLIENT)
    assert SECRET not in str(CLIENT)


@pytest.mark.parametrize(
    ("name", "member", "text"),
    [
        (None, None, f"client {ID}"),
        ("production", None, f"client 'production' ({ID})"),
        (None, MEMBER, f"client {ID}, member {MEMBER}"),
        ("production", MEMBER, f"client 'production' ({ID}), member {MEMBER}"),
    ],
)
def test_a_client_as_messages_name_it(name, member, text):
    client = _client.Client(ID, SECRET, US2, member_cid=member, name=name)
    assert str(client) == text


def test_a_client_at_another_host_is_the_same_client():
    client = _client.Client(ID, SECRET, "https://api.example", member_cid=MEMBER, session="s", name="n")
    assert client.cloud is None
    moved = client.at(US2)
    assert (moved.hostname, moved.cloud) == (US2, "us-2")
    assert moved.at("https://api.example") == client

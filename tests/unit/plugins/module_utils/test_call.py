# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of what may be asked for, and of what only reads."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
import requests
from ansible_collections.falconops.auth.plugins.module_utils._call import (
    Call,
    check_headers,
    check_params,
    check_path,
    only_reads,
)
from ansible_collections.falconops.auth.tests.unit.examples import US1
from hypothesis import given
from hypothesis import strategies as st

PATHS = [
    "/devices/queries/devices/v1",
    "/humio/api/v1/repositories/search-all/queryjobs/a%20b",
    "/a/b:c/d;e=f,g/",
    "/a/...b/c~1",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_asked_as_it_stands(path):
    assert check_path(path) == path
    prepared = requests.Request("GET", US1 + path).prepare()
    assert prepared.url == US1 + path


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("devices/queries/devices/v1", "must begin with /"),
        ("https://evil.example.com/devices", "must begin with /"),
        ("@evil.example.com/devices", "must begin with /"),
        (" /devices", "must begin with /"),
        ("/a?b=c", "give it by params"),
        ("/a#b", "give it by params"),
        ("//evil.example.com/a", "is not a path"),
        ("/a//b", "is not a path"),
        ("/../a", "is not a path"),
        ("/a/./b", "is not a path"),
        ("/a/..", "is not a path"),
        ("/a/%2e%2E/b", "is not a path"),
        ("/a%2fb", "is not a path"),
        ("/a%5cb", "is not a path"),
        ("/a\\b", "is not a path"),
        ("/a\r\nHost: b", "is not a path"),
        ("/a%0d%0ab", "is not a path"),
        ("/a%00", "is not a path"),
        ("/a b", "is not a path"),
        ("/a%zz", "is not a path"),
        ("/a@b", "is not a path"),
        ("/devices/{id}", "is not a path"),
        ("/a\u00e4", "is not a path"),
        ("/\uff0foauth2", "is not a path"),
        ("/oauth2/token", "about tokens"),
        ("/OAuth2/revoke", "about tokens"),
        ("/%6fauth2/token", "about tokens"),
        ("/oauth2;a=b/token", "about tokens"),
        ("/oauth2", "about tokens"),
    ],
)
def test_a_path_that_leads_anywhere_else(path, complaint):
    with pytest.raises(ValueError, match=complaint):
        check_path(path)


@given(st.text(st.characters(max_codepoint=0x17F), max_size=20).map("/".__add__) | st.from_regex(r"/[/.%a-f0-9@\\]*"))
def test_no_path_leads_to_another_host_or_to_tokens(path):
    try:
        checked = check_path(path)
    except ValueError:
        return
    parts = urlsplit(requests.Request("GET", US1 + checked).prepare().url)
    assert f"{parts.scheme}://{parts.netloc}" == US1
    assert not parts.path.lower().startswith("/oauth2") and "/../" not in f"{parts.path}/"
    assert (parts.query, parts.fragment) == ("", "")


@pytest.mark.parametrize(
    ("headers", "complaint"),
    [
        ({"Authorization": "Bearer x"}, "must not set Authorization"),
        ({"HOST": "evil"}, "must not set HOST"),
        ({"Cookie": "a"}, "must not set"),
        ({"content-length": 7}, "must not set"),
        ({"Transfer-Encoding": "chunked"}, "must not set"),
        ({"Proxy-Authorization": "a"}, "must not set"),
        ({"A": "b\r\nAuthorization: c"}, "that HTTP does not know"),
        ({"A: b\r\nC": "d"}, "that HTTP does not know"),
        ({"": "a"}, "that HTTP does not know"),
        ({"A": "\u00e4"}, "that HTTP does not know"),
    ],
)
def test_headers_that_are_not_the_users(headers, complaint):
    with pytest.raises(ValueError, match=complaint):
        check_headers(headers)


def test_headers_and_params_as_they_are():
    assert check_headers({"X-CS-USERUUID": 7}) == {"X-CS-USERUUID": "7"}
    params = {"ids": ["a", 1], "b": True, "c": None, "d": 1.5}
    assert check_params(params) == params


@pytest.mark.parametrize("value", [{"a": 1}, [["a"]], [{}]])
def test_params_that_no_query_can_hold(value):
    with pytest.raises(ValueError, match="filter is something else"):
        check_params({"limit": 1, "filter": value})


@pytest.mark.parametrize(
    ("method", "path", "reads"),
    [
        ("GET", "/devices/queries/devices/v1", True),
        ("HEAD", "/devices/queries/devices/v1", True),
        ("POST", "/devices/entities/devices/v2", True),
        ("POST", "/alerts/entities/alerts/v2", True),
        ("POST", "/alerts/combined/alerts/v1", True),
        ("POST", "/detects/aggregates/detects/GET/v1", True),
        ("POST", "/mssp/entities/children/GET/v2", True),
        ("POST", "/devices/queries/x/v1", True),
        ("POST", "/devices/entities/get/v1", False),
        ("POST", "/real-time-response/combined/batch-command/v1", False),
        ("POST", "/real-time-response-admin/combined/x/v1", False),
        ("POST", "/real%2Dtime-response/combined/batch-command/v1", False),
        ("POST", "/policy/combined/reveal-uninstall-token/v1", False),
        ("POST", "/identity-protection/combined/graphql/v1", False),
        ("POST", "/devices/entities/devices-actions/v2", False),
        ("PATCH", "/devices/entities/devices/v2", False),
        ("PUT", "/a/queries/b/v1", False),
        ("DELETE", "/a/combined/b/v1", False),
    ],
)
def test_what_only_reads(method, path, reads):
    assert only_reads(method, path) is reads


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        ("/policy/combined/reveal-uninstall-token/v1", True),
        ("/policy/combined/reveal%2Duninstall-token/v1", True),
        ("/policy/combined/increment-uninstall-token/v1", True),
        ("/api-clients/entities/api-clients/v1", True),
        ("/api-clients/entities/api-clients-actions/v1", True),
        ("/api-clients/queries/api-clients/v1", False),
        ("/sensors/entities/datafeed/v2", True),
        ("/sensors/entities/datafeed-actions/v1/0", False),
        ("/ngsiem/entities/connections/token/v1", True),
        ("/installation-tokens/entities/tokens/v1", True),
        ("/kubernetes-protection/entities/integration/api-key/v1", True),
        ("/container-security/entities/image-registry-credentials/v1", True),
        ("/devices/queries/devices/v1", False),
    ],
)
def test_answers_that_are_secrets(path, secret):
    assert Call("POST", path).tells_secrets is secret


def test_a_call_shows_no_body():
    assert "s3cret" not in repr(Call("POST", "/a", body={"b": "s3cret"}))

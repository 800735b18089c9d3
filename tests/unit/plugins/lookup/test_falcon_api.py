# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the lookup, loaded as users load it; HTTP is faked and nothing nearer."""

from __future__ import annotations

import pytest
import responses
from ansible.errors import AnsibleLookupError
from ansible.plugins.loader import lookup_loader
from ansible_collections.falconops.auth.tests.unit.controller import loader_with, templar_of
from ansible_collections.falconops.auth.tests.unit.examples import ID, ISSUED, SECRET, TOKEN_TEXT, US1

PATH, OTHER = "/devices/queries/devices/v1", "/devices/combined/devices/v1"
UPLOAD = {"body_format": "multipart", "body": {"sample": {"src": "x"}}}
WHO = {"falcon_client_id": ID, "falcon_client_secret": SECRET}


@pytest.fixture
def server():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(f"{US1}/oauth2/token", json=ISSUED, status=201)
        mock.get(US1 + PATH, json={"resources": ["a", "b"], "meta": {"pagination": {"offset": 0, "total": 3}}})
        mock.get(US1 + OTHER, json={"resources": [{"n": f"{TOKEN_TEXT}"}], "meta": {}})
        yield mock


def lookup(*terms, variables=None, **options):
    variables = {"inventory_hostname": "web1", **(WHO if variables is None else variables)}
    loader = loader_with()
    plugin = lookup_loader.get("falconops.auth.falcon_api", loader=loader, templar=templar_of(variables, loader))
    return plugin.run(list(terms), variables=variables, **options)


def failure(*terms, **options):
    with pytest.raises(AnsibleLookupError) as caught:
        lookup(*terms, **options)
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    return str(caught.value)


def test_the_resources_of_all_terms(server, said):
    assert lookup(PATH, OTHER, PATH) == ["a", "b", {"n": "***"}, "a", "b"]
    assert sum(call.request.url.endswith("/oauth2/token") for call in server.calls) == 1
    assert [line for line in said if "gave 2 of 3 items" in line]


def test_what_a_query_finds(server, said):
    assert lookup(PATH, query="resources | [0]") == ["a"]
    assert lookup(PATH, query="total") == [3]
    assert lookup(PATH, query="resources[?@=='z']") == []


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ({"json": {"data": 1}}, [{"data": 1}]),
        ({"json": [1, 2]}, [1, 2]),
        ({"body": "a report"}, ["a report"]),
        ({"json": {"resources": {"events": [1]}}}, [{"events": [1]}]),
        ({"json": {"resources": None}}, []),
        ({"json": {"meta": {}, "errors": [], "resources": ["a", "b"], "quota": 1}}, ["a", "b"]),
        ({"json": {"meta": {}, "Resources": [], "quota": 1}}, []),
        ({"json": {"meta": {}, "errors": [], "quota": 1}}, [{"meta": {}, "errors": [], "quota": 1}]),
    ],
)
def test_answers_of_other_shapes(server, said, answer, value):
    server.replace("GET", US1 + PATH, **answer)
    assert lookup(PATH) == value


@pytest.mark.parametrize(
    ("terms", "options", "sentence"),
    [
        ([], {}, "The path of the operation is to be given as a term"),
        ([PATH], {"path": PATH}, "The path of the operation is to be given as a term"),
        ([""], {}, "path is missing"),
        ([["a"]], {}, "path (argument of the lookup) must be a string"),
        (["/oauth2/token"], {}, "path (argument of the lookup) is about tokens"),
        ([PATH], {"method": "DELETE"}, f"DELETE {PATH} may change something, which a lookup must not"),
        (
            [PATH],
            {"method": "POST", "read_only": True, **UPLOAD},
            "body has a part with src, and a lookup reads no files",
        ),
        ([PATH], {"dest": "x"}, "Unsupported argument of the lookup: dest"),
        ([PATH], {"query": "a["}, "query is not a JMESPath expression"),
        ([PATH], {"variables": {}}, "There are no Falcon credentials"),
    ],
)
def test_what_is_refused_before_anything_is_sent(server, terms, options, sentence):
    assert sentence in failure(*terms, **options)
    assert len(server.calls) == 0


def test_a_refusal_of_the_api(server, said):
    server.replace("GET", US1 + PATH, status=403, json={"errors": [{"message": f"no {TOKEN_TEXT}"}]})
    message = failure(PATH)
    assert "failed with 403 (no ***)" in message and "scope" in message

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the lookup, loaded as users load it; HTTP is faked and nothing nearer."""

from __future__ import annotations

import pytest
import responses
from ansible.errors import AnsibleLookupError
from ansible.plugins.loader import lookup_loader
from ansible_collections.falconops.auth.plugins.plugin_utils._context import context_fact
from ansible_collections.falconops.auth.tests.unit.controller import loader_with, templar_of, trust_as_template
from ansible_collections.falconops.auth.tests.unit.examples import (
    CLIENT,
    ID,
    ISSUED,
    OTHER_ID,
    OTHER_SECRET,
    SECRET,
    TOKEN_TEXT,
    US1,
)

URL = US1 + "/oauth2/token"
WHO = {"falcon_client_id": ID, "falcon_client_secret": SECRET}
STORED = {
    "one": {"client_id": ID, "client_secret": SECRET},
    "two": {"client_id": OTHER_ID, "client_secret": OTHER_SECRET},
}


@pytest.fixture(autouse=True)
def silence(said):
    """Let Ansible's lines go nowhere."""


@pytest.fixture
def server():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(URL, json=ISSUED, status=201)
        yield mock


def plugin_for(variables):
    loader = loader_with()
    return lookup_loader.get("falconops.auth.falcon_token", loader=loader, templar=templar_of(variables, loader))


def lookup(*terms, variables=None, **options):
    variables = {"inventory_hostname": "web1", **(WHO if variables is None else variables)}
    return plugin_for(variables).run(list(terms), variables=variables, **options)


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (None, TOKEN_TEXT),
        ("token", TOKEN_TEXT),
        ("bearer", f"Bearer {TOKEN_TEXT}"),
        ("headers", {"Authorization": f"Bearer {TOKEN_TEXT}"}),
        ("auth", {"access_token": TOKEN_TEXT, "cloud": "us-1"}),
    ],
)
def test_the_token_in_the_form_that_is_wanted(server, form, value):
    assert lookup(**({"format": form} if form else {})) == [value]


def test_it_is_asked_for_once(server):
    assert lookup() == lookup() == lookup(client_id=ID, client_secret=SECRET, variables={})
    assert len(server.calls) == 1


def test_terms_are_names_of_stored_clients(server):
    assert lookup("one", "two", "one", variables={"falcon_clients": STORED}) == [TOKEN_TEXT] * 3
    assert len(server.calls) == 2
    assert f"client_id={OTHER_ID}" in server.calls[1].request.body


def test_it_follows_the_context(server):
    assert lookup(variables={"ansible_facts": context_fact(CLIENT)}) == [TOKEN_TEXT]
    assert f"client_id={ID}" in server.calls[0].request.body


def test_it_reads_the_environment_of_the_process(server, monkeypatch):
    monkeypatch.setenv("FALCON_CLIENT_ID", ID)
    monkeypatch.setenv("FALCON_CLIENT_SECRET", SECRET)
    assert lookup(variables={}) == [TOKEN_TEXT]


def test_without_a_cache_each_evaluation_asks(server):
    # Python gives a new plugin the id of an old one that is gone, and the workers of a run have the same ids.
    plugin = plugin_for(WHO)
    for number in range(1, 6):
        assert plugin.run([], variables=WHO, cache=False) == [TOKEN_TEXT]
        assert len(server.calls) == number


def test_in_a_template(server):
    templar = templar_of({**WHO, "inventory_hostname": "web1"})
    template = trust_as_template("{{ lookup('falconops.auth.falcon_token', format='bearer') }}")
    assert templar.template(template) == f"Bearer {TOKEN_TEXT}"
    template = trust_as_template("{{ query('falconops.auth.falcon_token') | length }}")
    assert int(templar.template(template)) == 1
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("terms", "options", "variables", "sentence"),
    [
        ([], {}, {}, "There are no Falcon credentials"),
        ([], {"format": "xml"}, WHO, "format (argument of the lookup) must be one of token, bearer, headers, auth."),
        ([], {"force": True}, WHO, "Unsupported argument of the lookup: force; there are ca_path"),
        ([], {"client_secret": f"{SECRET} "}, WHO, "client_secret (argument of the lookup) holds white space"),
        (["one"], {"client": "two"}, {"falcon_clients": STORED}, "given both as a term and as client; give it once."),
        (
            ["three"],
            {},
            {"falcon_clients": STORED},
            "There is no stored client 'three' (argument of the lookup)",
        ),
        ([["one"]], {}, {"falcon_clients": STORED}, "client (argument of the lookup) must be a string."),
        ([], {}, {"ansible_facts": {"falcon_client_id": ID}}, "falcon_client_id stands among the facts of host web1"),
    ],
)
def test_a_failure_is_one_sentence(server, terms, options, variables, sentence):
    with pytest.raises(AnsibleLookupError) as caught:
        lookup(*terms, variables=variables, **options)
    assert sentence in str(caught.value)
    assert SECRET not in str(caught.value)
    # ansible-core shows what an exception came from.
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    assert len(server.calls) == 0


def test_a_bad_format_is_told_before_anything_is_asked(server):
    with pytest.raises(AnsibleLookupError):
        lookup(format="xml")
    assert len(server.calls) == 0


def test_a_refusal(server):
    server.replace("POST", URL, status=403, json={"errors": [{"message": f"access denied for {SECRET}"}]})
    with pytest.raises(AnsibleLookupError) as caught:
        lookup()
    assert "with 403 (access denied for ***)" in str(caught.value)


def test_a_fault_of_ours_is_told_without_its_text(server, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError(SECRET)

    monkeypatch.setattr("ansible_collections.falconops.auth.plugins.plugin_utils._door.client_of", fail)
    with pytest.raises(AnsibleLookupError) as caught:
        lookup()
    assert "falconops.auth has a fault: RuntimeError in " in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__context__ is None

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.plugin_utils import _context
from ansible_collections.falconops.auth.plugins.plugin_utils._context import (
    FACT,
    cleared_fact,
    context_fact,
    remembered_client,
    was_cleared,
)
from ansible_collections.falconops.auth.plugins.plugin_utils._seal import Sealer
from ansible_collections.falconops.auth.tests.unit.examples import CLIENT, ID, MEMBER, OTHER_ID, SECRET, US1, US2

CLIENTS = [
    CLIENT,
    CLIENT.at("https://api.example:8443"),
    Client(ID, SECRET, US2, member_cid=MEMBER, session="pipeline-42", name="production"),
]
FULL = CLIENTS[-1]


def facts_of(client):
    """The facts as a persistent cache gives them back."""
    return {"ansible_facts": json.loads(json.dumps({"ansible_os_family": "Debian", **context_fact(client)}))}


@pytest.mark.parametrize("client", CLIENTS)
def test_what_was_given_is_remembered(client):
    assert remembered_client(facts_of(client)) == client


def test_the_choice_is_in_the_clear_and_the_credentials_are_not():
    fact = context_fact(FULL)
    sealed = fact[FACT].pop("sealed")
    assert fact == {
        "falcon_context": {
            "client": "production",
            "cloud": "us-2",
            "hostname": US2,
            "member_cid": MEMBER,
            "session": "pipeline-42",
        }
    }
    for text in (ID, SECRET):
        assert text not in json.dumps(fact) + sealed


@pytest.mark.parametrize(
    "variables", [{}, {"ansible_facts": None}, {"ansible_facts": {}}, {FACT: context_fact(CLIENT)[FACT]}]
)
def test_without_a_fact_there_is_no_context(variables):
    assert remembered_client(variables) is None


def test_the_context_of_another_run_is_void(monkeypatch):
    facts = facts_of(CLIENT)
    monkeypatch.setattr(_context, "_KEY", Sealer.random_key())
    assert remembered_client(facts) is None
    assert remembered_client(facts_of(CLIENT)) == CLIENT


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("client", "staging"),
        ("client", None),
        ("cloud", "us-1"),
        ("hostname", US1),
        ("hostname", "https://evil.example"),
        ("member_cid", None),
        ("member_cid", "cd" * 16),
        ("session", ""),
        ("session", None),
        ("client_id", OTHER_ID),
        ("sealed", None),
        ("sealed", 7),
        ("sealed", "fa1."),
        ("sealed", {"a": [1]}),
    ],
)
def test_one_changed_or_added_choice_makes_it_void(key, value):
    facts = facts_of(FULL)
    facts["ansible_facts"][FACT][key] = value
    assert remembered_client(facts) is None


@pytest.mark.parametrize("key", ["client", "cloud", "hostname", "member_cid", "session", "sealed"])
def test_one_missing_choice_makes_it_void(key):
    facts = facts_of(FULL)
    del facts["ansible_facts"][FACT][key]
    assert remembered_client(facts) is None


def test_one_changed_bit_of_the_seal_makes_it_void():
    facts = facts_of(FULL)
    sealed = facts["ansible_facts"][FACT]["sealed"]
    for position in range(0, len(sealed), 7):
        other = "A" if sealed[position] != "A" else "B"
        facts["ansible_facts"][FACT]["sealed"] = sealed[:position] + other + sealed[position + 1 :]
        assert remembered_client(facts) is None


def test_the_seal_of_one_choice_does_not_fit_another():
    facts = facts_of(CLIENT)
    facts["ansible_facts"][FACT]["sealed"] = context_fact(FULL)[FACT]["sealed"]
    assert remembered_client(facts) is None


@pytest.mark.parametrize("fact", [None, True, 7, "text", [], {}, {"sealed": {}}, {"a": float("nan")}, {"a": object()}])
def test_whatever_a_managed_host_plants_is_no_context(fact):
    assert remembered_client({"ansible_facts": {FACT: fact}}) is None


def test_a_cleared_context_is_none_and_is_known_to_be_cleared():
    facts = facts_of(CLIENT)
    assert was_cleared(facts) is False
    facts["ansible_facts"].update(json.loads(json.dumps(cleared_fact())))
    assert facts["ansible_facts"][FACT] == {}
    assert was_cleared(facts) is True
    assert remembered_client(facts) is None
    facts["ansible_facts"].update(context_fact(FULL))
    assert (was_cleared(facts), remembered_client(facts)) == (False, FULL)


@pytest.mark.parametrize(
    "variables",
    [{}, {"ansible_facts": None}, {"ansible_facts": {}}, {FACT: {}}]
    + [{"ansible_facts": {FACT: fact}} for fact in (None, [], "", 0, False, {"a": 1})],
)
def test_a_context_that_was_never_there_was_not_cleared(variables):
    assert was_cleared(variables) is False

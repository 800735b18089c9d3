# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible import constants as C
from ansible_collections.falconops.auth.plugins.module_utils._argspec import (
    SESSION_GATE_SPEC,
    TOKEN_LOOKUP_SPEC,
    TOKEN_MODULE_SPEC,
)
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils import _options
from ansible_collections.falconops.auth.plugins.plugin_utils._options import Found, Level, Options
from ansible_collections.falconops.auth.tests.unit.cases import resolve
from ansible_collections.falconops.auth.tests.unit.controller import templar_of
from ansible_collections.falconops.auth.tests.unit.examples import ID, SECRET
from hypothesis import given, settings
from hypothesis import strategies as st


def options_of(arguments=None, variables=None, spec=None, door="task"):
    variables = {"inventory_hostname": "web1", **(variables or {})}
    templar = templar_of(variables)
    return Options(
        spec or TOKEN_MODULE_SPEC, door=door, arguments=arguments or {}, variables=variables, templar=templar
    )


def sentence(call, *args, **kwargs):
    with pytest.raises(FalconError) as caught:
        call(*args, **kwargs)
    assert SECRET not in caught.value.message
    assert "\n" not in caught.value.message
    return caught.value.message


@pytest.fixture
def ini(tmp_path, monkeypatch):
    """An ansible.cfg with this content."""

    def write(text):
        (tmp_path / "ansible.cfg").write_text(text, encoding="utf-8")
        monkeypatch.setattr(C, "CONFIG_FILE", str(tmp_path / "ansible.cfg"))
        _options.ini_section.cache_clear()
        return str(tmp_path / "ansible.cfg")

    yield write
    _options.ini_section.cache_clear()


def test_levels_of_an_option_that_stands_everywhere(ini, monkeypatch):
    path = ini("[defaults]\n[falconops_auth]\ncache_prefix = from_ini ; comment\ncache = no\nunknown = 1\n")
    arguments, variables = {"cache_prefix": "from_argument"}, {"falcon_cache_prefix": "from_variable"}
    monkeypatch.setenv("FALCON_CACHE_PREFIX", "from_environment")
    found = [options_of(arguments, variables).find("cache_prefix"), options_of({}, variables).find("cache_prefix")]
    found.append(options_of().find("cache_prefix"))
    monkeypatch.delenv("FALCON_CACHE_PREFIX")
    found.append(options_of().find("cache_prefix"))
    ini("[defaults]\n")
    found.append(options_of().find("cache_prefix"))
    assert [(each.value, each.level, each.origin) for each in found] == [
        ("from_argument", Level.ARGUMENT, "argument of the task"),
        ("from_variable", Level.VARIABLE, "variable falcon_cache_prefix"),
        ("from_environment", Level.ENVIRONMENT, "environment variable FALCON_CACHE_PREFIX"),
        ("from_ini", Level.INI, f"[falconops_auth] of {path}"),
        ("falconops_auth_", Level.DEFAULT, "default"),
    ]


def test_the_ini_file_is_for_the_store_and_has_types(ini):
    ini("[falconops_auth]\ncache = no\nclient_id = x\ntimeout = 7\ncache_connection = a%b:%(c)s\n")
    options = options_of()
    assert options.value("cache") is False
    assert options.value("cache_connection") == "a%b:%(c)s"
    assert options.value("timeout") == 10
    assert options.at(Level.INI, "client_id") is None
    ini("[falconops_auth]\ncache = maybe\n")
    assert "cache ([falconops_auth] of " in sentence(options_of().value, "cache")


@pytest.mark.parametrize(
    ("name", "given_value", "value"),
    [
        ("timeout", "7", 7),
        ("timeout", 300, 300),
        ("retries", 0, 0),
        ("min_ttl", "1200", 1200),
        ("validate_certs", "no", False),
        ("cache", 1, True),
        ("force", "yes", True),
        ("proxy", "", None),
        ("timeout", "", 10),
        ("timeout", None, 10),
        ("ca_path", "$PKI/ca.pem", "/etc/pki/ca.pem"),
        ("client_id", 7, "7"),
    ],
)
def test_values_of_their_type(monkeypatch, name, given_value, value):
    monkeypatch.setenv("PKI", "/etc/pki")
    assert options_of({name: given_value}).value(name) == value


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("timeout", "soon", "must be a whole number"),
        ("timeout", [1], "must be a whole number"),
        ("timeout", "1.5", "must be a whole number"),
        ("timeout", float("inf"), "must be a whole number"),
        ("timeout", float("nan"), "must be a whole number"),
        ("timeout", "Infinity", "must be a whole number"),
        ("timeout", 0, "must be a number from 1 to 300"),
        ("timeout", 301, "must be a number from 1 to 300"),
        ("retries", -1, "must be a number from 0 to 10"),
        ("retries", 11, "must be a number from 0 to 10"),
        ("min_ttl", 1201, "must be a number from 0 to 1200"),
        ("validate_certs", "maybe", "must be true or false"),
        ("cache", {}, "must be true or false"),
        ("proxy", ["a"], "must be a string"),
        ("session", True, "must be a string"),
        ("user_agent", 1.5, "must be a string"),
        ("ca_path", {"a": "b"}, "must be a path"),
        ("clients", "text", "must be a mapping"),
        ("clients", ["a"], "must be a mapping"),
        ("clients", "{'a'}", "must be a mapping"),
        ("clients", 7, "must be a mapping"),
        ("client_secret", [SECRET], "must be a string"),
        ("client_secret", f"{SECRET}\0", "holds a NUL character, or bytes that are no text."),
        ("session", "\udc80", "holds a NUL character, or bytes that are no text."),
        ("ca_path", "a\0b", "holds a NUL character, or bytes that are no text."),
        ("ca_path", "\ud800", "holds a NUL character, or bytes that are no text."),
        ("cloud", "mars", "must be one of us-1, us-2, us-3"),
        ("user_agent", "line\nbreak", "must be printable ASCII."),
        ("user_agent", "snow \u2603", "must be printable ASCII."),
        ("cache_prefix", "../up", "must be 1 to 64 letters, digits and characters of . _ -."),
        ("cache_prefix", "a b", "must be 1 to 64 letters, digits and characters of . _ -."),
        ("cache_prefix", "a\n", "must be 1 to 64 letters, digits and characters of . _ -."),
        ("cache_prefix", "\u00e4", "must be 1 to 64 letters, digits and characters of . _ -."),
        ("cache_prefix", "a" * 65, "must be 1 to 64 letters, digits and characters of . _ -."),
    ],
)
def test_values_of_another_type_or_out_of_range(name, value, complaint):
    variable = _options.VARIABLES.get(name)
    origins = [("argument of the task", {name: value}, {}), (f"variable {variable}", {}, {variable: value})]
    for origin, arguments, variables in origins:
        assert sentence(options_of(arguments, variables).value, name).startswith(f"{name} ({origin}) {complaint}")


def test_a_path_may_be_in_another_encoding(monkeypatch):
    monkeypatch.setenv("FALCON_CA_PATH", "/caf\udce9.pem")
    assert options_of().value("ca_path") == "/caf\udce9.pem"


def test_what_is_nested_too_deeply_is_of_another_type():
    deep = {}
    for _level in range(5000):
        deep = {"a": deep}
    assert "must be a whole number" in sentence(options_of({}, {"falcon_timeout": deep}).value, "timeout")
    assert "could not be rendered (RecursionError)" in sentence(options_of, {"timeout": deep})


def test_what_must_be_given_may_not_be_empty():
    options = options_of({"state": ""}, spec=SESSION_GATE_SPEC)
    assert sentence(options.value, "state") == "state is missing or empty, and must be given to the task."


@pytest.mark.parametrize("prefix", ["a" * 64, "falconops_auth_", "A-z.0_9", 7])
def test_prefixes_that_can_be_parts_of_file_names(prefix):
    assert options_of({"cache_prefix": prefix}).value("cache_prefix") == str(prefix)


def test_a_bad_prefix_is_refused_wherever_it_stands(ini, monkeypatch):
    ini("[falconops_auth]\ncache_prefix = a/b\n")
    assert sentence(options_of().value, "cache_prefix").startswith("cache_prefix ([falconops_auth] of ")
    monkeypatch.setenv("FALCON_CACHE_PREFIX", "a:b")
    assert sentence(options_of().value, "cache_prefix").startswith("cache_prefix (environment variable FALCON_CACHE_")


def test_an_ini_file_that_is_not_utf_8_is_read(tmp_path, monkeypatch):
    (tmp_path / "ansible.cfg").write_bytes(b"# caf\xe9\n[defaults]\nx = \xff\n[falconops_auth]\ncache_prefix = mine_\n")
    monkeypatch.setattr(C, "CONFIG_FILE", str(tmp_path / "ansible.cfg"))
    assert options_of().value("cache_prefix") == "mine_"


def test_an_ini_file_of_no_section_of_ours(ini):
    ini("[defaults]\ncache_prefix = theirs_\n")
    assert options_of().value("cache_prefix") == "falconops_auth_"


def test_format_is_one_of_its_choices():
    options = options_of({"format": "xml"}, spec=TOKEN_LOOKUP_SPEC, door="lookup")
    expected = "format (argument of the lookup) must be one of token, bearer, headers, auth."
    assert sentence(options.value, "format") == expected


def test_an_unknown_argument_lists_what_there_is():
    message = sentence(options_of, {"client_secrets": SECRET, "zone": 1})
    assert message.startswith("Unsupported argument of the task: client_secrets, zone; there are ca_path, cache, ")
    assert "format" not in message.split(";")[1]
    assert "force" not in sentence(options_of, {"x": 1}, spec=TOKEN_LOOKUP_SPEC, door="lookup").split(";")[1]


@pytest.mark.parametrize("name", sorted(_options.VARIABLES.values()))
def test_no_option_is_taken_from_facts(name):
    message = sentence(options_of, {}, {"ansible_facts": {name: SECRET, "os_family": "Debian", "falcon_context": {}}})
    assert message.startswith(f"{name} stands among the facts of host web1, which a managed host can set")


def test_other_facts_are_no_matter():
    options_of({}, {"ansible_facts": {"falcon_context": {}, "falcon_version": "7", "client_id": "x"}})
    options_of({}, {"ansible_facts": None})


# What may be secret is only in what is meant for it; a client's name is no secret, and is repeated.
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
TEXTS = PLAIN | st.sampled_from([ID, "us-1", "https://api.example", "a", " ", "{{ x }}", "{% x", "~/x", "$HOME"])
SECRETS = st.sampled_from([SECRET, f" {SECRET}", f"{SECRET}{{{{", [SECRET], {SECRET: SECRET}])
STORED = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("client_id", "client_secret", "cloud", "x"), SECRETS | TEXTS)
)
CLIENTS = st.sampled_from([f"{{{SECRET}", f"a={SECRET}", f'{{"a": "{SECRET}"}}', f"{{'{SECRET}'}}", SECRET])
ANYTHING = {
    **{name: TEXTS | st.lists(TEXTS, max_size=2) for name in TOKEN_MODULE_SPEC},
    "client_secret": SECRETS | TEXTS,
    "clients": CLIENTS | TEXTS | st.dictionaries(st.just("a") | st.text(), STORED | SECRETS | TEXTS, max_size=2),
    "proxy": SECRETS | TEXTS,
    "unknown": SECRETS,
}
GIVEN = st.fixed_dictionaries({}, optional=ANYTHING)


@settings(max_examples=2000)
@given(arguments=GIVEN, variables=GIVEN)
def test_anything_is_a_client_or_a_sentence_without_the_secret(arguments, variables):
    named = {_options.VARIABLES.get(name, f"falcon_{name}"): value for name, value in variables.items()}
    for each in ({}, arguments):
        try:
            assert len(resolve(each, named).client_id) == 32
        except FalconError as error:
            assert SECRET not in error.message
    for name, value in arguments.items():
        try:
            options_of({name: value}).value(name)
        except FalconError as error:
            assert SECRET not in error.message


def test_what_was_found_hides_its_value():
    assert SECRET not in repr(Found("client_secret", SECRET, Level.ARGUMENT, "argument of the task"))

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables as Ansible hands them to plugins: templates, and values that Ansible Vault has encrypted."""

from __future__ import annotations

import pytest
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.tests.unit.cases import resolve, who
from ansible_collections.falconops.auth.tests.unit.controller import (
    VAULT_PASSWORD,
    loader_with,
    trust_as_template,
    vault_opened_with,
    vaulted_yaml,
)
from ansible_collections.falconops.auth.tests.unit.examples import ID, OTHER_SECRET, SECRET


def sentence(call, *args, **kwargs):
    with pytest.raises(FalconError) as caught:
        call(*args, **kwargs)
    assert SECRET not in caught.value.message
    assert "\n" not in caught.value.message
    return caught.value.message


def test_a_variable_is_rendered():
    variables = {"falcon_session_name": trust_as_template("{{ job }}-42"), "job": "pipeline"}
    assert resolve(who(ID), variables).session == "pipeline-42"


def test_a_template_in_an_argument_is_not_rendered_again():
    assert "session (argument of the task) must be" in sentence(resolve, who(ID, session="{{ job }}"), {"job": "x"})


@pytest.mark.parametrize("secret", ["{{ ('a', 'b') | join }}", "{% if true %}ab{% endif %}"])
@pytest.mark.parametrize("where", ["arguments", "stored"])
def test_a_secret_that_was_given_as_text_is_not_rendered(secret, where):
    given_args = {"client_id": ID, "client_secret": secret}
    if where == "stored":
        given_args = {"client": "a", "clients": {"a": given_args}}
    assert "is a template that was not rendered" in sentence(resolve, given_args, {})


def test_what_a_template_has_rendered_is_not_rendered_again():
    clients = trust_as_template("{{ {'a': {'client_id': id, 'client_secret': from_elsewhere}} }}")
    variables = {"falcon_clients": clients, "id": ID, "from_elsewhere": wrap_var("{{ ('a', 'b') | join }}")}
    assert "is a template that was not rendered" in sentence(resolve, {"client": "a"}, variables)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ nowhere }}", "could not be rendered: "),
        ("{{ nowhere.at.all }}", "could not be rendered: "),
        ("{{ unclosed", "could not be rendered ("),
        ("{{ 1 / 0 }}", "could not be rendered ("),
        ("{{ SECRET_HOLDER | no_such_filter }}", "could not be rendered ("),
        ("{{ lookup('file', '/no/such/file') }}", "could not be rendered ("),
        ("{{ falcon_client_secret }}", "could not be "),
        ("{{ SECRET_HOLDER | from_json }}", "could not be rendered ("),
        ("{{ SECRET_HOLDER | to_datetime }}", "could not be rendered ("),
    ],
)
def test_a_variable_that_fails_to_render(template, reason):
    variables = {"falcon_client_id": ID, "falcon_client_secret": trust_as_template(template), "SECRET_HOLDER": SECRET}
    message = sentence(resolve, {}, variables)
    assert message.startswith(f"client_secret (variable falcon_client_secret) {reason}")


def vaulted_variables(*passwords):
    """The variables of a vars file with single vaulted values, read with these passwords."""
    text = f"falcon_client_id: {ID}\nfalcon_client_secret: {vaulted_yaml(SECRET)}"
    text += f"falcon_clients:\n  a:\n    client_id: {ID}\n    client_secret: "
    text += vaulted_yaml(OTHER_SECRET).replace("\n    ", "\n      ")
    loader = loader_with(*passwords)
    return dict(loader.load(text)), loader


@pytest.mark.parametrize(("args", "secret"), [({}, SECRET), ({"client": "a"}, OTHER_SECRET)])
def test_vaulted_variables_are_read(args, secret):
    variables, loader = vaulted_variables(VAULT_PASSWORD)
    with vault_opened_with(VAULT_PASSWORD):
        assert resolve(args, variables, loader=loader).client_secret == secret


def test_a_variable_that_references_a_vaulted_one():
    variables, loader = vaulted_variables(VAULT_PASSWORD)
    variables["vault_secret"] = variables.pop("falcon_client_secret")
    variables["falcon_client_secret"] = trust_as_template("{{ vault_secret }}")
    with vault_opened_with(VAULT_PASSWORD):
        client = resolve({}, variables, loader=loader)
    assert client.client_secret == SECRET and client.client_secret.__class__ is str


@pytest.mark.parametrize("passwords", [(), (b"wrong",)])
@pytest.mark.parametrize("args", [{}, {"client": "a"}])
def test_vaulted_variables_without_their_password(passwords, args):
    variables, loader = vaulted_variables(*passwords)
    with vault_opened_with(*passwords):
        message = sentence(resolve, args, variables, loader=loader)
    assert "could not be decrypted: " in message and message.endswith("; give its vault password.")
    assert "$ANSIBLE_VAULT" not in message


def test_a_vaulted_argument():
    variables, loader = vaulted_variables(VAULT_PASSWORD)
    arguments = {"client_id": ID, "client_secret": variables["falcon_client_secret"]}
    with vault_opened_with(VAULT_PASSWORD):
        assert resolve(arguments, {}, loader=loader).client_secret == SECRET


@pytest.mark.parametrize("where", ["argument", "stored"])
def test_a_vaulted_argument_without_its_password(where):
    variables, loader = vaulted_variables(b"wrong")
    arguments = {"client_id": ID, "client_secret": variables["falcon_client_secret"]}
    if where == "stored":
        arguments = {"client": "a", "clients": variables["falcon_clients"]}
    with vault_opened_with(b"wrong"):
        assert "could not be decrypted: " in sentence(resolve, arguments, {}, loader=loader)

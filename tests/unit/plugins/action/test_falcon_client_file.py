# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role falcon_client does with a client. How the file is kept is in test_client_file.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import get_docstring
from ansible_collections.falconops.auth.plugins.action.falcon_client_file import SPEC, ActionModule
from ansible_collections.falconops.auth.plugins.module_utils._client import STORED_CHECKS
from ansible_collections.falconops.auth.plugins.module_utils._clouds import CLOUDS
from ansible_collections.falconops.auth.tests.unit.controller import VAULT_PASSWORD, loader_with, vaulted
from ansible_collections.falconops.auth.tests.unit.examples import ID, MEMBER, OTHER_ID, OTHER_SECRET, SECRET
from ansible_collections.falconops.auth.tests.unit.tasks import Run

ROOT = Path(__file__).resolve().parents[4]
WHO = {"falcon_client_id": ID, "falcon_client_secret": SECRET}
NAMED = {"name": "production", "clients_file": "clients.yml"}
STORED = {"client_id": ID, "client_secret": SECRET, "cloud": "us-gov-1", "member_cid": MEMBER}
URL = "https://api.example"


class Role:
    """Runs the role's task in a project, again and again."""

    def __init__(self, folder):
        self.path = folder / "clients.yml"
        self.passwords = {"default": VAULT_PASSWORD}

    def __call__(self, args=None, variables=None, *, named=None, diff=False, **how):
        run = Run(ActionModule)
        run.variables.update(WHO if variables is None else variables)
        action = run.action({**(named or NAMED), **(args or {})}, **how)
        action._loader = loader_with(basedir=self.path.parent)
        action._loader.set_vault_secrets([(name, VaultSecret(word)) for name, word in self.passwords.items()])
        action._task.diff = diff
        result = action.run(task_vars=run.variables)
        assert not [secret for secret in (SECRET, OTHER_SECRET) if secret in json.dumps(result)]
        return result

    def sentence(self, *args, **how):
        """Why it failed, without having changed anything."""
        before = self.path.read_bytes() if self.path.exists() else None
        result = self(*args, **how)
        assert (self.path.read_bytes() if self.path.exists() else None) == before
        message = result.pop("msg")
        assert result == {"failed": True, "changed": False} and "\n" not in message
        return message

    def holds(self, clients):
        self.path.write_text(vaulted(yaml.safe_dump(clients)))

    def clients(self):
        return yaml.safe_load(VaultLib([("x", VaultSecret(VAULT_PASSWORD))]).decrypt(self.path.read_bytes()))


@pytest.fixture
def role(tmp_path, said):
    return Role(tmp_path)


@pytest.fixture
def stored(role):
    role.holds({"production": STORED, "other": {"client_id": OTHER_ID}})
    return role


def test_a_client_is_stored_once_in_its_normal_form(role):
    args = {"cloud": "us-2", "hostname": "", "member_cid": f"{MEMBER.upper()}-1F"}
    who = {"falcon_client_id": ID.upper(), "falcon_client_secret": SECRET}
    assert [role(args, who)["changed"] for _again in range(2)] == [True, False]
    assert role.clients() == {"production": {**STORED, "cloud": "us-2"}}
    assert list(role.clients()["production"]) == ["client_id", "client_secret", "cloud", "member_cid"]


def test_what_changes_nothing_writes_nothing(stored):
    before = stored.path.stat()
    assert stored() == {"changed": False}
    after = stored.path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("how", ["variables", "process", "keyword"])
def test_where_id_secret_and_file_come_from(role, monkeypatch, how):
    environment = {"FALCON_CLIENT_ID": ID, "FALCON_CLIENT_SECRET": SECRET, "FALCON_CLIENTS_FILE": str(role.path)}
    if how == "process":
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
    variables = {**WHO, "falcon_clients_file": str(role.path)} if how == "variables" else {}
    # What is for the token of the day is not stored.
    monkeypatch.setenv("FALCON_CLOUD", "us-2")
    variables["falcon_member_cid"] = MEMBER
    overlay = [environment] if how == "keyword" else []
    assert role({}, variables, named={"name": "x"}, environment=overlay)["changed"] is True
    assert role.clients() == {"x": {"client_id": ID, "client_secret": SECRET}}


@pytest.mark.parametrize(
    ("args", "variables", "expected"),
    [
        # Of the same client, what is not given stays, and what is given empty goes.
        ({"cloud": "us-2"}, {}, {**STORED, "cloud": "us-2"}),
        ({"cloud": "us-2"}, {"falcon_client_id": ID.upper()}, {**STORED, "cloud": "us-2"}),
        ({"cloud": "us-2"}, {"falcon_client_id": "", "falcon_client_secret": ""}, {**STORED, "cloud": "us-2"}),
        ({}, {"falcon_client_secret": OTHER_SECRET}, {**STORED, "client_secret": OTHER_SECRET}),
        ({"cloud": "", "member_cid": ""}, {}, {"client_id": ID, "client_secret": SECRET}),
        # A host stands in the place of a cloud.
        (
            {"hostname": f"{URL}/"},
            {},
            {"client_id": ID, "client_secret": SECRET, "hostname": URL, "member_cid": MEMBER},
        ),
        ({"hostname": ""}, {}, STORED),
        # Of another one, nothing stays.
        (
            {},
            {"falcon_client_id": OTHER_ID, "falcon_client_secret": OTHER_SECRET},
            {"client_id": OTHER_ID, "client_secret": OTHER_SECRET},
        ),
    ],
)
def test_a_client_is_changed_or_replaced(stored, args, variables, expected):
    changed = expected != STORED
    assert stored(args, variables)["changed"] is changed
    assert stored.clients() == {"production": expected, "other": {"client_id": OTHER_ID}}
    assert stored(args, variables)["changed"] is False


@pytest.mark.parametrize(
    "broken",
    ["text", [1], None, {"secret": SECRET}, {**STORED, "client_id": OTHER_ID, "region": "us"}, {"client_id": 7}],
)
def test_what_is_no_client_is_replaced_and_removed(role, broken):
    role.holds({"production": broken})
    assert role(diff=True)["changed"] is True
    assert role.clients() == {"production": {"client_id": ID, "client_secret": SECRET}}
    role.holds({"production": broken})
    assert role({"state": "absent"}, {}, diff=True)["changed"] is True
    assert role.clients() == {}


def test_a_client_is_removed_without_credentials(stored):
    assert [stored({"state": "absent"}, {})["changed"] for _again in range(2)] == [True, False]
    assert stored.clients() == {"other": {"client_id": OTHER_ID}}


def test_where_there_is_no_file_nothing_is_removed(role):
    role.passwords = {}
    assert role({"state": "absent", "vault_id": "unknown"}, {}) == {"changed": False}
    assert not role.path.exists()


@pytest.mark.parametrize(
    ("args", "variables", "sentence"),
    [
        ({"name": ""}, WHO, "The client to store has no name; give falcon_client_name."),
        (
            {"clients_file": ""},
            WHO,
            "There is no file to store the client 'production' in; give falcon_client_file, or ",
        ),
        ({"state": "gone"}, WHO, "state (argument of the role falcon_client) must be one of present, absent."),
        (
            {"path": "x"},
            WHO,
            "Unsupported argument of the role falcon_client: path; there are client_id, client_secret, clients_file",
        ),
        (
            {},
            {"falcon_client_secret": SECRET},
            "There is no client_id to store for the client 'production'; give falcon_client_id or, in the environment, "
            "FALCON_CLIENT_ID.",
        ),
        ({}, {"falcon_client_id": ID}, "There is no client_secret to store for the client 'production'; give falcon_"),
        ({}, {"falcon_client_id": SECRET}, "There is no client_secret to store"),
        ({}, {**WHO, "falcon_client_id": SECRET}, "client_id (variable falcon_client_id) must be the 32 hexadecimal"),
        (
            {},
            {**WHO, "falcon_client_secret": f"{SECRET}\n"},
            "client_secret (variable falcon_client_secret) holds white",
        ),
        (
            {},
            {**WHO, "falcon_client_secret": [SECRET]},
            "client_secret (variable falcon_client_secret) must be a string.",
        ),
        ({"cloud": "mars"}, WHO, "cloud (argument of the role falcon_client) must be one of us-1, us-2"),
        (
            {"hostname": "http://example.com"},
            WHO,
            "hostname (argument of the role falcon_client) must begin with https://",
        ),
        (
            {"member_cid": SECRET},
            WHO,
            "member_cid (argument of the role falcon_client) must be the 32 hexadecimal digits of a customer",
        ),
        (
            {"cloud": "us-2", "hostname": URL},
            WHO,
            "The client 'production' has both cloud and hostname; give it one of ",
        ),
        (
            {"vault_id": "x"},
            WHO,
            "(argument of the role falcon_client) cannot be encrypted with the unknown vault id 'x', so nothing ",
        ),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_bad_input_is_one_sentence(role, args, variables, sentence, check):
    assert sentence in role.sentence(args, variables, check=check)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"region": "us"}, "The stored client 'production' has the unknown key region; there are client_id, client_s"),
        ({"cloud": "mars"}, "cloud (stored client 'production') must be one of us-1"),
        ({"hostname": URL}, "The client 'production' has both cloud and hostname"),
        ({"member_cid": 1.5}, "The stored client 'production': member_cid must be a string."),
    ],
)
def test_what_stays_is_checked_as_when_it_is_used(role, more, sentence):
    role.holds({"production": {**STORED, **more}})
    assert sentence in role.sentence()


def test_another_id_does_not_get_the_stored_secret(stored):
    assert "There is no client_secret to store" in stored.sentence({}, {"falcon_client_id": OTHER_ID})


@pytest.mark.parametrize(
    "name", ["falcon_client_id", "falcon_client_secret", "falcon_client_hostname", "falcon_clients"]
)
def test_nothing_is_taken_from_the_facts_of_a_host(role, name):
    message = role.sentence({}, {**WHO, "ansible_facts": {name: URL}, name: URL})
    assert message.startswith(f"{name} stands among the facts of host web1, which a managed host can set")


def test_the_wrong_vault_password(stored):
    stored.passwords = {"default": b"wrong"}
    for args in ({}, {"state": "absent"}):
        assert "cannot be decrypted: Decryption failed" in stored.sentence(args)


@pytest.mark.parametrize("vault_id", ["default", "prod"])
def test_another_vault_id_is_a_change(stored, vault_id):
    stored.passwords["prod"] = b"the password of production"
    assert [stored({"vault_id": vault_id})["changed"] for _again in range(2)] == [vault_id == "prod", False]
    assert (b";prod\n" in stored.path.read_bytes()) is (vault_id == "prod")


@pytest.mark.parametrize("args", [{}, {"state": "absent"}, {"cloud": "us-2"}])
def test_check_mode_says_what_would_change_and_writes_nothing(role, args):
    for _before in ("no file", "the same client", "another one"):
        before = role.path.read_bytes() if role.path.exists() else None
        would = role(args, check=True, diff=True)
        assert (role.path.read_bytes() if role.path.exists() else None) == before
        assert role(args, diff=True) == would
        if before:
            role.holds({"production": {**STORED, "client_id": OTHER_ID}})


def test_the_diff(role):
    shown = {"client_id": ID, "client_secret": "(hidden)"}
    headers = {"before_header": "clients.yml", "after_header": "clients.yml"}
    assert role(diff=True)["diff"] == {**headers, "before": {}, "after": {"production": shown}}
    assert role(diff=True)["diff"] == {**headers, "before": {"production": shown}, "after": {"production": shown}}
    changed = role({"cloud": "us-2"}, {"falcon_client_secret": OTHER_SECRET}, diff=True)["diff"]
    assert changed["after"] == {
        "production": {"client_id": ID, "client_secret": "(hidden, another one)", "cloud": "us-2"}
    }
    removed = role({"state": "absent"}, {}, diff=True)["diff"]
    assert removed == {**headers, "before": {"production": {**shown, "cloud": "us-2"}}, "after": {}}
    assert "diff" not in role()


@pytest.mark.parametrize(
    "wrong",
    [SECRET, [SECRET], {"secret": SECRET}, {**STORED, "client_id": SECRET}, {"member_cid": SECRET, "x": SECRET}],
)
def test_a_secret_in_the_wrong_place_is_not_shown(role, wrong):
    role.holds({"production": wrong})
    before = role({"state": "absent"}, {}, diff=True)["diff"]["before"]["production"]
    assert before == "(hidden)" or not [value for value in before.values() if SECRET in value]


def test_the_documentation_is_of_what_there_is():
    path = str(ROOT / "plugins" / "modules" / "falcon_client_file.py")
    doc = get_docstring(path, fragment_loader, is_module=True, plugin_type="module", collection_name="falconops.auth")[
        0
    ]
    for name, spec in SPEC.items():
        documented = doc["options"].pop(name)
        assert documented["type"] == spec["type"]
        for key in ("default", "choices", "required", "aliases"):
            assert documented.get(key) == spec.get(key), name
    assert doc["options"] == {}


def test_the_roles_documentation_is_of_what_there_is():
    folder = ROOT / "roles" / "falcon_client"
    options = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    [task] = yaml.safe_load((folder / "tasks" / "main.yml").read_text())
    used = task["falconops.auth.falcon_client_file"]
    # Each argument is one variable of the role, and the action looks for the other two.
    assert sorted(options) == sorted({*(each.split()[1] for each in used.values()), *WHO})
    assert sorted([*used, "client_id", "client_secret"]) == sorted(SPEC)
    assert options["falcon_client_cloud"]["choices"] == ["", *CLOUDS]
    assert options["falcon_client_state"]["choices"] == SPEC["state"]["choices"]
    assert [name for name, option in options.items() if option.get("no_log")] == ["falcon_client_secret"]
    assert yaml.safe_load((folder / "defaults" / "main.yml").read_text()) == {
        name: option["default"] for name, option in options.items() if "default" in option
    }
    assert set(STORED_CHECKS) < set(SPEC)

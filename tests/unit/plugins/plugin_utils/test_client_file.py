# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of stored clients, as it is kept. How it is read is in test_stored_clients.py."""

from __future__ import annotations

import multiprocessing
import os
import signal
import stat
import subprocess

import pytest
import yaml
from ansible import constants as C
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils import _client_file
from ansible_collections.falconops.auth.plugins.plugin_utils._client_file import kept_file, read_clients
from ansible_collections.falconops.auth.plugins.plugin_utils._options import Found, Level, plain
from ansible_collections.falconops.auth.tests.unit.controller import VAULT_PASSWORD as DEFAULT
from ansible_collections.falconops.auth.tests.unit.controller import vault_opened_with, vaulted_yaml
from ansible_collections.falconops.auth.tests.unit.examples import ID, OTHER_SECRET, SECRET
from hypothesis import example, given
from hypothesis import strategies as st

PROD, OTHER = b"the password of production", b"another password"
NEW = {"client_id": ID, "client_secret": SECRET}
OLD = f"production: {{client_id: {ID}, client_secret: {OTHER_SECRET}}}\n"


class Files:
    """A directory with a file of stored clients, and a run of Ansible that has some vault passwords."""

    def __init__(self, folder, warnings):
        self.folder, self.path = folder, folder / "clients.yml"
        self.passwords = {"default": DEFAULT}
        self._warnings = warnings
        folder.mkdir()

    def loader(self):
        loader = DataLoader()
        loader.set_vault_secrets([(name, VaultSecret(word)) for name, word in self.passwords.items()])
        loader.set_basedir(str(self.folder))
        return loader

    def encrypted(self, text, label="default", password=DEFAULT):
        self.path.write_bytes(VaultLib().encrypt(text, VaultSecret(password), vault_id=label))

    def kept(self, vault_id=None):
        found = Found("clients_file", "clients.yml", Level.ARGUMENT, "argument of the task")
        return kept_file(found, self.loader(), vault_id, self._warnings.append)

    def put(self, name, client, vault_id=None):
        with self.kept(vault_id) as file:
            file.put(name, client)
            file.write()

    def sentence(self, vault_id=None):
        """Why a client cannot be stored, and that nothing has changed."""
        before = self.path.read_bytes() if self.path.is_file() else None
        with pytest.raises(FalconError) as caught:
            self.put("new", NEW, vault_id)
        message = caught.value.message
        assert (self.path.read_bytes() if self.path.is_file() else None) == before
        assert not [text for text in (SECRET, OTHER_SECRET, "\n") if text in message]
        assert message.startswith("The clients_file clients.yml (argument of the task) ")
        return message.removeprefix("The clients_file clients.yml (argument of the task) ")

    def text(self, password=DEFAULT):
        return VaultLib([("x", VaultSecret(password))]).decrypt(self.path.read_bytes()).decode()

    def clients(self):
        found = Found("clients_file", "clients.yml", Level.ARGUMENT, "")
        with vault_opened_with(DEFAULT):
            return plain(read_clients(found, self.loader()).clients)


@pytest.fixture
def files(tmp_path, warnings):
    return Files(tmp_path / "project", warnings)


def test_a_new_file_is_encrypted_and_its_owners_alone(files):
    files.put("new", NEW)
    assert stat.S_IMODE(files.path.stat().st_mode) == 0o600
    assert files.path.read_bytes().startswith(b"$ANSIBLE_VAULT;1.1;AES256\n")
    assert files.text().startswith(
        "# API clients of CrowdStrike Falcon, kept by the role falconops.auth.falcon_client."
    )
    assert files.clients() == {"new": NEW}
    assert os.listdir(files.folder) == ["clients.yml"]


def test_a_client_takes_the_place_of_its_namesake(files):
    files.encrypted(f"a: 1\nb: {OLD.partition(': ')[2]}c: 3\n")
    files.put("b", NEW)
    assert list(files.clients().items()) == [("a", 1), ("b", NEW), ("c", 3)]
    files.put("d", NEW)
    assert list(files.clients()) == ["a", "b", "c", "d"]
    for name in ("b", "a", "c", "d"):
        files.put(name, None)
    assert files.clients() == {}
    files.put("z", NEW)
    assert yaml.safe_load(files.text()) == {"z": NEW}
    assert "\nz:\n  client_id:" in files.text()


@pytest.mark.parametrize("name", ["yes", "2026", "null", "a: b", "- x", "# x", "é", "{{ x }}", "!x", " ", "~", "<<"])
def test_any_name_is_a_string(files, name):
    files.encrypted(OLD)
    for _again in range(2):
        files.put(name, NEW)
        assert files.clients()[name] == NEW
        assert len(files.clients()) == 2
    files.put(name, None)
    assert list(files.clients()) == ["production"]


def test_what_is_vaulted_by_itself_stays_so(files):
    text = f"# mine\nother:\n  client_secret: {vaulted_yaml(OTHER_SECRET)}  n: 0o17\n  plain: !unsafe '{{{{ x }}}}'\n"
    files.encrypted(text)
    before = files.clients()
    assert before["other"]["client_secret"] == OTHER_SECRET
    files.put("new", NEW)
    assert files.clients() == {**before, "new": NEW}
    assert OTHER_SECRET not in files.text()
    assert "!vault |" in files.text() and "!unsafe '{{ x }}'" in files.text() and "n: 0o17" in files.text()
    assert "# mine" not in files.text()
    files.put("new", None)
    assert files.text().count("# API clients of CrowdStrike Falcon") == 1


def test_what_refers_to_a_client_that_is_replaced_keeps_what_it_had(files):
    files.encrypted(f"a: &a {{client_id: {ID}, client_secret: {OTHER_SECRET}}}\nb: *a\nc: {{<<: *a, cloud: us-2}}\n")
    before = files.clients()
    files.put("a", NEW)
    assert files.clients() == {"a": NEW, "b": before["b"], "c": before["c"]}
    assert before["c"] == {"client_id": ID, "client_secret": OTHER_SECRET, "cloud": "us-2"}


def test_of_two_with_one_name_none_is_left(files):
    files.encrypted("a: 1\nb: 2\na: 3\n")
    files.put("a", None)
    assert files.clients() == {"b": 2}


def test_a_file_of_json(files):
    files.encrypted('{"b": {"client_id": "x"}}')
    files.put("new", NEW)
    assert files.clients() == {"b": {"client_id": "x"}, "new": NEW}


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.dates())
CONTENT = st.dictionaries(
    st.one_of(st.text(), st.integers(), st.booleans()),
    st.recursive(
        SCALARS, lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner, max_size=3)), max_leaves=5
    ),
    max_size=4,
)


@given(CONTENT, st.sampled_from([True, False, None]), st.sampled_from([None, "'", '"', "|", ">"]))
@example({"a": "x" * 200 + " " + "y" * 200}, False, None)
def test_everything_else_in_the_file_stays(content, flow, style):
    text = yaml.safe_dump(content, default_flow_style=flow, default_style=style, allow_unicode=True)
    file = _client_file.ClientFile.__new__(_client_file.ClientFile)
    file._root = _client_file._mapping(text)
    file.put("new", NEW)
    after = yaml.safe_load(yaml.serialize(file._root, Dumper=yaml.SafeDumper, allow_unicode=True))
    assert after.pop("new") == NEW
    assert after == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("label", "password", "known", "vault_id", "config", "new_label", "new_password"),
    [
        # A new file.
        (None, None, {"default": DEFAULT}, None, None, None, DEFAULT),
        (None, None, {"prod": PROD, "default": DEFAULT}, None, None, "prod", PROD),
        (None, None, {"prod": PROD, "default": DEFAULT}, None, "default", None, DEFAULT),
        (None, None, {"default": DEFAULT, "prod": PROD}, "prod", "default", "prod", PROD),
        # One that is there keeps its label and its password, whatever that is called in this run.
        ("default", DEFAULT, {"prod": PROD, "default": DEFAULT}, None, "prod", None, DEFAULT),
        ("prod", PROD, {"default": DEFAULT, "prod": PROD}, None, None, "prod", PROD),
        ("prod", PROD, {"default": DEFAULT, "mine": PROD}, None, None, "prod", PROD),
        ("prod", PROD, {"default": DEFAULT, "prod": PROD}, "prod", None, "prod", PROD),
        # Unless another one is asked for.
        ("prod", PROD, {"prod": PROD, "default": DEFAULT}, "default", None, None, DEFAULT),
        ("default", DEFAULT, {"default": DEFAULT, "prod": PROD}, "prod", None, "prod", PROD),
    ],
)
def test_what_it_is_encrypted_with(
    files, monkeypatch, label, password, known, vault_id, config, new_label, new_password
):
    monkeypatch.setattr(C, "DEFAULT_VAULT_ENCRYPT_IDENTITY", config)
    if label:
        files.encrypted(OLD, label, password)
    files.passwords = known
    with files.kept(vault_id) as file:
        assert file.rekeyed == bool(label and vault_id and label != vault_id)
    files.put("new", NEW, vault_id)
    head = f"$ANSIBLE_VAULT;1.2;AES256;{new_label}" if new_label else "$ANSIBLE_VAULT;1.1;AES256"
    assert files.path.read_text().splitlines()[0] == head
    assert yaml.safe_load(files.text(new_password))["new"] == NEW


def test_an_unknown_vault_id(files):
    expected = "cannot be encrypted with the unknown vault id 'x', so nothing was changed; there are default, prod."
    files.passwords = {"default": DEFAULT, "prod": PROD}
    assert files.sentence("x") == expected
    files.encrypted(OLD)
    assert files.sentence("x") == expected


def test_no_vault_password(files):
    files.passwords = {}
    expected = "needs a vault password, so nothing was changed; give one as for any file of Ansible Vault."
    assert files.sentence() == expected
    files.encrypted(OLD)
    assert "cannot be decrypted: Attempting to decrypt but no vault secrets found; give its" in files.sentence()


def test_the_wrong_vault_password(files):
    files.encrypted(OLD)
    files.passwords = {"default": OTHER}
    message = files.sentence()
    assert message.startswith("cannot be decrypted: Decryption failed") and message.endswith("give its vault password.")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (OLD, "is not encrypted as a whole, so nothing was changed; use 'ansible-vault encrypt'."),
        (f"a: {vaulted_yaml(SECRET)}", "is not encrypted as a whole"),
        ("$ANSIBLE_VAULT;1.1;AES256\n3x\n", "cannot be decrypted: "),
        ("$ANSIBLE_VAULT\n", "cannot be decrypted: "),
        ("$ANSIBLE_VAULT;1.1;ROT13\n33\n", "cannot be decrypted: "),
    ],
)
def test_a_file_that_is_not_encrypted_as_it_must_be(files, text, complaint):
    files.path.write_text(text)
    assert files.sentence().startswith(complaint)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (f"a: {SECRET}: x\n", "cannot be read as YAML (line 1)."),
        (f"- {SECRET}\n", "must hold a mapping of client names to client_id, client_secret and the like."),
        (SECRET, "must hold a mapping"),
        ("", "must hold a mapping"),
        ("a: 1\n---\nb: 2\n", "cannot be read as YAML (line "),
        ('{\n\t"a": 1\n}', "is JSON that is no YAML (line 2), so nothing was changed; write it as YAML."),
    ],
)
def test_a_file_of_something_else(files, text, complaint):
    files.encrypted(text)
    assert files.sentence().startswith(complaint)


def test_a_file_that_is_no_text(files):
    files.encrypted(b"\xff\xfe\x00")
    assert files.sentence() == "cannot be read as YAML."


def test_a_directory_that_is_not_there(files):
    files.folder.rmdir()
    expected = "cannot be written (No such file or directory), so nothing was changed; check its directory."
    assert files.sentence() == expected


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_file_that_cannot_be_written(files, monkeypatch, step):
    def fails(*args):
        raise OSError(28, "No space left on device")

    files.encrypted(OLD)
    monkeypatch.setattr(os, step, fails)
    assert files.sentence().startswith("cannot be written (No space left on device), so nothing was changed; ")
    assert os.listdir(files.folder) == ["clients.yml"]


def test_killed_half_way_the_old_file_stands_and_what_is_left_is_encrypted(files):
    files.encrypted(OLD)
    before = files.path.read_bytes()
    child = os.fork()
    if child == 0:
        os.replace = lambda *args: os.kill(os.getpid(), signal.SIGKILL)
        files.put("new", NEW)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert files.path.read_bytes() == before
    [left] = set(os.listdir(files.folder)) - {"clients.yml"}
    assert (files.folder / left).read_bytes().startswith(b"$ANSIBLE_VAULT;")
    files.put("new", NEW)
    assert set(files.clients()) == {"production", "new"}


def test_no_other_program_is_run(files, monkeypatch):
    monkeypatch.setattr(subprocess.Popen, "__init__", None)
    monkeypatch.setattr(os, "fork", None)
    files.put("new", NEW)
    assert files.clients() == {"new": NEW}


def test_only_trying_writes_nothing(files):
    with files.kept() as file:
        file.put("new", NEW)
        file.write(only_try=True)
    assert os.listdir(files.folder) == []
    with files.kept("x") as file, pytest.raises(FalconError, match="unknown vault id 'x'"):
        file.write(only_try=True)


def test_of_many_that_store_at_once_none_is_lost(files):
    fork = multiprocessing.get_context("fork")
    (files.folder.parent / "link.yml").symlink_to(files.path)

    def store(number):
        for name in (f"{number}-a", f"{number}-b"):
            files.put(name, NEW)

    processes = [fork.Process(target=store, args=(number,)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert len(files.clients()) == 8


def test_who_waits_too_long_says_so(files, tmp_path, monkeypatch):
    monkeypatch.setattr(_client_file, "_PATIENCE", 0.0)
    link = tmp_path / "link"
    link.symlink_to(files.folder)
    with files.kept():
        files.folder = link  # the same file by another name
        assert files.sentence() == (
            "is being changed by another run that does not come to an end, so nothing was changed; end it."
        )
    assert os.listdir(files.folder) == []
    assert len(os.listdir(tmp_path / "home" / "falconops_auth" / "locks")) == 1

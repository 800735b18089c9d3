# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import os
import stat
import threading
import time
from unittest.mock import Mock

import pytest
from ansible import constants as C
from ansible.plugins import loader as plugin_loader
from ansible.plugins.cache import BaseCacheModule
from ansible_collections.falconops.auth.plugins.module_utils._token import LONGEST_LIFE
from ansible_collections.falconops.auth.plugins.plugin_utils import _backend
from ansible_collections.falconops.auth.plugins.plugin_utils._backend import Backend, StoreSettings

SETTINGS = StoreSettings(plugin=None, connection=None, prefix="falconops_auth_")
PASSWORD = "passwordOfTheStore"
FALLBACK = (
    "falconops.auth keeps tokens in private files of this control node instead. Check how this plugin is configured."
)


class Ours(BaseCacheModule):
    """A cache plugin in which everything works but what is told to fail."""

    def __init__(self, failing="", error=None, forgets=False):
        self.kept, self._failing, self._error, self._forgets = {}, failing, error, forgets

    def _maybe(self, method):
        if method == self._failing:
            raise self._error

    def get(self, key):
        self._maybe("get")
        return self.kept[key]

    def set(self, key, value):
        self._maybe("set")
        if not self._forgets:
            self.kept[key] = value

    def contains(self, key):
        self._maybe("contains")
        return key in self.kept

    def delete(self, key):
        self._maybe("delete")
        del self.kept[key]

    keys = flush = copy = None


class LikeMemcached(Ours):
    """Lists all keys in one set, and deletes what it has read before."""

    def __init__(self):
        super().__init__()
        self._keys, self._read = {"fact"}, set()

    def get(self, key):
        content = super().get(key)
        self._read.add(key)
        return content

    def set(self, key, value):
        super().set(key, value)
        self._keys.add(key)

    def contains(self, key):
        return key in self._keys

    def delete(self, key):
        self._read.remove(key)
        super().delete(key)
        self._keys.discard(key)


@pytest.fixture(autouse=True)
def run_directory():
    """The run's temporary directory, which Ansible makes when it starts."""
    os.mkdir(C.DEFAULT_LOCAL_TMP)


@pytest.fixture
def plugged(monkeypatch):
    """Put a cache plugin of the name 'ours' before Ansible's own; how it is opened is noted."""

    def plug(plugin):
        real = plugin_loader.cache_loader.get

        def get(name, *args, **kwargs):
            if name not in ("ours", "ours.memcached"):
                return real(name, *args, **kwargs)
            opened.append(kwargs)
            if isinstance(plugin, Exception):
                raise plugin
            return plugin

        monkeypatch.setattr(_backend.cache_loader, "get", get)
        return opened

    opened = []
    return plug


def private_files(tmp_path):
    directory = tmp_path / "home" / "falconops_auth" / "tokens"
    return sorted(directory.iterdir()) if directory.exists() else []


@pytest.mark.parametrize("configured", ["memory", "ansible.builtin.memory", "ansible.legacy.memory"])
def test_memory_means_private_files(tmp_path, warnings, monkeypatch, configured):
    monkeypatch.setattr(C, "CACHE_PLUGIN", configured)
    Backend(SETTINGS, warnings.append).set("name", "text")
    assert Backend(SETTINGS, warnings.append).get("name") == "text"
    [kept] = private_files(tmp_path)
    assert kept.name.startswith("falconops_auth_")
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert warnings == []


def test_the_users_fact_cache_is_used_with_a_prefix_of_our_own(tmp_path, warnings, monkeypatch):
    monkeypatch.setattr(C, "CACHE_PLUGIN", "jsonfile")
    monkeypatch.setenv("ANSIBLE_CACHE_PLUGIN_CONNECTION", str(tmp_path / "facts"))
    Backend(SETTINGS, warnings.append).set("name", "text")
    assert Backend(SETTINGS, warnings.append).get("name") == "text"
    [kept] = (tmp_path / "facts").iterdir()
    assert kept.name.startswith("falconops_auth_")
    assert (private_files(tmp_path), warnings) == ([], [])


def test_another_plugin_connection_and_prefix_for_tokens_alone(tmp_path, warnings, monkeypatch):
    monkeypatch.setenv("ANSIBLE_CACHE_PLUGIN_CONNECTION", str(tmp_path / "facts"))
    settings = StoreSettings("ansible.builtin.jsonfile", str(tmp_path / "tokens"), "team_")
    Backend(settings, warnings.append).set("name", "text")
    assert [kept.name.startswith("team_") for kept in (tmp_path / "tokens").iterdir()] == [True]
    assert not (tmp_path / "facts").exists()
    assert Backend(StoreSettings("ansible.builtin.jsonfile", str(tmp_path / "tokens"), "x_"), print).get("name") is None


def test_what_a_plugin_is_opened_with(plugged, warnings):
    opened = plugged(Ours())
    Backend(StoreSettings("ours", "redis://db", "p_"), warnings.append).get("name")
    Backend(StoreSettings("ours", None, "p_"), warnings.append).get("name")
    common = {"_prefix": "p_", "_timeout": LONGEST_LIFE, "_keyset_name": "p_keys"}
    assert opened == [{**common, "_uri": "redis://db"}, common]


def test_what_another_process_writes_is_seen_by_the_same_backend(warnings):
    reader, writer = (Backend(SETTINGS, warnings.append) for _unused in range(2))
    writer.set("name", "first")
    assert reader.get("name") == "first"
    writer.set("name", "second")
    assert reader.get("name") == "second"
    writer.delete("name")
    assert reader.get("name") is None


def test_what_is_not_there(plugged, warnings):
    plugged(Ours())
    for settings in (SETTINGS, StoreSettings("ours", None, "")):
        backend = Backend(settings, warnings.append)
        assert backend.get("nothing") is None
        backend.delete("nothing")
    assert warnings == []


class OddError(Exception):
    pass


@pytest.mark.parametrize("failing", ["get", "set", "contains", "delete"])
@pytest.mark.parametrize(
    "error", [OddError(PASSWORD), OSError(28, PASSWORD), TypeError(PASSWORD), TimeoutError(PASSWORD)]
)
def test_whatever_a_plugin_raises_costs_one_warning(plugged, tmp_path, warnings, failing, error):
    plugin = Ours(failing, error)
    plugin.kept["name"] = "old"
    opened = plugged(plugin)
    backend = Backend(StoreSettings("ours", f"redis://:{PASSWORD}@db", "p_"), warnings.append)
    if failing == "delete":
        backend.delete("name")
    backend.set("name", "text")
    assert backend.get("name") == "text"
    reason = "what was written cannot be read back" if failing == "get" else type(error).__name__
    assert warnings == [f"The token store 'ours' cannot be used ({reason}); {FALLBACK}"]
    assert len(private_files(tmp_path)) == 1
    tries = len(opened)
    backend.set("other", "text")
    backend.delete("name")
    assert len(opened) == tries  # it is not asked again


def test_a_plugin_that_cannot_be_opened(plugged, tmp_path, warnings):
    plugged(RuntimeError(PASSWORD))
    backend = Backend(StoreSettings("ours", None, "p_"), warnings.append)
    assert backend.get("name") is None
    assert warnings == [f"The token store 'ours' cannot be used (RuntimeError); {FALLBACK}"]


def test_a_plugin_that_there_is_none_of(tmp_path, warnings):
    backend = Backend(StoreSettings("falconops.auth.no_such_plugin", None, "p_"), warnings.append)
    backend.set("name", "text")
    assert backend.get("name") == "text"
    assert len(warnings) == 1
    assert warnings[0].startswith("The token store 'falconops.auth.no_such_plugin' cannot be used (")


def test_a_store_that_hangs_costs_one_wait_and_the_other_processes_nothing(plugged, tmp_path, warnings, monkeypatch):
    monkeypatch.setattr(_backend, "_PATIENCE", 0.3)
    plugin, released = Ours(), threading.Event()
    monkeypatch.setattr(plugin, "contains", lambda key: released.wait(10))
    opened = plugged(plugin)
    settings = StoreSettings("ours", None, "p_")
    start = time.monotonic()
    hung = Backend(settings, warnings.append)
    assert hung.get("name") is None
    hung.set("name", "text")
    assert 0.3 <= time.monotonic() - start < 5.0
    other = Backend(settings, warnings.append)
    assert other.get("name") == "text"
    assert time.monotonic() - start < 5.0
    released.set()
    assert len(opened) == 1
    assert warnings == [f"The token store 'ours' cannot be used (TimeoutError); {FALLBACK}"]
    assert len(private_files(tmp_path)) == 1


def test_who_waits_for_a_store_goes_on_when_another_process_gives_up(plugged, warnings, monkeypatch):
    plugin, released = Ours(), threading.Event()
    monkeypatch.setattr(plugin, "contains", lambda key: released.wait(10))
    plugged(plugin)
    settings = StoreSettings("ours", None, "p_")
    threading.Timer(0.2, _backend.Breaker(settings).open).start()
    start = time.monotonic()
    assert Backend(settings, warnings.append).get("name") is None
    assert 0.2 <= time.monotonic() - start < 2.4
    released.set()
    assert warnings == []  # the other one has told the user


def test_another_run_and_another_store_are_tried_again(plugged, tmp_path, warnings, monkeypatch):
    opened = plugged(Ours("get", OddError()))
    settings = StoreSettings("ours", None, "p_")
    Backend(settings, warnings.append).set("name", "text")
    tries = len(opened)
    Backend(settings, warnings.append).get("name")
    assert len(opened) == tries
    Backend(dataclasses.replace(settings, connection="elsewhere"), warnings.append).get("name")
    assert len(opened) == tries + 1
    monkeypatch.setattr(C, "DEFAULT_LOCAL_TMP", str(tmp_path))
    Backend(settings, warnings.append).get("name")
    assert len(opened) == tries + 2


def test_what_cannot_be_read_back_goes_to_private_files(plugged, tmp_path, warnings):
    plugged(Ours(forgets=True))
    backend = Backend(StoreSettings("ours", None, "p_"), warnings.append)
    backend.set("name", "text")
    assert backend.get("name") == "text"
    assert warnings == [f"The token store 'ours' cannot be used (what was written cannot be read back); {FALLBACK}"]
    assert len(private_files(tmp_path)) == 1


class OfManyNodes(Ours):
    """One in which another control node does something after each of the first writings."""

    def __init__(self, *others):
        super().__init__()
        self._others = [*others]

    def set(self, key, value):
        super().set(key, value)
        if self._others and (other := self._others.pop(0)):
            other(self.kept, key)


def writes(kept, key):
    kept[key] = "of another node"


def writes_again(kept, key):
    kept[key] = "of another node, before ours"


def deletes(kept, key):
    del kept[key]


@pytest.mark.parametrize(
    ("others", "left"),
    [
        ((writes,), "of another node"),
        ((deletes,), "ours"),
        ((deletes, writes), "of another node"),
        ((None,), "ours"),
    ],
)
@pytest.mark.parametrize("before", [None, "of another node, before ours"])
def test_what_another_control_node_does_at_the_same_moment_is_no_failure(
    plugged, tmp_path, warnings, before, others, left
):
    plugin = OfManyNodes(*others)
    plugin.kept.update({} if before is None else {"name": before})
    plugged(plugin)
    Backend(StoreSettings("ours", None, "p_"), warnings.append).set("name", "ours")
    assert (plugin.kept, warnings, private_files(tmp_path)) == ({"name": left}, [], [])


def test_a_plugin_that_keeps_what_it_has_cannot_be_used(plugged, tmp_path, warnings):
    plugin = OfManyNodes(writes_again, writes_again)
    plugin.kept["name"] = "of another node, before ours"
    plugged(plugin)
    Backend(StoreSettings("ours", None, "p_"), warnings.append).set("name", "ours")
    assert warnings == [f"The token store 'ours' cannot be used (what was written cannot be read back); {FALLBACK}"]
    assert len(private_files(tmp_path)) == 1


def test_the_same_text_again_is_no_failure(plugged, warnings):
    plugged(Ours())
    backend = Backend(StoreSettings("ours", None, "p_"), warnings.append)
    for _time in range(2):
        backend.set("name", "text")
    assert (backend.get("name"), warnings) == ("text", [])


def test_what_cannot_be_deleted_is_not_handed_out_again(tmp_path, warnings, monkeypatch):
    """As in a directory with a sticky bit, where the entry is another user's; Ansible says nothing about it."""
    settings = StoreSettings("ansible.builtin.jsonfile", str(tmp_path / "shared"), "p_")
    Backend(settings, warnings.append).set("name", "text")
    monkeypatch.setattr(os, "remove", Mock(side_effect=PermissionError(1, "not permitted")))
    backend = Backend(settings, warnings.append)
    backend.delete("name")
    assert (backend.get("name"), Backend(settings, warnings.append).get("name")) == (None, None)
    assert warnings == [
        f"The token store 'ansible.builtin.jsonfile' cannot be used (what was deleted is still there); {FALLBACK}"
    ]
    assert len(os.listdir(tmp_path / "shared")) == 1


def test_where_there_is_no_directory_at_all_it_costs_warnings_alone(warnings, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    backend = Backend(SETTINGS, warnings.append)
    backend.set("name", "text")
    assert backend.get("name") is None
    assert "falconops.auth can keep no tokens in its private files (OSError); each host asks for its own." in warnings


def test_a_directory_that_cannot_be_made_is_a_plugin_that_is_down(tmp_path, warnings):
    (tmp_path / "file").write_text("")
    backend = Backend(StoreSettings("jsonfile", str(tmp_path / "file"), "p_"), warnings.append)
    backend.set("name", "text")
    assert backend.get("name") == "text"
    assert len(warnings) == 1


def test_a_directory_that_another_process_makes_at_the_same_time_is_no_failure(tmp_path, warnings, monkeypatch):
    makedirs, directory = os.makedirs, str(tmp_path / "tokens")

    def another_was_faster(path, *args, **kwargs):
        makedirs(path, *args, **kwargs)
        if str(path) == directory:
            raise FileExistsError(17, "File exists")

    monkeypatch.setattr(os, "makedirs", another_was_faster)
    backend = Backend(StoreSettings("ansible.builtin.jsonfile", directory, "p_"), warnings.append)
    backend.set("name", "text")
    assert (backend.get("name"), warnings) == ("text", [])
    assert len(os.listdir(directory)) == 1


def test_expired_files_are_swept_as_the_store_is_used(tmp_path, warnings):
    Backend(SETTINGS, warnings.append).set("old", "text")
    [old] = private_files(tmp_path)
    os.utime(old, (0, 0))
    (tmp_path / "home" / "falconops_auth" / "tokens.swept").unlink()
    Backend(SETTINGS, warnings.append).set("new", "text")
    assert len(private_files(tmp_path)) == 1 and not old.exists()
    assert Backend(SETTINGS, warnings.append).get("old") is None


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1]", b"{}", b'{"__payload__": "{"}', b'"other"', b"7"])
def test_a_damaged_private_file_is_as_if_it_were_not_there(tmp_path, warnings, said, content):
    Backend(SETTINGS, warnings.append).set("name", "text")
    [kept] = private_files(tmp_path)
    kept.write_bytes(content)
    backend = Backend(SETTINGS, warnings.append)
    assert backend.get("name") != "text"
    backend.set("name", "new")
    assert backend.get("name") == "new"


def test_a_full_disk_loses_no_token(tmp_path, warnings, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    Backend(SETTINGS, warnings.append).set("name", "text")
    assert warnings == [
        "falconops.auth can keep no tokens in its private files (No space left on device); each host asks for its own."
    ]
    assert Backend(SETTINGS, warnings.append).get("name") is None


def test_a_private_file_is_its_owners_and_holds_the_text_and_nothing_else(tmp_path, warnings):
    Backend(SETTINGS, warnings.append).set("name", "text")
    [kept] = private_files(tmp_path)
    assert (kept.read_text(), stat.S_IMODE(kept.stat().st_mode)) == ("text", 0o600)


def a_link(path):
    path.symlink_to(path.parent.parent / "elsewhere")


def a_pipe(path):
    os.mkfifo(path)


@pytest.mark.parametrize("strange", [a_link, a_pipe])
def test_what_is_no_file_in_place_of_a_private_one_is_not_followed_and_gives_way(tmp_path, warnings, strange):
    Backend(SETTINGS, warnings.append).set("name", "text")
    [kept] = private_files(tmp_path)
    elsewhere = kept.parent.parent / "elsewhere"
    elsewhere.write_text("planted")
    kept.unlink()
    strange(kept)
    backend = Backend(SETTINGS, warnings.append)
    assert backend.get("name") == ""
    backend.set("name", "new")
    assert (backend.get("name"), elsewhere.read_text(), warnings) == ("new", "planted", [])


def test_a_directory_in_place_of_a_private_file_costs_a_warning(tmp_path, warnings):
    Backend(SETTINGS, warnings.append).set("name", "text")
    [kept] = private_files(tmp_path)
    kept.unlink()
    kept.mkdir()
    backend = Backend(SETTINGS, warnings.append)
    assert backend.get("name") is None
    backend.set("name", "new")
    assert set(warnings) == {
        "falconops.auth can keep no tokens in its private files (Is a directory); each host asks for its own."
    }  # which Ansible shows once
    assert private_files(tmp_path) == [kept]


@pytest.mark.parametrize("settings", [SETTINGS, StoreSettings("ansible.builtin.jsonfile", "tokens", "p_")])
def test_no_file_stays_open(tmp_path, warnings, monkeypatch, settings):
    monkeypatch.chdir(tmp_path)
    before = len(os.listdir("/dev/fd"))
    backend = Backend(settings, warnings.append)
    for number in range(20):
        backend.set(f"name{number}", f"text{number}")
        backend.set(f"name{number}", f"another{number}")
    assert [backend.get(f"name{number}") for number in range(20)] == [f"another{number}" for number in range(20)]
    assert len(os.listdir("/dev/fd")) == before


def test_the_keys_that_memcached_lists_are_left_to_the_facts(plugged, warnings):
    plugin = LikeMemcached()
    listed = plugin._keys
    plugged(plugin)
    backend = Backend(StoreSettings("ours.memcached", None, "p_"), warnings.append)
    backend.set("name", "text")
    listed.clear()  # as a process of Ansible does that writes down what it knew before
    assert backend.get("name") == "text"
    plugin._read.clear()
    backend.delete("name")
    backend.delete("name")
    assert (backend.get("name"), plugin.kept, listed, warnings) == (None, {}, set(), [])

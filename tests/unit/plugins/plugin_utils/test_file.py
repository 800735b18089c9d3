# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path

import pytest
from ansible_collections.falconops.auth.plugins.plugin_utils._file import made_beside, path_of, replace_file
from ansible_collections.falconops.auth.tests.unit.controller import loader_with


@pytest.fixture
def file(tmp_path):
    """A file, alone in its directory."""
    (tmp_path / "own").mkdir()
    path = tmp_path / "own" / "file"
    path.write_bytes(b"old")
    path.chmod(0o600)
    return path


def mode_of(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_new_file_has_the_mode_that_is_asked_for(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        replace_file(str(tmp_path / "new"), b"new\0\n", mode=mode)
    finally:
        os.umask(before)
    assert (tmp_path / "new").read_bytes() == b"new\0\n"
    assert mode_of(tmp_path / "new") == mode
    assert os.listdir(tmp_path) == ["new"]


@pytest.mark.parametrize(
    ("old", "asked", "new"),
    [(0o644, 0o600, 0o600), (0o400, 0o600, 0o400), (0o600, 0o644, 0o600), (0o6755, 0o644, 0o644)],
)
def test_a_file_never_gets_wider(file, old, asked, new):
    file.chmod(old)
    replace_file(str(file), b"new", mode=asked)
    assert (file.read_bytes(), mode_of(file)) == (b"new", new)


def test_it_is_another_file_that_takes_the_place(file):
    with file.open("rb") as reader:
        replace_file(str(file), b"new", mode=0o600)
        assert reader.read() == b"old"
    assert file.read_bytes() == b"new"


def test_at_no_moment_can_others_read_it(file, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "fsync", lambda handle: seen.append(stat.S_IMODE(os.fstat(handle).st_mode)))
    replace_file(str(file), b"new", mode=0o600)
    assert seen == [0o600]


def test_a_relative_path(file, monkeypatch):
    monkeypatch.chdir(file.parent)
    replace_file("file", b"new", mode=0o600)
    assert file.read_bytes() == b"new"


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_leads_to_the_new_file(file, tmp_path, there):
    link = tmp_path / "link"
    link.symlink_to("own/file")
    if not there:
        file.unlink()
    replace_file(str(link), b"new", mode=0o600)
    assert link.is_symlink() and file.read_bytes() == b"new"
    assert os.listdir(file.parent) == ["file"]


def test_a_link_of_another_user_is_not_followed(file, tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to("own/file")
    lstat = os.lstat

    def of_somebody(path):
        found = list(lstat(path))
        found[stat.ST_UID] += 1
        return os.stat_result(found)

    monkeypatch.setattr(os, "lstat", of_somebody)
    with pytest.raises(OSError, match="Symbolic link of another user"):
        replace_file(str(tmp_path / "link"), b"new", mode=0o600)
    assert file.read_bytes() == b"old"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_not_a_file_is_not_replaced(tmp_path, make):
    make(tmp_path / "thing")
    before = os.lstat(tmp_path / "thing")
    with pytest.raises(OSError, match="Not a regular file"):
        replace_file(str(tmp_path / "thing"), b"new", mode=0o600)
    assert os.path.samestat(before, os.lstat(tmp_path / "thing"))
    assert os.listdir(tmp_path) == ["thing"]


def test_a_directory_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        replace_file(str(tmp_path / "none" / "file"), b"new", mode=0o600)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("step", ["fsync", "fchmod", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_changes_nothing_and_leaves_nothing(file, monkeypatch, step, error):
    def fails(*args):
        raise error

    monkeypatch.setattr(os, step, fails)
    with pytest.raises(type(error)):
        replace_file(str(file), b"new", mode=0o600)
    assert file.read_bytes() == b"old"
    assert os.listdir(file.parent) == ["file"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_killed_half_way_the_old_file_stands(file, step):
    child = os.fork()
    if child == 0:
        setattr(os, step, lambda *args: os.kill(os.getpid(), signal.SIGKILL))
        replace_file(str(file), b"new", mode=0o600)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert (file.read_bytes(), mode_of(file)) == (b"old", 0o600)
    [left] = set(os.listdir(file.parent)) - {"file"}
    assert left.startswith(".") and mode_of(file.parent / left) == 0o600


def test_a_relative_path_is_relative_to_the_playbook(tmp_path, monkeypatch):
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path)
    loader = loader_with(basedir=tmp_path / "project")
    assert path_of("clients.yml", loader) == str(tmp_path / "project" / "clients.yml")
    assert path_of("/clients.yml", loader) == "/clients.yml"


def test_for_our_own_playbooks_it_is_relative_to_where_ansible_was_started(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    loader = loader_with(basedir=Path(__file__).parents[4] / "playbooks")
    assert path_of("clients.yml", loader) == str(tmp_path / "clients.yml")
    assert path_of("/clients.yml", loader) == "/clients.yml"


def test_what_a_killed_one_left_of_the_same_file_is_removed(file):
    handle, left = made_beside(str(file))
    _another, of_another = made_beside(str(file.parent / "another"))
    replace_file(str(file), b"first", mode=0o600)
    assert os.path.exists(left)  # it is too young to be known as left
    for path in (left, of_another):
        os.utime(path, (0, 0))
    replace_file(str(file), b"second", mode=0o600)
    assert os.path.exists(left)  # it is locked, so that it is under way
    os.close(handle)
    replace_file(str(file), b"third", mode=0o600)
    assert sorted(os.listdir(file.parent)) == sorted(["file", os.path.basename(of_another)])

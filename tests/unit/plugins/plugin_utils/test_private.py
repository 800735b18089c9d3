# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import stat
import time

import pytest
from ansible import constants as C
from ansible_collections.falconops.auth.plugins.plugin_utils import _private
from ansible_collections.falconops.auth.plugins.plugin_utils._private import PrivateFiles, private_directory, sweep


@pytest.fixture
def home(tmp_path):
    """Ansible's home, not yet made."""
    return tmp_path / "home"


@pytest.fixture
def own_tmp(tmp_path):
    """What takes its place: the directory of this run."""
    path = tmp_path / "ansible-local-1"
    path.mkdir(mode=0o700)
    return path


def mode_of(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_directory_is_made_for_its_owner_alone(home, warnings, umask):
    before = os.umask(umask)
    try:
        path = private_directory("tokens", warnings.append)
    finally:
        os.umask(before)
    assert path == str(home / "falconops_auth" / "tokens")
    assert mode_of(path) == mode_of(home / "falconops_auth") == 0o700
    assert warnings == []


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701, 0o777])
@pytest.mark.parametrize("which", ["falconops_auth", "falconops_auth/tokens"])
def test_an_open_directory_is_closed_with_a_warning(home, warnings, mode, which):
    private_directory("tokens", warnings.append)
    (home / which).chmod(mode)
    path = private_directory("tokens", warnings.append)
    assert mode_of(path) == mode_of(home / which) == 0o700
    assert warnings == [
        f"falconops.auth found its private directory {home / which} open to other users, and closed it."
    ]
    private_directory("tokens", warnings.append)
    assert len(warnings) == 1


def symlink_to_elsewhere(path):
    (path.parent / "elsewhere").mkdir()
    path.symlink_to(path.parent / "elsewhere")


def dangling_symlink(path):
    path.symlink_to("nowhere")


def file(path):
    path.write_text("")


def unread(path):
    """What tells whether something was changed; looking at it changes when it was last read."""
    found = os.lstat(path)
    return found.st_ino, found.st_mode, found.st_mtime_ns, found.st_ctime_ns


@pytest.mark.parametrize("plant", [symlink_to_elsewhere, dangling_symlink, file])
@pytest.mark.parametrize("which", ["falconops_auth", "falconops_auth/tokens"])
def test_something_else_in_its_place_is_left_alone(home, own_tmp, warnings, plant, which):
    (home / which).parent.mkdir(parents=True, mode=0o700)
    plant(home / which)
    before = unread(home / which)
    path = private_directory("tokens", warnings.append)
    assert path == str(own_tmp / "falconops_auth" / "tokens")
    assert mode_of(path) == 0o700
    assert unread(home / which) == before
    assert len(warnings) == 1
    assert f"cannot keep its private files in {home / 'falconops_auth'} (" in warnings[0]
    assert "set ANSIBLE_HOME to a directory that you own." in warnings[0]


def test_a_directory_of_somebody_else_is_not_used(home, own_tmp, warnings, monkeypatch):
    private_directory("tokens", warnings.append)
    somebody = os.lstat(home / "falconops_auth").st_uid + 1
    with pytest.raises(OSError, match="belongs to another user"):
        # The fallback is a stranger's as well, and there is nothing beyond it.
        monkeypatch.setattr(os, "geteuid", lambda: somebody)
        private_directory("tokens", warnings.append)
    assert len(warnings) == 1
    assert "belongs to another user" in warnings[0]


@pytest.mark.parametrize("where", ["~/.ansible", "/project/~/.ansible"])
def test_without_a_home_nothing_is_made_in_the_project(own_tmp, warnings, monkeypatch, tmp_path, where):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(C.config, "get_config_value", lambda name, **kwargs: where)
    assert private_directory("locks", warnings.append) == str(own_tmp / "falconops_auth" / "locks")
    assert "(no home directory)" in warnings[0]
    assert sorted(os.listdir(tmp_path)) == ["ansible-local-1"]


def test_a_home_that_cannot_be_written(own_tmp, warnings, monkeypatch, home):
    makedirs = os.makedirs

    def read_only(path, *args, **kwargs):
        if str(path).startswith(str(home)):
            raise OSError(30, "Read-only file system")
        makedirs(path, *args, **kwargs)

    monkeypatch.setattr(os, "makedirs", read_only)
    assert private_directory("tokens", warnings.append).startswith(str(own_tmp))
    assert "(Read-only file system)" in warnings[0]


@pytest.mark.parametrize("name", ["tokens", "locks"])
def test_a_home_with_our_directories_that_became_read_only(own_tmp, warnings, monkeypatch, home, name):
    private_directory(name, warnings.append)
    monkeypatch.setattr(os, "access", lambda path, mode: not path.startswith(str(home)))
    assert private_directory(name, warnings.append) == str(own_tmp / "falconops_auth" / name)
    assert len(warnings) == 1 and "(it cannot be written)" in warnings[0]


def test_a_new_file_that_took_the_place_of_an_old_one_is_not_swept(tmp_path, monkeypatch):
    def replaced_meanwhile(path, flags):
        (tmp_path / "new").write_text("new")
        os.replace(tmp_path / "new", path)
        return real(path, flags)

    (tmp_path / "entry").write_text("old")
    os.utime(tmp_path / "entry", (0, 0))
    real = os.open
    monkeypatch.setattr(_private.os, "open", replaced_meanwhile)
    _private.remove_unlocked(str(tmp_path), older_than=100)
    assert (tmp_path / "entry").read_text() == "new"


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_an_entry_that_others_can_write_is_not_read_and_the_next_closes_it(tmp_path, mode):
    files = PrivateFiles(str(tmp_path), "t_")
    files.set("a", "sealed")
    (tmp_path / "t_a").chmod(mode)
    assert files.get("a") == ""
    files.set("a", "sealed")
    assert files.get("a") == "sealed"
    assert (tmp_path / "t_a").stat().st_mode & 0o777 == 0o600


def test_old_files_are_swept_and_others_stay(tmp_path):
    for name, age in (("old", 101), ("young", 50), (".tmp_old", 500)):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    (tmp_path / "target").write_text("")
    (tmp_path / "old_link").symlink_to("target")
    os.utime(tmp_path / "old_link", (0, 0), follow_symlinks=False)
    (tmp_path / "directory").mkdir()
    os.utime(tmp_path / "directory", (0, 0))
    sweep(str(tmp_path), older_than=100)
    assert sorted(os.listdir(tmp_path)) == ["directory", "target", "young"]


def test_sweeping_goes_on_where_another_process_was_faster(tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (0, 0))
    unlink = os.unlink

    def swept_already(path):
        unlink(path)
        if path.endswith("a"):
            raise FileNotFoundError(path)

    monkeypatch.setattr(os, "unlink", swept_already)
    sweep(str(tmp_path), older_than=100)
    assert os.listdir(tmp_path) == []

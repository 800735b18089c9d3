# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import multiprocessing
import os
import signal
import stat
import time

import pytest
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils import _lock
from ansible_collections.falconops.auth.plugins.plugin_utils._lock import Lock, Notes
from ansible_collections.falconops.auth.plugins.plugin_utils._seal import Sealer
from ansible_collections.falconops.auth.tests.unit.examples import ID, OTHER_SECRET, SECRET, TOKEN_TEXT, token

FORK = multiprocessing.get_context("fork")
NAME = "0" * 64


@pytest.fixture
def lock(warnings):
    return Lock(Sealer.from_secret(ID, SECRET), warnings.append)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "home" / "falconops_auth" / "locks" / NAME


@pytest.fixture
def holder(lock):
    """Another process that holds the lock until it is told to go, or is killed."""

    def hold():
        with lock.held(NAME, seconds=10) as notes:
            notes.failed(FalconError("half-way"), "way", "run")
            ours.send("held")
            ours.recv()

    theirs, ours = FORK.Pipe()
    process = FORK.Process(target=hold)
    process.start()
    assert theirs.recv() == "held"
    process.go = lambda: theirs.send("go")
    yield process
    process.kill()
    process.join()


def test_the_lock_file_is_its_owners_alone(lock, path):
    with lock.held(NAME, seconds=0) as notes:
        assert notes == Notes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_another_process_does_not_get_it_and_goes_on_when_its_patience_is_over(lock, holder):
    for patience in (0, 0.2):
        started = time.monotonic()
        with lock.held(NAME, seconds=patience) as notes:
            assert notes is None
        assert patience <= time.monotonic() - started < patience + 5


def test_another_name_is_another_lock(lock, holder):
    with lock.held("1" * 64, seconds=0) as notes:
        assert notes is not None


def test_who_waits_gets_it_and_reads_what_the_holder_noted(lock, holder):
    holder.go()
    with lock.held(NAME, seconds=20) as notes:
        assert notes.failure["message"] == "half-way"


def test_a_killed_holder_blocks_nobody_and_leaves_no_half_notes(lock, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    with lock.held(NAME, seconds=0) as notes:
        assert notes == Notes()


def test_one_at_a_time_among_many(lock, tmp_path):
    counter = tmp_path / "counter"
    counter.write_text("0")

    def count():
        for _unused in range(10):
            with lock.held(NAME, seconds=30) as notes:
                assert notes is not None
                number = int(counter.read_text())
                os.sched_yield()
                counter.write_text(str(number + 1))

    processes = [FORK.Process(target=count) for _unused in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert counter.read_text() == "40"


def test_a_lock_file_that_is_held_is_not_old_enough_to_be_swept(lock, path):
    with lock.held(NAME, seconds=0):
        os.utime(path, (0, 0))
    with lock.held(NAME, seconds=0):
        _lock.sweep(str(path.parent), older_than=60)
        assert path.exists()


def test_a_lock_that_is_held_is_not_swept_though_the_clock_jumps(lock, path):
    with lock.held(NAME, seconds=0):
        os.utime(path, (0, 0))
        _lock.sweep(str(path.parent), older_than=60)
        assert path.exists()


def test_a_lock_file_that_was_swept_while_somebody_waited_is_noticed(lock, path, monkeypatch):
    flock, swept = _lock.fcntl.flock, []

    def swept_meanwhile(handle, operation):
        if not swept:
            swept.append(path.unlink())
        flock(handle, operation)

    monkeypatch.setattr(_lock.fcntl, "flock", swept_meanwhile)
    with lock.held(NAME, seconds=0) as notes:
        assert notes == Notes()
        assert path.exists()
        with lock.held(NAME, seconds=0) as second:
            assert second is None  # and so nobody else has a lock of the same name


def test_notes_survive_and_are_sealed(lock, path):
    with lock.held(NAME, seconds=0) as notes:
        notes.failed(FalconError("refused there", refused=True), "way", "run-1")
        notes.issued("task-1", token())
    with lock.held(NAME, seconds=0) as notes:
        assert notes.failure_for("way", "run-1", time.monotonic()).message == "refused there"
        assert notes.token_of("task-1").access_token == TOKEN_TEXT
        assert notes.token_of("task-2") is None
    for text in ("refused there", TOKEN_TEXT, "run-1", "task-1"):
        assert text not in path.read_text()


def test_notes_survive_an_exception_and_a_shorter_text_leaves_no_rest(lock):
    with pytest.raises(FalconError), lock.held(NAME, seconds=0) as notes:
        notes.failed(FalconError("a long message " * 50), "way", "run")
        raise FalconError("out")
    with lock.held(NAME, seconds=0) as notes:
        assert notes.failure["message"].startswith("a long message")
        notes.failed(FalconError("short"), "way", "run")
    with lock.held(NAME, seconds=0) as notes:
        assert notes.failure["message"] == "short"


def test_unchanged_notes_are_not_written(lock, path):
    with lock.held(NAME, seconds=0) as notes:
        notes.issued("task", token())
    before = path.read_bytes()
    with lock.held(NAME, seconds=0):
        pass
    assert path.read_bytes() == before


@pytest.mark.parametrize("damage", [b"", b"fa1.", b"\xff\x00", b"{}", b"half"])
def test_notes_that_a_killed_process_half_wrote_are_ignored(lock, path, damage):
    with lock.held(NAME, seconds=0) as notes:
        notes.issued("task", token())
    path.write_bytes(path.read_bytes()[:50] if damage == b"half" else damage)
    with lock.held(NAME, seconds=0) as notes:
        assert notes == Notes()
        notes.issued("task", token("new"))
    with lock.held(NAME, seconds=0) as notes:
        assert notes.token_of("task").access_token == "new"


@pytest.mark.parametrize("content", [None, [], {"unknown": 1}, "text"])
def test_notes_of_another_version_are_ignored(lock, path, content):
    with lock.held(NAME, seconds=0):
        pass
    path.write_text(Sealer.from_secret(ID, SECRET).seal(content, place=f"notes {NAME}"))
    with lock.held(NAME, seconds=0) as notes:
        assert notes == Notes()


def test_notes_of_another_secret_or_lock_are_ignored(lock, path, warnings):
    with Lock(Sealer.from_secret(ID, OTHER_SECRET), warnings.append).held(NAME, seconds=0) as notes:
        notes.issued("task", token())
    with lock.held(NAME, seconds=0) as notes:
        assert notes == Notes()
        notes.issued("task", token())
    (path.parent / ("1" * 64)).write_bytes(path.read_bytes())
    with lock.held("1" * 64, seconds=0) as notes:
        assert notes == Notes()


def test_where_there_is_no_directory_for_locks_it_is_a_sentence_too(lock, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(FalconError) as caught, lock.held(NAME, seconds=0):
        pass
    assert f"The lock file {NAME} cannot be used (it cannot be written);" in caught.value.message


def test_lock_files_of_long_ago_are_swept(lock, path):
    path.parent.mkdir(parents=True, mode=0o700)
    for name, age in (("old", 1900), ("young", 1700)):
        (path.parent / name).write_text("")
        os.utime(path.parent / name, (time.time() - age,) * 2)
    with lock.held(NAME, seconds=0):
        pass
    assert sorted(os.listdir(path.parent)) == [NAME, "young"]


@pytest.mark.parametrize("spoiler", ["directory", "symlink", "loop", "dangling"])
def test_a_lock_file_that_cannot_be_used_is_a_sentence(lock, path, tmp_path, spoiler):
    path.parent.mkdir(parents=True, mode=0o700)
    victim = tmp_path / "victim"
    if spoiler == "directory":
        path.mkdir()
    else:
        path.symlink_to({"symlink": victim, "loop": path, "dangling": tmp_path / "none"}[spoiler])
    if spoiler == "symlink":
        victim.write_text("mine")
    with pytest.raises(FalconError) as caught, lock.held(NAME, seconds=0):
        pass
    assert caught.value.message.startswith(f"The lock file {path} cannot be used (")
    assert caught.value.message.endswith("); remove it, or set ANSIBLE_HOME to a directory that you own.")
    assert (caught.value.refused, caught.value.lasting) == (False, False)
    assert not (tmp_path / "none").exists()
    assert spoiler != "symlink" or victim.read_text() == "mine"
    path.rmdir() if spoiler == "directory" else path.unlink()
    with lock.held(NAME, seconds=0) as notes:
        assert notes == Notes()

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the file that an answer is written to."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import stat

import pytest
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils._dest import Dest

CONTENT = b"an installer"
SUM = hashlib.sha256(CONTENT).hexdigest()


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def write(path, content=CONTENT, mode=None, checksum=None, **more):
    dest = Dest(str(path), mode, checksum, **more)
    with dest.open():
        dest.sink(None)
        for at in range(0, len(content), 5):
            dest.sink(content[at : at + 5])
    return dest


def test_a_file_takes_its_place_when_it_is_whole(tmp_path):
    path = tmp_path / "file"
    dest = Dest(str(path), None, None)
    with dest.open():
        dest.sink(None)
        dest.sink(b"half of an answer that")
        dest.sink(None)  # begins anew
        dest.sink(CONTENT)
        assert not path.exists()
        assert len(list(tmp_path.iterdir())) == 1
    assert path.read_bytes() == CONTENT and list(tmp_path.iterdir()) == [path]
    assert dest.result() == {"changed": True, "dest": str(path), "checksum": f"sha256:{SUM}", "size": 12}
    assert mode_of(path) == 0o600


@pytest.mark.parametrize("stop", [FalconError("no"), KeyboardInterrupt(), None])
def test_what_does_not_come_leaves_what_stood_there(tmp_path, stop):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    dest = Dest(str(path), "0640", None)
    try:
        with dest.open():
            dest.sink(CONTENT)
            if stop:
                raise stop
            dest.drop()
    except type(stop):
        pass
    assert path.read_bytes() == b"old" and mode_of(path) != 0o640
    assert list(tmp_path.iterdir()) == [path] and dest.changed is False


def test_a_run_that_is_killed_leaves_what_stood_there_and_at_most_a_file_of_its_own(tmp_path):
    def killed():
        with Dest(str(tmp_path / "file"), "0644", None).open() as dest:
            dest.sink(CONTENT)
            os.kill(os.getpid(), signal.SIGKILL)

    (tmp_path / "file").write_bytes(b"old")
    process = multiprocessing.get_context("fork").Process(target=killed)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert (tmp_path / "file").read_bytes() == b"old"
    [left] = {*tmp_path.iterdir()} - {tmp_path / "file"}
    assert left.name.startswith(".falconops-") and mode_of(left) == 0o600
    assert write(tmp_path / "file").changed and (tmp_path / "file").read_bytes() == CONTENT


def test_the_next_download_removes_what_a_killed_one_left_and_nobody_elses(tmp_path):
    def killed(name):
        with Dest(str(tmp_path / name), None, None).open() as dest:
            dest.sink(CONTENT)
            os.kill(os.getpid(), signal.SIGKILL)

    for name in ("file", "another"):
        process = multiprocessing.get_context("fork").Process(target=killed, args=[name])
        process.start()
        process.join()
    (tmp_path / ".falconops-of-somebody").touch()
    with Dest(str(tmp_path / "file"), None, None).open() as under_way:
        under_way.sink(CONTENT)
        write(tmp_path / "file")
        assert len([*tmp_path.glob(".falconops-*")]) == 4  # it is too young to be known as left
        for each in tmp_path.glob(".falconops-*"):
            os.utime(each, (0, 0))
        write(tmp_path / "file")
        assert len([*tmp_path.glob(".falconops-*")]) == 3  # of another file, of somebody, and the one under way
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_the_same_content_changes_nothing_but_its_mode(tmp_path):
    path = tmp_path / "file"
    assert write(path).changed is True
    before = path.stat()
    assert write(path).changed is False
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert write(path, mode="0644").changed is True and mode_of(path) == 0o644
    assert write(path, mode="0644").changed is False
    assert write(path, b"other").changed is True and mode_of(path) == 0o644


@pytest.mark.parametrize(
    ("mode", "bits"), [("0640", 0o640), ("755", 0o755), (0o600, 0o600), ("", 0o600), (None, 0o600)]
)
def test_modes(tmp_path, mode, bits):
    write(tmp_path / "file", mode=mode)
    assert mode_of(tmp_path / "file") == bits


@pytest.mark.parametrize("mode", ["u=rw", "0999", 644 * 10, True, "04755", [], "rw-r--r--"])
def test_modes_that_are_none(tmp_path, mode):
    with pytest.raises(FalconError, match="^mode must be permissions in octal and in quotes"):
        Dest(str(tmp_path / "file"), mode, None)


@pytest.mark.parametrize("kind", ["", "sha256:", "sha1:", "md5:", "sha512:"])
def test_a_checksum_is_checked(tmp_path, kind):
    path, name = tmp_path / "file", kind.rstrip(":") or "sha256"
    right = kind + hashlib.new(name, CONTENT).hexdigest().upper()
    assert not Dest(str(path), None, right).is_there()
    assert write(path, checksum=right).result()["checksum"] == f"{name}:{hashlib.new(name, CONTENT).hexdigest()}"
    with pytest.raises(FalconError, match=f"^What came for .* has the {name} .* was thrown away, and what stood there"):
        write(path, b"another", checksum=right)
    assert path.read_bytes() == CONTENT


def test_what_is_there_is_not_asked_for(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    path.chmod(0o644)
    there = Dest(str(path), None, SUM)
    assert there.is_there() and there.result() == {
        "changed": False, "dest": str(path), "checksum": f"sha256:{SUM}", "size": 12,
    }  # fmt: skip
    other = Dest(str(path), "0600", SUM)
    assert other.is_there() and other.changed and mode_of(path) == 0o600
    assert not Dest(str(path), None, None).is_there()
    assert not Dest(str(path), None, "0" * 64).is_there()


@pytest.mark.parametrize("checksum", ["abc", "sha256:" + "a" * 40, "sha3:" + "a" * 64, "g" * 64, "a" * 65])
def test_checksums_that_are_none(tmp_path, checksum):
    with pytest.raises(FalconError, match="^checksum must be hexadecimal digits"):
        Dest(str(tmp_path / "file"), None, checksum)


def test_check_mode_tells_and_writes_nothing(tmp_path):
    path = tmp_path / "file"
    assert write(path, check=True).changed is True and list(tmp_path.iterdir()) == []
    write(path)
    assert write(path, check=True).changed is False
    assert write(path, check=True, mode="0644").changed is True and mode_of(path) == 0o600
    assert write(path, b"other", check=True).changed is True and path.read_bytes() == CONTENT
    there = Dest(str(path), "0640", SUM, check=True)
    assert there.is_there() and there.changed and mode_of(path) == 0o600


def test_items_are_lines_of_json(tmp_path):
    dest = Dest(str(tmp_path / "file"), None, None)
    with dest.open():
        for item in ("a", {"b": "\u00e4\n", "c": [1, None]}, "\ud800"):
            dest.emit(item)
    text = (tmp_path / "file").read_text(encoding="utf-8")
    assert text == '"a"\n{"b":"\u00e4\\n","c":[1,null]}\n"\\ud800"\n'


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("", "which is a directory"),
        ("no/file", "there is no directory"),
        ("link", "Not a regular file"),
    ],
)
def test_a_dest_that_cannot_be(tmp_path, path, sentence):
    (tmp_path / "link").symlink_to("/dev/null")
    with pytest.raises(FalconError, match=sentence):
        Dest(str(tmp_path / path), None, None)


def test_a_directory_that_is_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(FalconError, match="nothing can be written in"):
        Dest(str(tmp_path / "file"), None, None)


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to("there/file")
    write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "there" / "file").read_bytes() == CONTENT


def test_a_full_disk_is_a_sentence_and_leaves_nothing(tmp_path):
    class Full:
        def __enter__(self):
            return self

        def __exit__(self, *_unused):
            pass

        def write(self, piece):
            raise OSError(28, "No space left on device")

    dest = Dest(str(tmp_path / "file"), None, None)
    with (
        pytest.raises(FalconError, match=r"^dest .*file could not be written \(No space left on device\)"),
        dest.open(),
    ):
        dest._file.close()
        dest._file = Full()
        dest.sink(CONTENT)
    assert list(tmp_path.iterdir()) == []

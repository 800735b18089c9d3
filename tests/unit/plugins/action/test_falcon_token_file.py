# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the token in a file, by a task that is not there; HTTP is faked and nothing nearer."""

from __future__ import annotations

import errno
import json
import os
import stat

import pytest
import responses
from ansible_collections.falconops.auth.plugins.action import falcon_token_file
from ansible_collections.falconops.auth.tests.unit.examples import ID, ISSUED, SECRET, TOKEN_TEXT, US1

PLUGIN = falcon_token_file
WHO = {"client_id": ID, "client_secret": SECRET}


@pytest.fixture
def server():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(US1 + "/oauth2/token", json=ISSUED, status=201)
        yield mock


@pytest.fixture
def file(tmp_path):
    """Where the token is to go, in a directory of its own."""
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "token"


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_the_token_alone_in_a_file_of_ones_own(server, run, file):
    result = run({**WHO, "session": "s", "dest": str(file)})
    assert (file.read_bytes(), mode_of(file), os.listdir(file.parent)) == (TOKEN_TEXT.encode(), 0o600, ["token"])
    assert 1790 <= result.pop("expires_in") <= 1799 and result.pop("expires_at").endswith("Z")
    assert result == {
        "changed": True,
        "dest": str(file),
        "client": None,
        "client_id": ID,
        "cloud": "us-1",
        "hostname": US1,
        "member_cid": None,
        "session": "s",
    }
    assert TOKEN_TEXT not in json.dumps(result) and SECRET not in json.dumps(result)


def test_it_is_the_token_of_the_store_and_of_the_context(server, run, get, file):
    get(WHO)
    assert run({"dest": str(file)})["changed"] is True
    assert file.read_text() == TOKEN_TEXT
    assert len(server.calls) == 1


def test_a_second_time_nothing_changes(server, run, file):
    run({**WHO, "dest": str(file)})
    before = file.stat()
    assert run({**WHO, "dest": str(file)})["changed"] is False
    after = file.stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_mode) == (before.st_ino, before.st_mtime_ns, before.st_mode)


@pytest.mark.parametrize(("content", "mode"), [("an older token", 0o600), (TOKEN_TEXT, 0o644), (TOKEN_TEXT, 0o4600)])
def test_what_is_not_right_is_replaced(server, run, file, content, mode):
    file.write_text(content)
    file.chmod(mode)
    assert run({**WHO, "dest": str(file)})["changed"] is True
    assert (file.read_text(), mode_of(file)) == (TOKEN_TEXT, 0o600)


def test_a_relative_path_is_relative_to_where_ansible_was_started(server, run, file, monkeypatch):
    monkeypatch.chdir(file.parent)
    assert run({**WHO, "dest": "token"})["dest"] == str(file)
    assert file.read_text() == TOKEN_TEXT


def test_check_mode_without_a_token_asks_for_nothing(server, run, file):
    result = run({**WHO, "dest": str(file)}, check=True)
    assert (result["changed"], result["expires_at"]) == (True, None)
    assert result["msg"] == f"Would write the new token of client {ID} to {file}."
    assert not file.exists() and len(server.calls) == 0


def test_check_mode_with_a_token(server, run, get, file):
    get(WHO)
    result = run({**WHO, "dest": str(file)}, check=True)
    assert (result["changed"], result["msg"]) == (True, f"Would write the token of client {ID} to {file}.")
    assert not file.exists()
    run({**WHO, "dest": str(file)})
    result = run({**WHO, "dest": str(file)}, check=True)
    assert (result["changed"], "msg" in result, len(server.calls)) == (False, False, 1)


@pytest.mark.parametrize("arguments", [{}, {"dest": ""}, {"dest": None}])
def test_it_must_be_told_where_to(server, run, arguments):
    result = run({**WHO, **arguments})
    assert result["msg"] == "dest is missing or empty, so no token was written; name the file that is to hold it."
    assert result["failed"] and len(server.calls) == 0


def test_no_credentials(run, file):
    result = run({"dest": str(file)})
    assert result["failed"] and result["msg"].startswith("There are no Falcon credentials: ")
    assert not file.exists()


def test_a_directory_is_no_file(server, run, file):
    result = run({**WHO, "dest": str(file.parent)})
    assert result == {
        "failed": True,
        "changed": False,
        "msg": f"The token could not be written to {file.parent}: it is a directory; name a file in it.",
    }


def test_no_directory_is_made(server, run, file):
    result = run({**WHO, "dest": str(file / "token")})
    assert result["msg"] == (
        f"The token could not be written to {file}/token: there is no directory {file}; make it first."
    )
    assert not file.exists()


def test_what_is_no_regular_file_is_left_alone_and_not_read(server, run, file):
    os.mkfifo(file)
    result = run({**WHO, "dest": str(file)})
    assert result["msg"] == f"The token could not be written to {file}: Not a regular file."
    assert stat.S_ISFIFO(file.stat().st_mode)


def test_a_disk_that_is_full_and_what_stood_there_before(server, run, file, monkeypatch):
    file.write_text("an older token")

    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(falcon_token_file, "replace_file", full)
    result = run({**WHO, "dest": str(file)})
    assert result["msg"] == f"The token could not be written to {file}: No space left on device."
    assert file.read_text() == "an older token"

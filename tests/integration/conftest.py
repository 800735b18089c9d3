# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One emulator and one ansible-core for each process of pytest, one user for each test."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Whatever pytest's import mode is: the emulator, and the helpers beside this file.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from emulator.client import Emulator
from integration.harness import Ansible, User
from integration.redis import COLLECTIONS, SERVER, Redis, what_is_missing


@pytest.fixture(scope="session")
def ansible(tmp_path_factory: pytest.TempPathFactory) -> Ansible:
    return Ansible(tmp_path_factory.mktemp("ansible"))


@pytest.fixture(scope="session")
def running_emulator() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(running_emulator: Emulator) -> Emulator:
    running_emulator.reset()
    return running_emulator


@pytest.fixture
def user(ansible: Ansible, emulator: Emulator) -> Iterator[User]:
    """A new user. After the test, what their runs have left behind is searched for secrets and tokens.

    Not in tmp_path: ansible-core 2.22 makes a socket below TMPDIR, and the path of a socket must be short.
    """
    with tempfile.TemporaryDirectory(prefix="user-") as root:
        user = User(Path(root), ansible, emulator)
        yield user
        user.check_files()


@pytest.fixture
def redis(user: User) -> Iterator[Redis]:
    """A Redis of the user's own. Without a server the test is not run; whatever else is missing is a failure."""
    if not SERVER:
        pytest.skip("there is no redis-server on this machine (Debian: apt-get install redis-server)")
    missing = what_is_missing(user.ansible.bin / "python")
    if missing:
        pytest.fail(missing)
    user.environment["ANSIBLE_COLLECTIONS_PATH"] += f":{COLLECTIONS}"
    with Redis(user.root / "redis", password=user.secret("the-password-of-a-redis-0123456789")) as server:
        yield server

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
from integration.servers import COLLECTIONS, Memcached, Redis, installed, what_is_missing


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
def community_general(user: User) -> None:
    """Cache plugins that do not come with ansible-core."""
    if missing := what_is_missing(user.ansible.bin / "python"):
        pytest.fail(missing)
    user.environment["ANSIBLE_COLLECTIONS_PATH"] += f":{COLLECTIONS}"


@pytest.fixture
def redis(user: User, community_general: None) -> Iterator[Redis]:
    """A Redis of the user's own. Without a server the test is not run; whatever else is missing is a failure."""
    _need(user, Redis.program, Redis.library)
    with Redis(user.root / "redis", password=user.secret("the-password-of-a-redis-0123456789")) as server:
        yield server


@pytest.fixture
def memcached(user: User, community_general: None) -> Iterator[Memcached]:
    """A Memcached of the user's own, if there is one."""
    _need(user, Memcached.program, Memcached.library)
    with Memcached(user.root / "memcached") as server:
        yield server


def _need(user: User, program: str, library: str) -> None:
    if not installed(program):
        pytest.skip(f"there is no {program} on this machine (Debian: apt-get install {program})")
    if missing := what_is_missing(user.ansible.bin / "python", library):
        pytest.fail(missing)

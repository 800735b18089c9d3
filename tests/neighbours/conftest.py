# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The users and clouds of the integration tests, for what stands beside the collection: other people's tools."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from integration import conftest as integration
from integration.harness import User
from integration.servers import COLLECTIONS

# pytest finds fixtures by their names here.
ansible, user = integration.ansible, integration.user
running_emulator, emulator = integration.running_emulator, integration.emulator

LONG = bool(os.environ.get("FALCONOPS_TEST_ALL"))
VENDOR = COLLECTIONS / "ansible_collections" / "crowdstrike" / "falcon"


@pytest.fixture
def vendor(user: User) -> User:
    """A user who has crowdstrike.falcon as well, and FalconPy."""
    if not (VENDOR / "plugins" / "modules").is_dir():
        pytest.skip("crowdstrike.falcon could not be got from Galaxy")
    user.environment["ANSIBLE_COLLECTIONS_PATH"] += f":{COLLECTIONS}"
    return user

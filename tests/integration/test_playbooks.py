# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's own playbooks, called by their names."""

from __future__ import annotations

import pytest

from emulator.cast import US2
from integration.harness import User

STATUS = ("ansible-playbook", "falconops.auth.token_status", "-e", "@falcon_vault.yml")


@pytest.mark.brief
def test_token_status(user: User) -> None:
    user.vault("falcon_vault.yml", {"falcon_client_id": US2.client_id, "falcon_client_secret": US2.client_secret})
    before = user.command(*STATUS).wait().ok()
    assert before.says("no valid token; 0 of this client in the store") == 1
    assert user.asked() == 0
    user.command("ansible", "localhost", "-m", "falconops.auth.falcon_token", "-e", "@falcon_vault.yml").wait().ok()
    after = user.command(*STATUS).wait().ok()
    assert after.says("a token that is valid until") == after.says("1 of this client in the store") == 1
    assert user.asked() == 2  # at us-1, and where it was sent on to


def test_token_status_without_credentials_says_so(user: User) -> None:
    run = user.command(*STATUS[:2]).wait().ok()
    assert run.says("There are no Falcon credentials: ") == 1

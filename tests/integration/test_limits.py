# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API's limit of token requests for an address, which all processes of a control node share."""

from __future__ import annotations

import os

from integration.harness import User

# In `make test` a play small enough to be quick, in `make test-all` the large one. The API's 300 a minute are scaled
# so that nobody waits for minutes.
MEMBERS, LIMIT = (400, 10) if os.environ.get("FALCONOPS_TEST_ALL") else (24, 6)


def test_many_members_at_once_run_into_the_limit_one_at_a_time(user: User) -> None:
    members = [f"{number:f>32}" for number in range(MEMBERS)]
    user.credentials(user.api_client(cloud="us-1", children=members))
    user.emulator.configure(token_limit=LIMIT, window=1.0)
    hosts = "".join(f"h{number} falcon_member_cid={cid}\n" for number, cid in enumerate(members))
    run = user.play("- falconops.auth.falcon_token:\n", "--forks=20", hosts=hosts).ok()
    assert run.says("changed=1") == MEMBERS
    log = user.emulator.requests(path="/oauth2/token")
    answers = [entry["status"] for entry in log]
    assert answers.count(201) == MEMBERS
    # Whoever is refused tells the others. Twenty asked at once before they knew of any limit.
    refused = answers.count(429)
    assert refused <= 1 + MEMBERS / LIMIT, answers
    assert "429 429" not in " ".join(map(str, answers))

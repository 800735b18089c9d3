# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What -vvv tells whoever looks for a fault: where options come from, the entry, the time of each step, the request.

Each run is searched for secrets, as all are.
"""

from __future__ import annotations

import re

import pytest

from emulator.cast import US2
from integration.harness import User
from integration.lives import get

LOOKUP = "- set_fact: {found: \"{{ lookup('falconops.auth.falcon_token') | length }}\"}\n"


def lines(text: str) -> list[str]:
    """What we said, one line for each, without what changes from run to run."""
    # Ansible wraps warnings, but not what it says at -vvv.
    ours = re.findall(r"<(?:\w+)> falconops\.auth: (.*)", text)
    return [re.sub(r"\d+(\.\d)? ms", "N ms", re.sub(r"[0-9a-f]{64}|[0-9a-f-]{36}", "ID", line)) for line in ours]


@pytest.mark.brief
def test_each_step_is_told_at_vvv_and_nothing_of_it_before(user: User) -> None:
    # ansible-core 2.22 masks whatever came out of a vault where it prints, so only the secret is in there.
    user.vault("group_vars/all/secret.yml", {"falcon_client_secret": US2.client_secret})
    user.write("group_vars/all/plain.yml", f"falcon_client_id: {US2.client_id}\n")
    user.environment["FALCON_CLOUD"] = "us-2"
    user.environment["FALCON_TIMEOUT"] = "20"
    run = user.play(get("got", retries=2), "-vvv").ok()
    client = f"client {US2.client_id}"
    stand = (
        "client_id from variable falcon_client_id, client_secret from variable falcon_client_secret, "
        "cloud from environment variable FALCON_CLOUD, retries from argument of the task, "
        "timeout from environment variable FALCON_TIMEOUT"
    )
    told = lines(run.stdout)
    host = "https://api.us-2.crowdstrike.com"
    assert told[0] == f"{client} at {host}: {stand}"
    assert told[1] == "entry falconops_auth_ID is not there (private files, N ms)"
    assert "the lock took N ms" in told
    [request] = [line for line in told if line.startswith("POST")]
    assert request == f"POST {host}/oauth2/token: 201 [X-Cs-Traceid ID], after N ms"
    assert told[-2] == "there is a token after N ms"
    assert told[-1].startswith(f"token of {client} at us-2 issued by the API, valid until ")
    # Another run finds it, by a lookup too, and asks nobody.
    again = lines(user.play(LOOKUP, "-vvv").ok().stdout)
    assert "entry falconops_auth_ID is there (private files, N ms)" in again
    assert not [line for line in again if line.startswith(("POST", "the lock"))]
    # Less is told to whoever asks for less.
    [only] = lines(user.play(get("got"), "-vv").ok().stdout)
    assert only.startswith(f"token of {client} at us-2 taken from the cache, valid until ")
    assert lines(user.play(get("got")).ok().stdout) == []

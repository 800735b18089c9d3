# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a warm token costs each host, counted, since work does not depend on the machine. `make bench` measures time."""

from __future__ import annotations

import pytest

from emulator.cast import US1
from integration.harness import User

# A little above what is done today. Whoever must raise a number makes every host pay for it.
PLAIN = {"keys": 1, "reads of the store": 1, "calls of ours": 290, "calls of others": 280}
CASES = {
    "variables": ("{by: task}", PLAIN),
    "context": ("{by: task}", PLAIN),  # the task before has set it
    "lookup": ("{by: lookup}", PLAIN),
    # Each of the two is a template for Ansible, which calls itself for it before 2.19.
    "chained": (
        '{by: task}\n  vars: {falcon_client_id: "{{ its_id }}", falcon_client_secret: "{{ its_secret }}"}',
        {**PLAIN, "templates": 2, "calls of others": 1500},
    ),
}


@pytest.mark.brief
def test_a_warm_token_costs_each_host_no_more_than_this(user: User) -> None:
    user.credentials(US1, its_id=US1.client_id, its_secret=US1.client_secret)
    user.play("- falconops.auth.falcon_token:").ok()
    [entry] = [path for path in user.entries() if path.stat().st_size > 1000]  # the index is smaller
    run = user.play("".join(f"- counted_token: {task}\n" for task, _most in CASES.values()), hosts=2).ok()
    assert user.asked() == 1
    counted = run.values("counts")
    assert len(counted) == 2 * len(CASES)
    for number, counts in enumerate(counted):
        case, (_task, most) = list(CASES.items())[number // 2]
        if user.ansible.version < (2, 19) and "templates" in most:
            most = {**most, "templates": 4}
        assert counts.pop("http modules") == [], case
        assert counts.pop("imported") == [], case
        assert counts.pop("files") == [str(entry)], case
        assert {what: n for what, n in counts.items() if n > most.get(what, 0)} == {}, case

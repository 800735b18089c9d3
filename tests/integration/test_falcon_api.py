# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any call of the API, by module and by lookup, with a token that nobody sees."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.cast import FULL
from integration.harness import User
from integration.lives import dump

# Path, and what is asked for; there are 30 of each.
STYLES: dict[str, tuple[str, dict[str, Any]]] = {
    "number": ("/devices/queries/devices/v1", {"params": {"limit": 7}}),
    "scroll": ("/devices/queries/devices-scroll/v1", {"params": {"limit": 7}}),
    "next": ("/devices/combined/devices/v1", {"params": {"limit": 7}}),
    "after": (
        "/spotlight/combined/vulnerabilities/v1",
        {"params": {"limit": 7, "filter": "status:!'gone'", "facet": ["cve", "remediation"]}},
    ),
    "after in the body": ("/alerts/combined/alerts/v1", {"method": "POST", "body": {"limit": 7}}),
    "meta.next": ("/cloud-security-assets/queries/resources/v1", {"params": {"limit": 7}}),
    "Next-Page": ("/intel/combined/indicators/v1", {"params": {"limit": 7}}),
    "next_token": ("/detects/entities/iom/v1", {"params": {"limit": 7, "status": "all"}}),
}


def call(register: str, path: str, **arguments: Any) -> str:
    """A task that may fail."""
    given = json.dumps({"path": path, **arguments})
    return f"- falconops.auth.falcon_api: {given}\n  register: {register}\n  ignore_errors: true\n"


@pytest.mark.parametrize("odd", [[], ["changing-size", "empty-page", "moving-total", "late-end"]])
def test_every_style_of_paging(user: User, odd: list[str]) -> None:
    user.credentials(FULL)
    user.emulator.configure(paging=odd)
    tasks = ""
    for number, (path, asked) in enumerate(STYLES.values()):
        tasks += call(f"r{number}", path, paginate=True, **asked)
        arguments = ", ".join(f"{name}={value!r}" for name, value in {**asked, "paginate": True}.items())
        lookup = f"query('falconops.auth.falcon_api', '{path}', {arguments})"
        tasks += f"- dump: {{l{number}: {json.dumps(f'{{{{ {lookup} }}}}')}}}\n" + dump(f"r{number}")
    run = user.play(tasks, "-v").ok()
    for number, name in enumerate(STYLES):
        result = run.value(f"r{number}")
        assert not result.get("failed"), (name, result.get("msg"))
        items = result["resources"]
        ids = [item["id"] if isinstance(item, dict) and "id" in item else json.dumps(item) for item in items]
        assert len(set(ids)) == len(ids) == result["count"], (name, len(ids))
        assert len(ids) == 30, (name, len(ids))
        assert run.value(f"l{number}") == items

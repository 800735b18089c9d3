# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README and the guide show is run as it stands there, and so is the demo."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from emulator.cast import US2
from integration.harness import CHECKOUT, User

CHILD = "9876543210abcdef9876543210abcdef"
README = CHECKOUT / "README.md"
GUIDE = CHECKOUT / "docs" / "docsite" / "rst" / "guide.rst"
LOCAL = "ansible_python_interpreter='{{ ansible_playbook_python }}'"
INVENTORY = f"localhost ansible_connection=local {LOCAL}\nbastion ansible_connection=bastion {LOCAL}\n"


def blocks(path: Path) -> list[str]:
    """The YAML that a page shows."""
    text = path.read_text()
    if path.suffix == ".md":
        return re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    found = re.findall(r"^\.\. code-block:: yaml\n\n((?:(?: {4}.*)?\n)+)", text, re.MULTILINE)
    return [textwrap.dedent(block) for block in found]


def shown(path: Path) -> list[tuple[str, Any]]:
    return [(block, yaml.safe_load(block)) for block in blocks(path)]


def plays_and_tasks(path: Path) -> list[Any]:
    found = [pytest.param(block, id=content[0]["name"]) for block, content in shown(path) if isinstance(content, list)]
    assert len(found) >= 4
    return found


@pytest.fixture
def prepared(user: User) -> User:
    """A user who has done what the pages tell to do first."""
    client = user.api_client(cloud="us-1", children=[CHILD])
    who = {"client_id": client.client_id, "client_secret": client.client_secret}
    user.vault("falcon_vault.yml", {f"falcon_{key}": value for key, value in who.items()})
    for name in ("falcon_clients.yml", "vault/falcon_clients.yml"):
        user.vault(name, {"production": who})
    user.write("group_vars/all.yml", f"{{child_cid: {CHILD}, children: [{CHILD}]}}\n")
    user.environment["FALCON_CLIENTS_FILE"] = str(user.project / "vault" / "falcon_clients.yml")
    return user


@pytest.mark.parametrize("block", [*plays_and_tasks(README), *plays_and_tasks(GUIDE)])
def test_what_a_page_shows_runs(prepared: User, block: str) -> None:
    text = block if "hosts:" in block else f"- hosts: localhost\n  tasks:\n{textwrap.indent(block, '    ')}"
    # Who has the client in variables does not name a stored one.
    choice = [] if "vars_files" in block else ["-e", "falcon_client=production"]
    run = prepared.playbook(text, "-vvv", *choice, hosts=INVENTORY).ok()
    # A page may show how to revoke what nobody has asked for.
    assert prepared.asked() == 1 or "falcon_token_revoke" in block
    assert run.says("unreachable=0    failed=0") >= 1


def test_the_files_that_the_pages_show_are_good(user: User) -> None:
    vault, *_others = [content for _block, content in shown(README) if isinstance(content, dict)]
    assert sorted(vault) == ["falcon_client_id", "falcon_client_secret"]
    choice, stored = [content for _block, content in shown(GUIDE) if isinstance(content, dict)]
    for content in (vault, *stored.values()):
        who = {key: content.get(key) or content[f"falcon_{key}"] for key in KEYS}
        user.api_client(cloud=content.get("cloud", "us-1"), **who)
    user.vault("falcon_vault.yml", vault)
    user.write("group_vars/all/falcon.yml", yaml.safe_dump(choice))
    user.vault(choice["falcon_clients_file"], stored)
    user.play("- falconops.auth.falcon_token:\n- falconops.auth.falcon_token: {client: government}").ok()
    user.play("- falconops.auth.falcon_token:", play="vars: {falcon_client: ''}\nvars_files: [falcon_vault.yml]").ok()
    assert user.asked(status=201) == 2


KEYS = ("client_id", "client_secret")


@pytest.mark.brief
def test_the_first_token_of_the_readme(user: User) -> None:
    first, status = re.findall(r"^ansible localhost (.*) --ask-vault-pass(.*)$", README.read_text(), re.MULTILINE)
    user.vault("falcon_vault.yml", {f"falcon_{key}": getattr(US2, key) for key in KEYS})
    run = user.command("ansible", "localhost", *" ".join(first).split()).wait().ok()
    # ansible-core 2.22 masks what comes from a vaulted file, the client's id included.
    assert run.says("<localhost> falconops.auth: token of client") == 1
    assert run.says("at us-2 issued by the API, valid until") == 1
    told = user.command("ansible", "localhost", *" ".join(status).split()).wait().ok()
    assert told.says('"token": true') == 1
    assert user.asked() == 2  # at us-1, and where it was sent on to


def test_the_demo_shows_what_a_newcomer_wants_to_see(user: User) -> None:
    done = subprocess.run(
        [sys.executable, CHECKOUT / "tests" / "demo" / "run"],
        env={"PATH": f"{user.ansible.bin}:{os.environ['PATH']}", "LANG": "C.UTF-8", "TMPDIR": "/tmp"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) <= 30
    for line in (
        "playbook      tests/demo/playbook.yml",
        "first run     25 hosts have a token; token requests at the API: 1",
        "second run    25 hosts have a token; token requests at the API: 0",
        "(mode 700), the token and an index, sealed:",
        "cloud: us-gov-1",
    ):
        assert line in done.stdout
    user.detector.check(done.stdout.encode(), "the demo's output")

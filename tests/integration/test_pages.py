# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README and the guide show is run as it stands there, and so is the demo."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from typing import Any

import pytest
import yaml

from emulator.cast import US2
from emulator.records import host_id
from emulator.scopes import ALL
from emulator.world import ApiClient
from integration.harness import CHECKOUT, VAULT_PASSWORD, User
from integration.pages import FIRST_STEPS, PAGES, README, blocks, needs_neighbours, shown

CHILD = "9876543210abcdef9876543210abcdef"
KEYS = ("client_id", "client_secret")
VAULT = CHECKOUT / "docs" / "docsite" / "rst" / "vault.rst"
TOKEN = "- falconops.auth.falcon_token:\n"
LOCAL = "ansible_python_interpreter='{{ ansible_playbook_python }}'"
INVENTORY = f"localhost ansible_connection=local {LOCAL}\nbastion ansible_connection=bastion {LOCAL}\n"
SITE = "- hosts: localhost\n  gather_facts: false\n  tasks: [falconops.auth.falcon_token: ]\n"


def plays_and_tasks() -> list[Any]:
    found = [
        pytest.param(block, id=f"{path.stem}-{content[0]['name']}")
        for path, block, content in shown("yaml", list)
        if not needs_neighbours(block)
    ]
    assert len(found) >= 13
    return found


def commands() -> list[Any]:
    found = [
        pytest.param(block, id=f"{path.stem}-{number}")
        for number, (path, block, _content) in enumerate(shown("shell"))
        if "ansible-playbook" in block and path != FIRST_STEPS
    ]
    assert len(found) >= 7
    return found


@pytest.fixture
def client(user: User) -> ApiClient:
    # Not where a client without a cloud is looked for first: what a page shows must name its cloud where that counts.
    return user.api_client(cloud="us-2", children=[CHILD], scopes=ALL)


@pytest.fixture
def prepared(user: User, client: ApiClient) -> User:
    """A user who has done what the pages tell to do first."""
    who = {"client_id": client.client_id, "client_secret": client.client_secret}
    user.vault("falcon_vault.yml", {f"falcon_{key}": value for key, value in who.items()})
    other = user.api_client(cloud="us-gov-1")
    government = {"client_id": other.client_id, "client_secret": other.client_secret, "cloud": "us-gov-1"}
    for name in ("falcon_clients.yml", "vault/falcon_clients.yml"):
        user.vault(name, {"production": who, "government": government})
    made = {"id": client.client_id, "secret": client.client_secret}
    user.vault("group_vars/all.yml", {"child_cid": CHILD, "children": [CHILD], "new_client": made, "awx_job_id": 77})
    suspects = [host_id(client.cid, number) for number in range(2)]
    user.write("host_vars/localhost.yml", json.dumps({"suspects": suspects, "sensor_os": "Ubuntu"}))
    user.write("host_vars/bastion.yml", json.dumps({"sensor_os": "RHEL/CentOS/Oracle"}))
    user.write("tasks/production.yml", "- falconops.auth.falcon_token:\n")
    user.write("site.yml", SITE)
    user.write("suspect.bin", "a sample")
    user.environment["FALCON_CLIENTS_FILE"] = str(user.project / "vault" / "falcon_clients.yml")
    return user


@pytest.mark.parametrize("block", plays_and_tasks())
def test_what_a_page_shows_runs(prepared: User, block: str) -> None:
    text = block if "hosts:" in block else f"- hosts: localhost\n  tasks:\n{textwrap.indent(block, '    ')}"
    # Who has the client in variables does not name a stored one, nor does who stores one.
    named = any(word in block for word in ("vars_files", "falcon_session_client", "falcon_client_name"))
    choice = [] if named else ["-e", "falcon_client=production"]
    run = prepared.playbook(text, "-vvv", *choice, hosts=INVENTORY).ok()
    # For the customer, and for the child beside it.
    expected = 2 if 'member_cid: ""' in block or "/mssp/queries/children" in block else 1
    # A page may show how to revoke what nobody has asked for, or what asks for nothing.
    assert prepared.asked(status=201) == expected or "falcon_token_revoke" in block or "falcon_client_name" in block
    assert run.says("unreachable=0    failed=0") >= 1


@pytest.mark.parametrize("block", commands())
def test_the_commands_of_a_page_run(prepared: User, client: ApiClient, block: str) -> None:
    environment: dict[str, str | None] = {"CI_PIPELINE_ID": "42"}
    if "VAULT_PASSWORD" in block:
        environment |= {"VAULT_PASSWORD": VAULT_PASSWORD, "ANSIBLE_VAULT_PASSWORD_FILE": None}
        prepared.write("site.yml", SITE + "  vars_files: [falcon_vault.yml]\n")
    else:
        environment |= {"FALCON_CLIENT_ID": client.client_id, "FALCON_CLIENT_SECRET": client.client_secret}
    token = prepared.project / "falcon.token"
    prepared.may_hold(token)
    prepared.command("/bin/bash", "-euo", "pipefail", "-c", block, env=environment).wait().ok()
    assert token.exists() == ("falcon_token_dest" in block)
    asks = "--check" not in block and any(name in block for name in ("site.yml", "request_token", "call_api"))
    assert (prepared.asked() > 0) == asks


def test_who_hands_the_token_to_a_module_tells_it_not_to_show_it() -> None:
    # Ours and the vendor's know by themselves.
    knowing = ("falconops.auth.", "crowdstrike.falcon.")
    got = r"lookup\('falconops\.auth\.falcon_token'[^)]*\)|falcon\.(headers|access_token|auth)"
    hands = re.compile(rf"\{{\{{ ({got}) (\| to_json )?\}}\}}")
    found = 0
    for path, _block, content in shown("yaml", list):
        for task in (task for entry in content for task in entry.get("tasks", [entry])):
            arguments = {name: value for name, value in task.items() if not name.startswith(knowing)}
            if hands.search(str(arguments)) and "hosts" not in task:
                found += 1
                assert task.get("no_log") is True, f"{path.name}: {task['name']}"
    assert found >= 4


def test_a_vault_password_from_the_keyring(prepared: User) -> None:
    script = next(block for block in blocks(VAULT, "shell") if block.startswith("#!"))
    prepared.write("vault/falcon-client", script)
    prepared.write("ansible.cfg", next(iter(blocks(VAULT, "ini"))))
    # As the keyring does: what is stored under these attributes is what is looked up by them.
    keyring = 'case "$1" in store) shift 3; cat >"keyring $*" ;; lookup) shift; cat "keyring $*" ;; esac\n'
    prepared.write("bin/secret-tool", f"#!/bin/sh\n{keyring}", mode=0o700)
    path = f"{prepared.project / 'bin'}:{prepared.environment['PATH']}"
    once = next(block for block in blocks(VAULT, "shell") if "secret-tool store" in block)
    once = once.replace("secret-tool", f"echo '{VAULT_PASSWORD}' | secret-tool")
    prepared.command("/bin/sh", "-euc", once, env={"PATH": path}).wait().ok()
    prepared.play(
        "- falconops.auth.falcon_token: {client: production}",
        env={"PATH": path, "ANSIBLE_VAULT_PASSWORD_FILE": None},
    ).ok()
    assert prepared.asked(status=201) == 1


def sections() -> list[Any]:
    """The files of variables that the pages show, by the headline under which they stand together."""
    found = []
    for path in (path for path in PAGES if path != FIRST_STEPS):
        # Headlines are underlined on the one kind of page, and begin with # on the other.
        for part in re.split(r"\n(?=.+\n---+\n|##+ )", path.read_text()):
            contents = [(block, yaml.safe_load(block)) for block in blocks(path, "yaml", part)]
            # What ansible-galaxy installs is no file of variables.
            files = [block for block, content in contents if isinstance(content, dict) and "collections" not in content]
            if files:
                found.append(pytest.param(files, id=f"{path.stem}-{part.strip().splitlines()[0]}"))
    assert len(found) >= 4
    return found


@pytest.mark.parametrize("files", sections())
def test_the_files_that_a_page_shows_are_good(user: User, files: list[str]) -> None:
    names = []
    for block in files:
        content = yaml.safe_load(block)
        member = next((yaml.safe_load(each).get("falcon_member_cid") for each in files), None)
        for entry in (content, *content.values()):
            who = entry if isinstance(entry, dict) else {}
            who = {key: who.get(key) or who.get(f"falcon_{key}") for key in (*KEYS, "cloud")}
            if who["client_id"]:
                user.api_client(children=[member] if member else [], **{k: v for k, v in who.items() if v})
        names += [name for name, value in content.items() if isinstance(value, dict)]
        path = re.match(r"# ([\w/.]+)", block)
        write = user.vault if "client_secret" in block else user.write
        write(path[1] if path else "group_vars/all/falcon_vault.yml", block)
    if "falcon_hostname" in "".join(files):
        failed = user.play(TOKEN, env={"FALCON_CLIENT_ID": US2.client_id, "FALCON_CLIENT_SECRET": US2.client_secret})
        assert failed.failed().says("falcon-gateway.example.com") >= 1
        return
    user.play(TOKEN + "".join(f"- falconops.auth.falcon_token: {{client: {name}}}\n" for name in names)).ok()
    assert user.asked(status=201) == (len(names) or 1)


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
    varies = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|fa1\.\S+")
    # As a reader of the README has seen it before.
    assert varies.sub("", done.stdout).startswith(varies.sub("", blocks(README, "text")[0]))
    for line in (
        "first run     25 hosts have a token; token requests at the API: 1",
        "second run    25 hosts have a token; token requests at the API: 0",
        "cloud: us-gov-1",
    ):
        assert line in done.stdout
    user.detector.check(done.stdout.encode(), "the demo's output")

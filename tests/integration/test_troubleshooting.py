# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is printed is what the guide on troubleshooting has: its literal texts, against real runs."""

from __future__ import annotations

import json
import re
import shutil
from typing import Any

import pytest

from emulator.cast import FULL, NO_SCOPE, US1, WRONG_SECRET
from integration.harness import CHECKOUT, User
from integration.results import Run

GUIDE = (CHECKOUT / "docs" / "docsite" / "rst" / "troubleshooting.rst").read_text()
ENTRIES = re.findall(r"^``(.+)``$", GUIDE, re.MULTILINE)
HOSTS = "/devices/queries/devices/v1"
TOKEN = "- falconops.auth.falcon_token:\n"
WRITE = {"path": "/devices/entities/host-groups/v1", "method": "POST", "body": {"resources": []}}
NOBODY = {"falcon_client_id": "", "falcon_client_secret": ""}
STORED = {**NOBODY, "falcon_clients_file": "clients.yml"}
# By a beginning or a part of the entry: the module, its arguments, and variables of the task.
TASKS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "There are no Falcon credentials": ("falcon_token", {}, NOBODY),
    "client_secret (<origin>) is empty, which ends the search": ("falcon_token", {}, {"falcon_client_secret": ""}),
    "There is a client_secret (from the": ("falcon_token", {}, {"falcon_client_id": ""}),
    "client_id (<origin>) must be": ("falcon_token", {"client_id": "production"}, {}),
    "client (<origin>) and <option> (<origin>) both": (
        "falcon_token",
        {"client": "a", "client_id": FULL.client_id},
        {},
    ),
    "There is no stored client '<name>' (<origin>); known are <names>": ("falcon_token", {"client": "prod"}, STORED),
    "There is no stored client '<name>' (<origin>); no": ("falcon_token", {"client": "prod"}, NOBODY),
    "has the unknown key <key>": ("falcon_token", {"client": "typo"}, STORED),
    "does not exist or cannot be read; check its path": (
        "falcon_token",
        {"client": "prod", "clients_file": "none.yml"},
        NOBODY,
    ),
    "cannot be decrypted: <what Ansible says>": (
        "falcon_token",
        {"client": "prod", "clients_file": "alien.yml"},
        NOBODY,
    ),
    "cloud (<origin>) must be one of": ("falcon_token", {"cloud": "autodiscover"}, {}),
    "are two ways to say the same; give one of them.": (
        "falcon_token",
        {"cloud": "us-1", "hostname": "https://api.crowdstrike.com"},
        {},
    ),
    "hostname (<origin>) must be the full URL": ("falcon_token", {"hostname": "api.crowdstrike.com"}, {}),
    "member_cid (<origin>) must be": ("falcon_token", {"member_cid": "child A"}, {}),
    "session (<origin>) must be": ("falcon_token", {"session": "my pipeline"}, {}),
    "Unsupported argument of the": ("falcon_token", {"format": "auth"}, {}),
    "must be a number from": ("falcon_token", {"timeout": 0}, {}),
    "must be a whole number": ("falcon_token", {"retries": "some"}, {}),
    "ca_path (<origin>) is <path>": ("falcon_token", {"ca_path": "/no/such/ca.pem"}, {}),
    "breaks off at its end": ("falcon_token_info", {"query": "a["}, {}),
    "... the connection failed: <reason>": (
        "falcon_token",
        {"hostname": "http://127.0.0.1:9", "retries": 1},
        {},
    ),
    "... the way through the proxy failed": (
        "falcon_token",
        {"proxy": "http://127.0.0.1:9", "retries": 0},
        {"falcon_session_name": "p"},
    ),
    "a token of <client> failed with 403 ...; check that client_id and client_secret belong together, that the": (
        "falcon_token",
        {},
        {"falcon_client_secret": "{{ wrong_secret }}"},
    ),
    "that member <cid> is a child": ("falcon_token", {"member_cid": "ab" * 16}, {}),
    "path (<origin>) must begin with /": ("falcon_api", {"path": f"https://api.crowdstrike.com{HOSTS}"}, {}),
    "path (<origin>) must not hold a query": ("falcon_api", {"path": f"{HOSTS}?limit=1"}, {}),
    "ids (<origin>) is empty": ("falcon_api", {"path": HOSTS, "ids": []}, {}),
    "dest is <path>, and there is no directory": ("falcon_api", {"path": HOSTS, "dest": "none/hosts.json"}, {}),
    "failed with 400 ...; check path, params and body": (
        "falcon_api",
        {"path": HOSTS, "params": {"filter": "nonsense"}},
        {},
    ),
    "failed with 404 ...; check path and ids": ("falcon_api", {"path": "/no/such/v1"}, {}),
    "check that the API client has the scope": (
        "falcon_api",
        {"path": "/sensors/queries/installers/ccid/v1"},
        {"falcon_client_id": NO_SCOPE.client_id, "falcon_client_secret": "{{ no_scope_secret }}"},
    ),
    "paginate is for what only reads": ("falcon_api", {**WRITE, "paginate": True}, {}),
    "falcon_session_tasks is <path>": (
        "falcon_session_gate",
        {"state": "named", "client": "prod", "tasks": "none.yml"},
        {},
    ),
    "There is no <option> to store for the client": (
        "falcon_client_file",
        {"name": "new", "clients_file": "new.yml"},
        NOBODY,
    ),
    "is not encrypted as a whole": ("falcon_client_file", {"name": "new", "clients_file": "clear.yml"}, {}),
}


def entry_of(part: str) -> str:
    [entry] = [each for each in ENTRIES if part in each]
    return entry


def is_said(entry: str, text: str) -> bool:
    """Whether a text is this entry of the guide, with something in the place of what changes."""
    parts = [re.escape(part) for part in re.split(r"<[^<>]*>|\.\.\.", entry)]
    return re.fullmatch(".*".join(parts), text) is not None


def said_by(run: Run) -> dict[str, str]:
    return {part: said["msg"] for _host, values in run.dumps for part, said in values.items()}


def printed(run: Run, part: str) -> bool:
    """Whether an entry stands in the output, with something in the place of what changes. Ansible breaks lines."""
    parts = ["".join(each.split()) for each in re.split(r"<[^<>]*>|\.\.\.", entry_of(part))]
    return re.search(".*".join(map(re.escape, parts)), "".join(run.output.split())) is not None


@pytest.mark.brief
def test_errors_of_tasks(user: User) -> None:
    secrets = {"wrong_secret": WRONG_SECRET, "no_scope_secret": NO_SCOPE.client_secret}
    user.credentials(FULL, **secrets)
    clients = {"production": {"client_id": US1.client_id}, "typo": {"client_id": US1.client_id, "secret": "x"}}
    encrypted = user.vault("clients.yml", clients).read_text()
    user.write("alien.yml", encrypted.replace(encrypted[-20:], encrypted[-20:][::-1]))
    user.write("clear.yml", "production: {}\n")
    tasks = "".join(
        f"- falconops.auth.{module}: {json.dumps(arguments)}\n  vars: {json.dumps(variables)}\n"
        f"  register: tried\n  ignore_errors: true\n- dump: {json.dumps({part: '{{ tried }}'})}\n"
        for part, (module, arguments, variables) in TASKS.items()
    )
    said = said_by(user.play(tasks).ok())
    assert said.keys() == TASKS.keys()
    wrong = {part: text for part, text in said.items() if not is_said(entry_of(part), text)}
    assert not wrong, json.dumps(wrong, indent=1)


def test_warnings(user: User) -> None:
    """A list that is not whole, a store that is no use, and a private directory in which others have been."""
    user.credentials(FULL)
    list_five = f"- falconops.auth.falcon_api: {json.dumps({'path': HOSTS, 'params': {'limit': 5}})}\n"
    run = user.play(list_five, env={"FALCON_CACHE_PLUGIN": "falconops.auth.none"}).ok()
    assert printed(run, "items; set paginate for all of them") and printed(run, "The token store '<plugin>'")
    for entry in user.entries():
        entry.write_text("garbage")
    user.private.chmod(0o755)
    run = user.play(TOKEN).ok()
    assert printed(run, "found its private directory <path> open") and printed(run, "token store is damaged")
    shutil.rmtree(user.private)
    user.private.write_text("")
    assert printed(user.play(TOKEN).ok(), "cannot keep its private files in <directory>")


def test_roles_and_playbooks(user: User) -> None:
    user.write("tasks.yml", "- debug:\n")
    uses = ({"client": "a", "tasks": "none.yml"}, {"client": "a", "tasks": "tasks.yml"}, {"tasks": "tasks.yml"})
    tasks = "".join(
        f"- block:\n  - include_role: {{name: falconops.auth.falcon_session}}\n"
        f"    vars: {json.dumps({f'falcon_session_{name}': value for name, value in use.items()})}\n"
        f"  rescue: [{{debug: }}]\n"
        for use in uses
    )
    run = user.play(tasks, "-e", "falcon_cloud=us-1").ok()
    assert printed(run, "falcon_session_tasks is <path>") and printed(run, "is an extra variable (-e)")
    assert printed(run, "missing required arguments: falcon_session_client")
    run = user.command("ansible-playbook", "falconops.auth.store_client").wait().failed()
    assert printed(run, "There is no file to store a client in")
    run = user.command("ansible-playbook", "falconops.auth.request_token").wait().failed()
    assert printed(run, "stdin is not interactive") and printed(run, "There are no Falcon credentials")


def test_what_ansible_says(user: User) -> None:
    user.credentials(FULL)
    run = user.play(TOKEN, "-v").ok()
    assert printed(run, "the output has been hidden") and printed(run, "issued by the API, valid until")
    run = user.play(TOKEN, env={"ANSIBLE_COLLECTIONS_PATH": "/none"}).failed()
    assert printed(run, "couldn't resolve module/action 'falconops.auth.falcon_token'")
    run = user.play(TOKEN, env={"ANSIBLE_VAULT_PASSWORD_FILE": None}).failed()
    assert printed(run, "Attempting to decrypt but no vault secrets found")
    user.write("without/requests.py", "raise ImportError('no such library')\n")
    forced = "- falconops.auth.falcon_token: {force: true}\n"
    run = user.play(forced, env={"PYTHONPATH": str(user.project / "without")}).failed()
    assert printed(run, "Asking the API needs the Python library requests")

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role falcon_client: API clients are stored in a vaulted file, used by their names, changed and removed."""

from __future__ import annotations

import contextlib
import json
import re
import stat
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from emulator.cast import GOV1, US1, US1_OTHER, US2
from integration.harness import CHECKOUT, Started, User
from integration.lives import get, info
from integration.results import Run

FILE = "vault/clients.yml"
# With another strategy than linear, Ansible shows the arguments of tasks as they were when they ran.
TALKATIVE = {"ANSIBLE_STRATEGY": "free", "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "true"}
README = CHECKOUT / "roles" / "falcon_client" / "README.md"


def role(name: str, **inputs: Any) -> str:
    """A task that applies the role to the client of this name."""
    variables = {f"falcon_client_{key}": value for key, value in {"name": name, "file": FILE, **inputs}.items()}
    return (
        f"- name: Keep {name}\n"
        "  ansible.builtin.include_role: {name: falconops.auth.falcon_client}\n"
        f"  vars: {json.dumps(variables)}\n"
    )


def why_not(reason: str, **inputs: Any) -> str:
    """The same where it fails; it hands over why it did, as the reason."""
    task = textwrap.indent(role("new", **inputs), "    ")
    return f"- block:\n{task}  rescue:\n    - dump: {{{reason}: '{{{{ ansible_failed_result }}}}'}}\n"


def watched(started: Started, user: User) -> Run:
    """The run, during which no command line of it, or of what it starts, may hold a secret."""
    with ThreadPoolExecutor() as pool:
        run = pool.submit(started.wait)
        while not run.done():
            for process in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    if str(user.root).encode() in (process / "environ").read_bytes():
                        user.detector.check((process / "cmdline").read_bytes(), "a command line")
    return run.result()


def head(user: User) -> str:
    return (user.project / FILE).read_text().partition("\n")[0]


@pytest.fixture
def keeper(user: User) -> User:
    """Somebody with a directory for secrets, the secret of a client, and a second vault password called prod."""
    user.vault("group_vars/all.yml", {"new_secret": US1_OTHER.client_secret})
    password = user.write("vault/password", "another password")
    user.environment["ANSIBLE_VAULT_IDENTITY_LIST"] = f"prod@{password}"
    return user


@pytest.mark.brief
@pytest.mark.secrecy
def test_stored_used_by_name_changed_and_removed(keeper: User) -> None:
    other = {"id": US1_OTHER.client_id, "secret": "{{ new_secret }}"}
    # What is known of the one comes from a variable, of the other from the environment.
    store = role("gov", cloud="us-gov-1", vault_id="prod") + role("other", cloud="us-2", **other)
    change = role("other", id=US1_OTHER.client_id, cloud="us-1", secret="")
    use = get("falcon", client="gov", clients_file=FILE) + get("other", client="other", clients_file=FILE)
    told = "- dump: {clouds: ['{{ falcon.cloud }}', '{{ other.cloud }}']}\n"
    tasks = textwrap.indent(store + use + change + use + store.replace("us-2", "us-1") + told, "    ")
    log = keeper.home / "ansible.log"
    environment = {
        **TALKATIVE,
        "FALCON_CLIENT_ID": GOV1.client_id,
        "FALCON_CLIENT_SECRET": GOV1.client_secret,
        "ANSIBLE_LOG_PATH": str(log),
    }
    text = f"- hosts: all\n  gather_facts: false\n  tasks:\n{tasks}"
    run = watched(keeper.start(text, "-vvvvv", "--diff", env=environment), keeper).ok()
    assert run.value("clouds") == ["us-gov-1", "us-1"]
    # Of five times that the role was applied, three changed something. Two tokens were issued.
    assert run.says("falcon_client : Keep the client in the vaulted file") == 5
    assert run.says("changed=5 ") == 1
    assert run.says("name=gov, ") == 2  # among the arguments of the tasks, which are shown
    assert '"client_secret": "(hidden)"' in log.read_text()
    assert head(keeper) == "$ANSIBLE_VAULT;1.2;AES256;prod"
    assert stat.S_IMODE((keeper.project / FILE).stat().st_mode) == 0o600

    # Who has another vault password changes nothing.
    before = (keeper.project / FILE).read_bytes()
    lost = keeper.play(why_not("lost", **other), env={"ANSIBLE_VAULT_IDENTITY_LIST": None}).ok().value("lost")
    assert re.search(r"cannot be decrypted: Decryption failed .*; give its vault password\.$", lost["msg"])
    assert (keeper.project / FILE).read_bytes() == before

    # The next run finds them by their names, until they are removed, for which no credentials are needed.
    after = get("other", client="other") + role("gov", state="absent") + get("gone", client="gov")
    after += "  ignore_errors: true\n- dump: {gone: '{{ gone.msg }}'}\n"
    run = keeper.play(after, env={"FALCON_CLIENTS_FILE": f"{keeper.project}/{FILE}"}).ok()
    assert run.value("gone") == "There is no stored client 'gov' (argument of the task); known are other."


@pytest.mark.brief
@pytest.mark.secrecy
def test_bad_input_is_a_sentence_and_nothing_is_lost(keeper: User) -> None:
    who = {"id": US1_OTHER.client_id, "secret": "{{ new_secret }}"}
    keeper.vault("vault/list.yml", [US1.client_secret])
    keeper.write("vault/clear.yml", f"a: {{client_id: {US1.client_id}}}\n")
    before = {path.name: path.read_bytes() for path in (keeper.project / "vault").iterdir()}
    cases = {
        "state": ({"state": "gone"}, "value of falcon_client_state must be one of: present, absent, got: gone"),
        "id": (
            {"id": "{{ new_secret }}"},
            "client_id (variable falcon_client_id) must be the 32 hexadecimal digits of",
        ),
        "secret": (
            {"secret": "{{ new_secret }} x"},
            "client_secret (variable falcon_client_secret) holds white space ",
        ),
        "half": (
            {"secret": ""},
            "There is no client_secret to store for the client 'new'; give falcon_client_secret",
        ),
        "vault_id": (
            {"vault_id": "x"},
            "with the unknown vault id 'x', so nothing was changed; there are prod, def",
        ),
        "list": ({"file": "vault/list.yml"}, "must hold a mapping of client names to client_id, client_"),
        "clear": (
            {"file": "vault/clear.yml"},
            "is not encrypted as a whole, so nothing was changed; use 'ansible-",
        ),
        "folder": (
            {"file": "none/x.yml"},
            "cannot be written (No such file or directory), so nothing was changed; ",
        ),
        "file": (
            {"file": "vault/list.yml/x"},
            "cannot be written (Not a directory), so nothing was changed; ",
        ),
    }
    tasks = "".join(why_not(reason, **{**who, **inputs}) for reason, (inputs, _expected) in cases.items())
    run = keeper.play(tasks, "-vvvvv", "--diff", env=TALKATIVE).ok()
    for reason, (_inputs, expected) in cases.items():
        assert expected in run.value(reason)["msg"]
    assert {path.name: path.read_bytes() for path in (keeper.project / "vault").iterdir()} == before


@pytest.mark.secrecy
def test_check_mode_shows_what_would_change_and_writes_nothing(keeper: User) -> None:
    run = keeper.play(role("new", id=US2.client_id, secret="{{ new_secret }}"), "-vvvvv", "--check", "--diff").ok()
    assert run.says(f'+ "client_id": "{US2.client_id}", + "client_secret": "(hidden)"') == 1
    assert run.says("changed=1 ") == 1
    assert not (keeper.project / FILE).exists()


def test_variables_of_who_asks_are_stored_unless_they_are_emptied(keeper: User) -> None:
    asking = {"falcon_client_id": US1.client_id, "falcon_client_secret": US1.client_secret}
    keeper.vault("group_vars/all.yml", {"new_secret": US1_OTHER.client_secret, **asking})
    tasks = role("other", id=US1_OTHER.client_id, secret="{{ new_secret }}")
    for name, inputs in {"kept": {"id": "", "secret": ""}, "replaced": {}}.items():
        tasks += role("other", cloud="us-1", **inputs) + info(name, client="other", clients_file=FILE)
    run = keeper.play(tasks + "- dump: {ids: ['{{ kept.client_id }}', '{{ replaced.client_id }}']}\n").ok()
    assert run.value("ids") == [US1_OTHER.client_id, US1.client_id]


def test_of_many_that_store_at_once_none_is_lost(keeper: User) -> None:
    store = role("{{ inventory_hostname }}", id=US2.client_id, secret="{{ new_secret }}")
    known = "- dump: {known: \"{{ lookup('ansible.builtin.unvault', 'vault/clients.yml') | from_yaml | length }}\"}\n"
    run = keeper.play(store + known, "--forks", "8", hosts=8).ok()
    assert [int(number) for number in run.values("known")] == [8] * 8
    assert sorted(path.name for path in (keeper.project / "vault").iterdir()) == ["clients.yml", "password"]


def test_what_the_readme_shows_runs(user: User) -> None:
    store, remove = re.findall(r"^```yaml\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    client_id = re.search(r"falcon_client_id: (\w+)", store)
    assert client_id
    client = user.api_client(cloud="us-2", client_id=client_id[1])
    user.vault("typed.yml", {"falcon_client_secret": client.client_secret})
    user.playbook(store, "-e", "@typed.yml").ok()
    assert user.asked(status=201) == 1
    user.playbook(remove).ok()
    run = user.play(get("gone", client="production", clients_file="falcon_clients.yml")).failed()
    assert run.says("There is no stored client 'production' (argument of the task); no clients are known") >= 1

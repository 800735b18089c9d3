# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's own playbooks, called by their names, as by a user at a terminal or without one."""

from __future__ import annotations

import re
import stat
import time

import pytest

from emulator.cast import CHILD_A, US1, US1_OTHER, US2
from emulator.world import ApiClient
from integration.harness import PLUGINS, User
from integration.terminal import CTRL_C, Terminal

REQUEST = ("ansible-playbook", "falconops.auth.request_token")
REVOKE = ("ansible-playbook", "falconops.auth.revoke_token")
STATUS = ("ansible-playbook", "falconops.auth.token_status")
STORE = ("ansible-playbook", "falconops.auth.store_client")
VAULT = ("-e", "@falcon_vault.yml")

ID, SECRET = "Client id:", "Client secret (output is hidden):"
NOBODY = "There are no Falcon credentials: client_id and client_secret, or client with clients or clients_file, were "
SHOW_EVERYTHING = {
    "ANSIBLE_CALLBACK_PLUGINS": str(PLUGINS / "callback"),
    "ANSIBLE_CALLBACKS_ENABLED": "everything",
    "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "true",
    "ANSIBLE_STRATEGY": "free",
}
ABOUT_US2 = (f"client: {US2.client_id}", "cloud: us-2 (https://api.us-2.crowdstrike.com)", "valid until: 20")


def vaulted(user: User, client: ApiClient) -> None:
    """The user's file for -e. Only the secret is encrypted: ansible-core 2.22 masks whatever came out of a vault."""
    secret = user.ansible.encrypt_value(client.client_secret)
    user.write("falcon_vault.yml", f"falcon_client_id: {client.client_id}\nfalcon_client_secret: {secret}\n")


def environment(client: ApiClient) -> dict[str, str]:
    return {"FALCON_CLIENT_ID": client.client_id, "FALCON_CLIENT_SECRET": client.client_secret}


@pytest.mark.brief
@pytest.mark.secrecy
def test_request_token_asks_for_what_is_missing(user: User) -> None:
    """The secret is seen nowhere, be everything shown that Ansible can show."""
    user.environment |= SHOW_EVERYTHING | {"ANSIBLE_LOG_PATH": str(user.root / "log")}
    with Terminal(user, *REQUEST, "-vvvvv", "--diff") as terminal:
        terminal.answer(ID, US2.client_id)
        terminal.answer(SECRET, US2.client_secret)
        run = terminal.wait().ok()
    assert f"{ID}\r\n{US2.client_id}" in run.stdout, "what is typed can be seen, unless it is secret"
    for line in ("token, issued by the API", *ABOUT_US2):
        assert run.says(f'"{line}'), line
    assert user.asked() == 2  # at us-1, unless it is told otherwise, and where it was sent on to
    assert run.says("everything: ") > 4 and "falcon_typed_secret" in (user.root / "log").read_text()

    # The store tells nothing to whoever has not got the secret, be it the same user; who has it is not asked.
    del user.environment["ANSIBLE_CALLBACKS_ENABLED"]
    with Terminal(user, *REQUEST, env=environment(US2)) as terminal:
        run = terminal.wait().ok()
    assert not run.says("Client id") and run.says('"token, taken from the store"') == 1
    assert user.asked() == 2


def test_no_answer_is_as_good_as_no_terminal(user: User) -> None:
    for answers in (((ID, ""),), ((ID, US1.client_id), (SECRET, ""))):
        with Terminal(user, *REQUEST) as terminal:
            for prompt, text in answers:
                terminal.answer(prompt, text)
            run = terminal.wait().failed()
        assert run.says(SECRET) == len(answers) - 1
        assert run.says(NOBODY if len(answers) == 1 else "but no client_secret goes with it")
    assert user.emulator.connects() == []


@pytest.mark.brief
def test_whoever_interrupts_a_prompt_is_done(user: User) -> None:
    with Terminal(user, *REQUEST) as terminal:
        terminal.answer(ID, US1.client_id)
        terminal.answer(SECRET, US1.client_secret[:20], end=CTRL_C)
        terminal.answer("'A' to abort", "a", end="")
        terminal.wait().failed()
    assert user.emulator.connects() == [] == user.entries()


@pytest.mark.brief
@pytest.mark.parametrize("playbook", [REQUEST, REVOKE])
def test_without_a_terminal_it_says_where_it_looked(user: User, playbook: tuple[str, str]) -> None:
    started = time.monotonic()
    run = user.command(*playbook).wait().failed()
    assert run.says(NOBODY) and run.says("FALCON_CLIENT_ID") and not run.says("Client id")
    assert user.emulator.connects() == [] and time.monotonic() - started < 30


@pytest.mark.brief
def test_a_token_in_a_file_for_another_program(user: User) -> None:
    vaulted(user, US1)
    user.write("inventory.ini", "web1 ansible_host=192.0.2.1\n")
    user.write("group_vars/all.yml", f"falcon_member_cid: {CHILD_A}\n")
    dest = user.write("falcon_token", "an older token", clear=True, mode=0o644)
    command = (*REQUEST, *VAULT, "-i", "inventory.ini", "-e", "falcon_token_dest=falcon_token")
    checked = user.command(*command, "--check").wait().ok()
    assert checked.says("Would ask https://api.crowdstrike.com") and checked.says("Would write the new token")
    assert dest.read_text() == "an older token" and user.asked() == 0

    run = user.command(*command, "-e", "falcon_session_name=night", "--diff", "-vvvvv").wait().ok()
    assert run.says(f'"member: {CHILD_A}"') and run.says('"session: night"') and run.says(f"The file {dest} holds")
    assert stat.S_IMODE(dest.stat().st_mode) == 0o600
    assert user.emulator.is_live(dest.read_text())
    again = user.command(*command, "-e", "falcon_session_name=night").wait().ok()
    assert again.says("changed=0") and again.says('"token, taken from the store"') and user.asked() == 1
    lost = user.command(*command[:-1], "falcon_token_dest=no/such/place").wait().failed()
    assert lost.says(
        f"could not be written to {user.project}/no/such/place: there is no directory {user.project}/no/such"
    )


@pytest.mark.brief
def test_status_and_revocation(user: User) -> None:
    vaulted(user, US2)
    cloud = ("-e", "falcon_cloud=us-2")
    before = user.command(*STATUS, *VAULT, *cloud).wait().ok()
    assert before.says("no valid token; 0 of this client in the store") == 1
    assert user.command(*REVOKE, *VAULT, *cloud).wait().ok().says("There was nothing to revoke") == 1
    assert user.emulator.connects() == []
    for session in ("", "night"):
        user.command(*REQUEST, *VAULT, *cloud, "-e", f"falcon_session_name={session}").wait().ok()
    after = user.command(*STATUS, *VAULT, *cloud).wait().ok()
    assert after.says("a token that is valid until") == after.says("2 of this client in the store") == 1
    [table] = re.findall(r'"valid until .*?\n    \]', after.stdout, re.DOTALL)
    rows = [re.split(r"  +", line.strip(' ",')) for line in table.splitlines()[:3]]
    assert rows[0] == ["valid until", "left", "cloud", "member", "session"]
    assert sorted(row[2:] for row in rows[1:]) == [["us-2", "-", "-"], ["us-2", "-", "night"]]
    assert all(row[0].endswith("Z") and row[1] == "29 min" for row in rows[1:])
    assert user.asked() == 2  # and nobody at us-1, who would have sent them on

    one = user.command(*REVOKE, *VAULT, *cloud).wait().ok()
    assert (one.says('"token, revoked"'), one.says("night")) == (1, 0)
    rest = user.command(*REVOKE, *VAULT, *cloud, "-e", "falcon_revoke_all=true", "--check").wait().ok()
    assert rest.says("Would revoke 1 token of client")
    # By whoever knows the secret, also if it is typed.
    with Terminal(user, *REVOKE, *cloud, "-e", "falcon_revoke_all=true") as terminal:
        terminal.answer(ID, US2.client_id)
        terminal.answer(SECRET, US2.client_secret)
        run = terminal.wait().ok()
    assert (run.says('"token, revoked"'), run.says('"session: night"')) == (1, 1)
    assert user.asked() == 2 and len(user.emulator.requests(path="/oauth2/revoke")) == 2


@pytest.mark.brief
def test_a_client_is_stored_from_a_terminal_and_used_by_its_name(user: User) -> None:
    user.environment |= SHOW_EVERYTHING | {"ANSIBLE_LOG_PATH": str(user.root / "log")}
    file = ("-e", "falcon_clients_file=falcon_clients.yml")
    # What the inventory says is who asks for tokens, and is not what is to be stored.
    user.vault("group_vars/all.yml", {"falcon_client_id": US2.client_id, "falcon_client_secret": US2.client_secret})
    user.write("hosts.ini", "localhost ansible_connection=local\n")
    with Terminal(user, *STORE, "-i", "hosts.ini", *file, "-vvvvv", "--diff") as terminal:
        terminal.answer("Name of the client:", "other")
        terminal.answer(ID, US1_OTHER.client_id)
        terminal.answer(SECRET, US1_OTHER.client_secret)
        terminal.wait().ok()
    stored = user.project / "falcon_clients.yml"
    (user.project / "group_vars" / "all.yml").unlink()
    assert stored.read_text().startswith("$ANSIBLE_VAULT;") and stat.S_IMODE(stored.stat().st_mode) == 0o600

    again = user.command(*STORE, *file, "-e", "falcon_client_name=other", env=environment(US1_OTHER)).wait().ok()
    assert again.says("changed=0") and not again.says("Not waiting for response")
    run = user.command(*REQUEST, *file, "-e", "falcon_client=other").wait().ok()
    assert run.says(f'"client: other ({US1_OTHER.client_id})"') == 1
    gone = (*STORE, *file, "-e", "falcon_client_name=other", "-e", "falcon_client_state=absent")
    assert user.command(*gone).wait().ok().says("changed=1") and user.asked() == 1
    assert user.command(*STORE, *file).wait().failed().says("The client to store has no name; give falcon_client_name.")


def test_status_without_credentials_says_that_nothing_can_be_told(user: User) -> None:
    run = user.command(*STATUS).wait().ok()
    assert run.says("Nothing can be told without an API client") == run.says(NOBODY) == 1

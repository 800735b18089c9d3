# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The token store on disk: private, sealed, and not to be fooled."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from textwrap import indent

import pytest

from emulator.cast import US1, US1_OTHER, US2
from integration.harness import User
from integration.results import sentence

TOKEN = """
- falconops.auth.falcon_token:
  register: falcon
- dump: {token: "{{ falcon.access_token }}", cached: "{{ falcon.cached }}"}
"""
FORCE = """
- falconops.auth.falcon_token: {force: true}
  register: falcon
"""
LOOKUP = "- dump: {token: \"{{ lookup('falconops.auth.falcon_token') }}\"}"
# A user whom nobody knows. It may read what root may, such as a Python of root's, but write nothing of it.
NOBODY, READS = 4711, "+dac_read_search"
SETPRIV = (shutil.which("setpriv") if os.geteuid() == 0 else None) or ""
UNSHARE = (shutil.which("unshare") if os.geteuid() == 0 else None) or ""
AS_NOBODY = [SETPRIV, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
AS_NOBODY += [f"--inh-caps={READS}", f"--ambient-caps={READS}"]
DAMAGED = "An entry of the falconops.auth token store is damaged"


def tokens(paths: Iterable[Path]) -> list[Path]:
    """Those of these entries that hold a token: a client's index and the signs to other clouds are short."""
    return [path for path in paths if path.stat().st_size > 1000]


def only_token(user: User) -> Path:
    [entry] = tokens(user.entries())
    return entry


@pytest.mark.brief
def test_what_lies_on_disk_is_private_and_tells_nothing(user: User) -> None:
    user.credentials(US2, falcon_session_name="night-shift")
    user.play(TOKEN).ok()
    for folder in (user.private, user.private / "tokens", user.private / "locks"):
        assert folder.stat().st_mode & 0o777 == 0o700
    # The token at us-2, the sign at us-1 that leads there, and the client's index.
    assert len(user.entries()) == 3
    for path in user.private.rglob("*"):
        lying = path.name + (path.read_text() if path.is_file() else "")
        for told in (US2.client_id, US2.cid, "night-shift", "us-2", "crowdstrike", "bearer"):
            assert told not in lying
    for path in (user.private / "locks").iterdir():
        assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("door", ["module", "lookup"])
@pytest.mark.parametrize(
    "content",
    [
        "garbage",
        "\ufffd\x00\x01",
        pytest.param("\"{{ lookup('pipe', 'touch executed') }}\"", marks=pytest.mark.brief),
        '{"access_token": "forged", "token_type": "bearer", "issued_at": 0, "expires_in": 1800, "hostname": "https://x"}',
        "[1, 2]",
    ],
    ids=["garbage", "binary", "template", "forged", "list"],
)
def test_an_entry_replaced_by_anything_is_a_miss(user: User, door: str, content: str) -> None:
    user.credentials(US1)
    old = user.play(TOKEN).ok().value("token")
    for entry in user.entries():
        entry.write_text(content)
    tasks = TOKEN if door == "module" else LOOKUP
    run = user.play(tasks, hosts=5).ok()
    assert len(set(run.values("token"))) == 1 and run.values("token")[0] != old
    assert user.asked() == 2
    assert not (user.project / "executed").exists()
    assert run.warnings <= 1, run.output
    # The next run has nothing to complain about.
    assert "[WARNING]" not in user.play(tasks).ok().output
    assert user.asked() == 2


def test_a_flipped_bit_is_a_miss_with_one_warning(user: User) -> None:
    user.credentials(US1)
    user.play(TOKEN).ok()
    entry = only_token(user)
    text = entry.read_text()
    entry.write_text(text.replace(text[40], "A" if text[40] != "A" else "B"))
    run = user.play(TOKEN, "--forks=5", hosts=10).ok()
    assert run.says(DAMAGED) == 1
    assert user.asked() == 2


def test_an_entry_of_another_client_or_member_is_a_miss(user: User) -> None:
    user.credentials(US1)
    user.play(TOKEN).ok()
    mine = only_token(user)
    user.credentials(US1_OTHER)
    user.play(TOKEN).ok()
    [other] = set(tokens(user.entries())) - {mine}
    mine.write_bytes(other.read_bytes())
    user.credentials(US1)
    run = user.play(TOKEN).ok()
    assert run.says(DAMAGED) == 1
    # The same client's, in another place: sealed with the right key, and still not moved.
    user.play(TOKEN, "-e", "falcon_session_name=apart").ok()
    [apart] = set(tokens(user.entries())) - {mine, other}
    mine.write_bytes(apart.read_bytes())
    assert user.play(TOKEN).ok().says(DAMAGED) == 1
    assert user.asked() == 5


def test_open_permissions_are_repaired_with_a_warning(user: User) -> None:
    user.credentials(US1)
    user.play(TOKEN).ok()
    for folder in (user.private, user.private / "tokens"):
        folder.chmod(0o777)
    run = user.play(TOKEN, hosts=5).ok()
    assert run.says("open to other users, and closed it") == 2
    assert all(folder.stat().st_mode & 0o777 == 0o700 for folder in (user.private, user.private / "tokens"))
    assert user.asked() == 1


def test_a_symlink_in_place_of_the_directory_is_not_followed(user: User) -> None:
    target = user.home / "elsewhere"
    target.mkdir()
    user.private.parent.mkdir(exist_ok=True)
    user.private.symlink_to(target)
    user.credentials(US1)
    run = user.play(TOKEN, hosts=3).ok()
    assert user.asked() == 1
    assert run.says("cannot keep its private files in") == 1
    assert list(target.iterdir()) == []


def replace(path: Path, instead: str, target: Path) -> None:
    path.unlink()
    if instead == "symlink":
        path.symlink_to(target)
    else:
        path.mkdir()


@pytest.mark.parametrize("instead", ["symlink", "directory"])
def test_something_else_in_place_of_a_file_costs_at_most_a_warning(user: User, instead: str) -> None:
    user.credentials(US1)
    user.play(TOKEN).ok()
    target = user.write("target", "not ours")
    for path in user.entries():
        replace(path, instead, target)
    run = user.play(TOKEN.replace("falcon_token:", "falcon_token: {force: true}"), hosts=3).ok()
    assert run.warnings <= 1
    assert target.read_text() == "not ours"
    assert len(set(run.values("token"))) == 1
    assert user.asked() == 2


@pytest.mark.parametrize("instead", ["symlink", "directory"])
def test_something_else_in_place_of_a_lock_is_a_sentence_and_nothing_is_sent(user: User, instead: str) -> None:
    user.credentials(US1)
    user.play(TOKEN).ok()
    target = user.write("target", "not ours")
    for path in (user.private / "locks").iterdir():
        replace(path, instead, target)
    tasks = f"{FORCE}  ignore_errors: true\n- dump: {{falcon: '{{{{ falcon }}}}'}}\n"
    for result in user.play(tasks, hosts=3).ok().values("falcon"):
        said = sentence(result)
        assert said.startswith(f"The lock file {user.private}/locks/") and "); remove it, or set ANSIBLE_HOME" in said
    assert target.read_text() == "not ours"
    assert user.asked() == 1
    # What is cached needs no lock.
    assert user.play(TOKEN).ok().value("cached")


def test_a_lock_of_the_index_that_cannot_be_used_costs_at_most_a_warning(user: User) -> None:
    """The index only lists what is there. The token that has just been issued is not lost over it."""
    user.credentials(US1)
    user.play(TOKEN).ok()
    asked = user.asked()
    for path in sorted((user.private / "locks").iterdir()):
        replace(path, "directory", path)
        run = user.play(f"{FORCE}  ignore_errors: true\n- dump: {{falcon: '{{{{ falcon }}}}'}}\n", hosts=3).ok()
        path.rmdir()
        sent, asked = user.asked() - asked, user.asked()
        # One lock is the token's: nothing is sent without it. The other one is the index's.
        assert {bool(result.get("failed")) for result in run.values("falcon")} == {sent == 0}
        assert run.warnings <= 1


def test_a_home_that_cannot_be_written_costs_one_warning(user: User) -> None:
    user.private.parent.mkdir()
    user.private.write_text("no directory")
    user.credentials(US1)
    run = user.play(TOKEN + LOOKUP, "--forks=5", hosts=10).ok()
    assert user.asked() == 1
    assert run.says("cannot keep its private files in") == 1
    assert run.says("set ANSIBLE_HOME to a directory that you own") == 1


@pytest.mark.skipif(not UNSHARE, reason="only root can mount a directory to be read alone, by unshare")
def test_a_home_that_became_read_only_costs_one_warning(user: User) -> None:
    user.credentials(US1)
    user.play(TOKEN).ok()
    user.write("play.yml", f"- hosts: all\n  gather_facts: false\n  tasks:\n{indent(TOKEN + LOOKUP, '    ')}")
    mount = f'mount --bind {user.private} {user.private} && mount -o remount,ro,bind {user.private} && exec "$@"'
    playbook = str(user.ansible.bin / "ansible-playbook")
    command = [UNSHARE, "--mount", "sh", "-c", mount, "sh", playbook, "-i", "h1,h2,h3", "play.yml"]
    run = user.command(*command).wait().ok()
    assert len(run.values("token")) == 6 and len(set(run.values("token"))) == 1 and user.asked() == 2
    assert run.says("(it cannot be written)") == run.warnings == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a directory somebody else's")
def test_a_directory_of_somebody_else_is_not_used(user: User) -> None:
    user.private.mkdir(parents=True)
    os.chown(user.private, NOBODY, NOBODY)
    user.credentials(US1)
    run = user.play(TOKEN + LOOKUP, hosts=3).ok()
    assert run.says("falconops_auth belongs to another user") == run.warnings == 1
    assert user.asked() == 1 and list(user.private.iterdir()) == []


@pytest.mark.skipif(not SETPRIV, reason="only root can run Ansible as a user who has no name, by setpriv")
@pytest.mark.parametrize("home", ["cannot be written", "is not known"])
def test_a_user_who_has_no_name_and_no_home(user: User, home: str) -> None:
    """As in a container that was given any user id."""
    user.credentials(US1)
    user.write("play.yml", f"- hosts: all\n  gather_facts: false\n  tasks:\n{indent(TOKEN + LOOKUP, '    ')}")
    user.environment["ANSIBLE_LOCAL_TEMP"] = user.environment["TMPDIR"]  # Ansible's own way out
    del user.environment["ANSIBLE_HOME"]
    if home == "is not known":
        del user.environment["HOME"]
    for writable in (user.root, user.environment["TMPDIR"]):
        os.chown(writable, NOBODY, NOBODY)
    playbook = str(user.ansible.bin / "ansible-playbook")
    run = user.command(*AS_NOBODY, playbook, "-i", "h1,h2,h3", "play.yml").wait().ok()
    assert len(run.values("token")) == 6 and len(set(run.values("token"))) == user.asked() == 1
    assert run.says("tokens are kept for this run only") == run.warnings == 1
    assert list(user.home.iterdir()) == []
    assert sorted(path.name for path in user.project.iterdir()) == ["group_vars", "play.yml"]


@pytest.mark.brief
def test_tokens_in_a_persistent_fact_cache(user: User) -> None:
    facts = user.persistent_facts()
    user.credentials(US1)
    tasks = f"- ansible.builtin.set_fact: {{mine: kept, cacheable: true}}\n{TOKEN}"
    token = user.play(tasks).ok().value("token")
    run = user.play(f"{TOKEN}{LOOKUP}\n- dump: {{mine: '{{{{ ansible_facts.mine }}}}'}}").ok()
    assert run.values("token") == [token, token] and run.value("mine") == "kept"
    assert user.asked() == 1
    assert user.entries() == []
    ours = [path for path in facts.iterdir() if path.name.startswith("falconops_auth_")]
    assert len(tokens(ours)) == 1 and len(ours) == 2
    assert not any(US1.client_id in path.read_text() for path in ours)
    user.play(TOKEN, "--flush-cache").ok()
    user.play(f"- ansible.builtin.meta: clear_facts\n{TOKEN}").ok()
    assert user.asked() == 1, "what clears facts does not reach tokens"


@pytest.mark.parametrize("content", ["garbage", "\"{{ lookup('pipe', 'touch executed') }}\""])
def test_a_damaged_entry_among_facts_is_a_miss_with_one_warning(user: User, content: str) -> None:
    facts = user.persistent_facts()
    user.credentials(US1)
    user.play(TOKEN).ok()
    for path in facts.glob("falconops_auth_*"):
        path.write_text(content)
    run = user.play(TOKEN + LOOKUP, "--forks=5", hosts=5).ok()
    assert run.warnings == 1, run.output
    assert not (user.project / "executed").exists()
    assert user.asked() == 2
    user.play(TOKEN).ok()
    assert user.asked() == 2


def test_a_store_of_its_own_for_tokens(user: User) -> None:
    user.credentials(US1)
    folder = user.home / "own"
    user.write(
        "ansible.cfg",
        f"""\
        [falconops_auth]
        cache_plugin = jsonfile
        cache_connection = {folder}
        cache_prefix = ours_
        """,
    )
    for _unused in range(2):
        user.play(TOKEN + LOOKUP).ok()
    assert user.asked() == 1
    assert {path.name[:5] for path in folder.iterdir()} == {"ours_"}
    assert user.entries() == []


@pytest.mark.parametrize("plugin", ["no.such.plugin", "jsonfile"])
def test_a_store_that_cannot_be_used_costs_one_warning(user: User, plugin: str) -> None:
    blocked = user.write("blocked", "a file, no directory")
    user.credentials(US1, falcon_cache_plugin=plugin, falcon_cache_connection=str(blocked / "below"))
    run = user.play(TOKEN + LOOKUP, "--forks=5", hosts=10).ok()
    assert user.asked() == 1
    assert run.says("falconops.auth keeps tokens in private files of this control node instead") == 1
    user.play(TOKEN).ok()
    assert user.asked() == 1


def test_the_secrets_of_two_customers_open_only_their_own(user: User) -> None:
    """What a stranger has who holds the files and the client's id, but not its secret."""
    user.credentials(US1)
    user.play(TOKEN).ok()
    user.vault("group_vars/all.yml", {"falcon_client_id": US1.client_id, "falcon_client_secret": "x" * 40})
    run = user.play("- falconops.auth.falcon_token:", "--check", "-v").ok()
    assert run.says("Would ask") == 1 and DAMAGED not in run.output
    assert user.asked() == 1

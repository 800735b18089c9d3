# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Ansible as a user does: a home, a project directory, an environment, and what comes out at the end."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emulator import cast
from emulator.client import Emulator
from emulator.world import ApiClient
from integration.results import Run
from integration.secrecy import Detector

VAULT_PASSWORD = "correct horse battery staple"
CHECKOUT = Path(__file__).resolve().parents[2]
# What is tested: the checkout, or where `make release-check` has installed the collection.
COLLECTION = Path(os.environ.get("FALCONOPS_COLLECTION") or CHECKOUT)
PLUGINS = Path(__file__).resolve().parent / "plugins"
# As `ansible-vault encrypt` does it.
ENCRYPT = """
import json, sys
from ansible.parsing.vault import VaultLib, VaultSecret
secret = VaultSecret(sys.argv[1].encode())
vault = VaultLib([("default", secret)])
for line in sys.stdin:
    print(json.dumps(vault.encrypt(json.loads(line), secret).decode()), flush=True)
"""
# Longer than any run takes; a run that hangs is a failure, not a test that never ends.
LONGEST_RUN = 120


class Ansible:
    """The ansible-core under test, and the collection where it looks for collections."""

    def __init__(self, root: Path) -> None:
        self.bin = Path(os.environ.get("FALCONOPS_ANSIBLE_BIN") or Path(sys.executable).parent)
        self.collections = root / "collections"
        (self.collections / "ansible_collections" / "falconops").mkdir(parents=True)
        (self.collections / "ansible_collections" / "falconops" / "auth").symlink_to(COLLECTION)
        self._root = root
        self.password_file = root / "vault-password"
        self.password_file.write_text(VAULT_PASSWORD)
        self.encrypt = functools.cache(self._encrypt)
        self.encrypt_value = functools.cache(self._encrypt_value)

    @functools.cached_property
    def version(self) -> tuple[int, ...]:
        show = "from ansible.release import __version__; print(__version__)"
        said = subprocess.run([self.bin / "python", "-c", show], capture_output=True, text=True, check=True).stdout
        return tuple(int(part) for part in said.split(".")[:2])

    def _encrypt(self, text: str) -> str:
        """A whole file. The text goes through a pipe, so that it never lies on disk."""
        pipe_in, pipe_out = self._vault.stdin, self._vault.stdout
        assert pipe_in and pipe_out
        print(json.dumps(text), file=pipe_in, flush=True)
        return str(json.loads(pipe_out.readline()))

    def _encrypt_value(self, value: str) -> str:
        """A single value, as YAML that can stand behind any key."""
        return "\n".join(["!vault |", *(" " * 20 + line for line in self._encrypt(value).splitlines())])

    @functools.cached_property
    def _vault(self) -> subprocess.Popen[str]:
        """Encrypts line by line what ansible-vault would have to be started for each time."""
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self._root), "LANG": "C.UTF-8"}
        command = [str(self.bin / "python"), "-c", ENCRYPT, VAULT_PASSWORD]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True, encoding="utf-8")


def later(seconds: float) -> dict[str, str]:
    """The environment of a run so many seconds later."""
    return {"PYTHONPATH": str(PLUGINS / "clock"), "FALCONOPS_TEST_CLOCK_AHEAD": str(seconds)}


def wrong_clock(ahead: float) -> dict[str, str]:
    """The environment of a run now, whose clock is so many seconds ahead."""
    return {**later(ahead), "FALCONOPS_TEST_CLOCK_WRONG": "yes"}


class Started:
    """A run under way."""

    def __init__(self, process: subprocess.Popen[str], user: User, dump: Path) -> None:
        self.process = process
        self._user = user
        self._dump = dump

    def kill(self) -> None:
        """SIGKILL for Ansible and all its workers, so that nobody can clean up."""
        for pid in (self.process.pid, *_descendants(self.process.pid)):
            os.kill(pid, signal.SIGKILL)
        self.process.communicate()

    def stop(self, signum: signal.Signals) -> None:
        """Sends a signal as a supervisor does, or SIGINT as a terminal does on Ctrl-C: to the whole process group."""
        send = os.killpg if signum == signal.SIGINT else os.kill
        send(self.process.pid, signum)

    def wait(self) -> Run:
        try:
            stdout, stderr = self.process.communicate(timeout=LONGEST_RUN)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        for text, name in ((stdout, "the standard output"), (stderr, "the standard error")):
            self._user.detector.check(text.encode(), name)
        lines = self._dump.read_text().splitlines() if self._dump.exists() else []
        return Run(self.process.returncode, stdout, stderr, [tuple(json.loads(line)) for line in lines])


class User:
    """Somebody with a home and a project of their own. What their runs say and leave behind is searched for secrets."""

    def __init__(self, root: Path, ansible: Ansible, emulator: Emulator) -> None:
        self.ansible = ansible
        self.emulator = emulator
        self.root = root
        self.home, self.project, self._temporary = root / "home", root / "project", root / "tmp"
        for folder in (self.home, self.project, self._temporary):
            folder.mkdir(mode=0o700, parents=True)
        self.environment = {
            "PATH": f"{ansible.bin}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(self.home),
            "TMPDIR": str(self._temporary),
            "ANSIBLE_HOME": str(self.home / ".ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(ansible.collections),
            "ANSIBLE_ACTION_PLUGINS": str(PLUGINS / "action"),
            "ANSIBLE_CONNECTION_PLUGINS": str(PLUGINS / "connection"),
            "ANSIBLE_VAULT_PASSWORD_FILE": str(ansible.password_file),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_DEPRECATION_WARNINGS": "false",
            # The checkout is no place for what Python would compile.
            "PYTHONDONTWRITEBYTECODE": "1",
            **emulator.env(),
        }
        self._secrets = {f"the secret of {name}": client.client_secret for name, client in cast.CLIENTS.items()}
        self._secrets["the wrong secret"] = cast.WRONG_SECRET
        self._clear: list[Path] = []
        self._runs = 0

    # -- what the user has

    @property
    def detector(self) -> Detector:
        return Detector(self._secrets)

    @property
    def private(self) -> Path:
        """Where the collection keeps tokens and locks if the fact cache is no help."""
        return self.home / ".ansible" / "falconops_auth"

    def entries(self) -> list[Path]:
        """The files of the private token store."""
        return sorted((self.private / "tokens").glob("*"))

    def persistent_facts(self) -> Path:
        """From now on facts lie in files, as some users want it. Where these are."""
        folder = self.home / "facts"
        self.environment |= {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder)}
        return folder

    def secret(self, value: str) -> str:
        """Makes the user's runs be searched for this value, too."""
        self._secrets[f"the secret number {len(self._secrets)}"] = value
        return value

    def api_client(self, **what: Any) -> ApiClient:
        """A new API client at the emulator, see Emulator.add_client."""
        client = self.emulator.add_client(**what)
        self.secret(client.client_secret)
        return client

    def write(self, name: str, text: str, *, clear: bool = False, mode: int = 0o600) -> Path:
        """A file of the project. clear: it may hold secrets that are not encrypted."""
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        path.chmod(mode)
        if clear:
            self._clear.append(path)
        return path

    def may_hold(self, path: Path) -> None:
        """A file in which the user wants a secret that is not encrypted."""
        self._clear.append(path)

    def vault(self, name: str, content: Mapping[str, Any] | str) -> Path:
        """A file of the project that is encrypted as a whole."""
        text = content if isinstance(content, str) else json.dumps(content)
        return self.write(name, self.ansible.encrypt(textwrap.dedent(text)))

    def credentials(self, client: ApiClient, **more: Any) -> None:
        """Vaulted variables for every host."""
        given = {"falcon_client_id": client.client_id, "falcon_client_secret": client.client_secret, **more}
        self.vault("group_vars/all.yml", given)

    # -- what the user runs

    def play(self, tasks: str, *args: str, hosts: int | str = "localhost", play: str = "", **options: Any) -> Run:
        """Runs a play with these tasks. hosts: so many that nobody can reach, or a whole inventory."""
        head = f"- hosts: all\n  gather_facts: false\n{textwrap.indent(textwrap.dedent(play), '  ')}\n  tasks:\n"
        return self.playbook(head + textwrap.indent(textwrap.dedent(tasks), "    "), *args, hosts=hosts, **options)

    def playbook(self, text: str, *args: str, hosts: int | str = "localhost", **options: Any) -> Run:
        return self.start(text, *args, hosts=hosts, **options).wait()

    def start(
        self, text: str, *args: str, hosts: int | str = "localhost", env: Any = None, clear: bool = False
    ) -> Started:
        """Starts a playbook. env: added to the environment, None as a value takes away."""
        self._runs += 1
        name = f"play{self._runs}"
        self.write(f"{name}.yml", text, clear=clear)
        self.write(f"{name}.ini", _inventory(hosts))
        return self.command("ansible-playbook", "-i", f"{name}.ini", f"{name}.yml", *args, env=env)

    def command(self, *command: str, env: Mapping[str, str | None] | None = None) -> Started:
        self._runs += 1
        dump = self.root / f"dump{self._runs}"
        self._clear.append(dump)
        environment = {**self.environment, "FALCONOPS_TEST_DUMP": str(dump), **(env or {})}
        process = subprocess.Popen(
            [self.ansible.bin / command[0], *command[1:]],
            cwd=self.project,
            env={name: value for name, value in environment.items() if value is not None},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return Started(process, self, dump)

    def asked(self, **fields: Any) -> int:
        """How often the emulator was asked for a token."""
        return len(self.emulator.requests(path="/oauth2/token", **fields))

    def check_files(self) -> None:
        """Raises Leak if a file that a run has left behind holds a secret or a token."""
        self.detector.check_files(self.root, self._clear)


def _descendants(pid: int) -> list[int]:
    """Of a running process. Workers of Ansible leave its process group, so that this is the way to find them."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for ancestor in found:
        found += [child for child, parent in parents.items() if parent == ancestor]
    return found[1:]


def _inventory(hosts: int | str) -> str:
    if isinstance(hosts, str):
        return (
            "localhost ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'\n"
            if (hosts == "localhost")
            else hosts
        )
    # Addresses from the range for documentation: nobody answers there.
    return "".join(f"h{number} ansible_host=192.0.2.{number % 250 + 1}\n" for number in range(1, hosts + 1))

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the benchmark's plays run: one user of one ansible-core, and what a run of theirs takes."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import subprocess
import textwrap
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from emulator.cast import FULL, US1
from emulator.client import Emulator
from integration.harness import CHECKOUT, Ansible, User
from integration.servers import COLLECTIONS, Redis, installed, what_is_missing

REFERENCE = Path(__file__).parent / "reference"
# So many hosts has the customer.
DEVICES = 10_000
VENDOR = COLLECTIONS / "ansible_collections" / "crowdstrike" / "falcon"


class Missing(Exception):
    """What a piece of work needs and this machine has not."""


@dataclass(frozen=True)
class Play:
    """The tasks of a play, and how it is run.

    token: "warm" if an earlier run has asked for it, "cold" if nobody has, "" if it does not matter; credentials:
    "whole" in a wholly vaulted file, "chained" if variables lead there, "inline" if the secret is a single vaulted
    value, "scopes" for those of a client that may call everything, also whole; facts: where the user keeps them.
    """

    tasks: tuple[str, ...]
    token: str = ""
    credentials: str = "whole"
    facts: str = "memory"
    forks: int = 10

    def but(self, **changes: Any) -> Play:
        return replace(self, **changes)

    @property
    def text(self) -> str:
        tasks = "".join(f"    - {textwrap.indent(task, ' ' * 6).lstrip()}\n" for task in self.tasks)
        return f"- hosts: all\n  gather_facts: false\n  connection: local\n  tasks:\n{tasks}"


@dataclass(frozen=True)
class Script:
    """A program in Python, which has nothing to do with Ansible."""

    name: str
    token = ""

    @property
    def text(self) -> str:
        return (REFERENCE / self.name).read_text()


class Spent(NamedTuple):
    """Seconds that a run took, and seconds of CPU time of all its processes."""

    wall: float
    user: float
    system: float

    @property
    def cpu(self) -> float:
        return self.user + self.system

    def minus(self, other: Spent) -> Spent:
        return Spent(*(ours - theirs for ours, theirs in zip(self, other, strict=True)))


class Place:
    """A home, a project and an emulated cloud, for one ansible-core."""

    def __init__(self, root: Path) -> None:
        self._servers = contextlib.ExitStack()
        self.emulator = self._servers.enter_context(Emulator())
        self.ansible = Ansible(root)
        self.user = User(root / "user", self.ansible, self.emulator)
        self._numbers = itertools.count()
        self._figures = root / "figures"
        self._redis: Redis | None = None
        self._facts_of: dict[tuple[str, ...], int] = {}
        (self.ansible.collections / "ansible_collections" / "bench").mkdir()
        (self.ansible.collections / "ansible_collections" / "bench" / "reference").symlink_to(REFERENCE)
        environment = self.user.environment
        # Plugins of the tests are not what users have, but Python's compiled files are.
        for name in ("ANSIBLE_ACTION_PLUGINS", "ANSIBLE_CONNECTION_PLUGINS", "PYTHONDONTWRITEBYTECODE"):
            del environment[name]
        environment["PYTHONPYCACHEPREFIX"] = str(root / "compiled")
        environment["ANSIBLE_COLLECTIONS_PATH"] += f":{COLLECTIONS}"
        environment["BENCHMARK_FIGURES"] = str(self._figures)
        self._keep_credentials()
        # The vendor's modules ask more often than an API client may.
        self.emulator.configure(token_limit=10**9, customer_limit=10**9, hosts=DEVICES)

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *_unused: object) -> None:
        self._servers.close()

    def spend(self, play: Play | Script, hosts: int) -> Spent:
        """What a run takes."""
        if play.token == "cold":
            self.forget()
        asked = self.user.asked()
        spent = self.run(play, hosts)
        # The first time, and when it was soon due.
        return self.spend(play, hosts) if play.token == "warm" and self.user.asked() > asked else spent

    def forget(self) -> None:
        """Let nobody have a token."""
        shutil.rmtree(self.user.private, ignore_errors=True)

    def run(self, play: Play | Script, hosts: int) -> Spent:
        self._figures.unlink(missing_ok=True)
        name = f"{next(self._numbers)}"
        output = self.user.write(f"{name}.out", "")
        if isinstance(play, Script):
            client = {"FALCON_CLIENT_ID": FULL.client_id, "FALCON_CLIENT_SECRET": FULL.client_secret}
            environment = {**self.user.environment, **client}
            command = ["python", str(REFERENCE / play.name)]
        else:
            environment = {**self.user.environment, **self._facts(play)}
            self.user.write(f"{name}.yml", play.text)
            command = ["ansible-playbook", f"--forks={play.forks}", "-i", self._inventory(play, hosts), f"{name}.yml"]
        with output.open("w") as writer:
            start = time.monotonic()
            process = subprocess.Popen(
                [self.ansible.bin / command[0], *command[1:]],
                cwd=self.user.project,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=writer,
                stderr=subprocess.STDOUT,
            )
            # Not Popen's own wait, which does not tell what this one process and its children have used.
            _pid, status, used = os.wait4(process.pid, 0)
            wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{play.text}\nended with {process.returncode}:\n{output.read_text()[-3000:]}")
        output.unlink()
        return Spent(wall, used.ru_utime, used.ru_stime)

    def figures(self, call: int) -> list[float]:
        """Milliseconds that the last run's workers told of, those of each worker's so-manieth call."""
        lines = [line.split() for line in self._figures.read_text().splitlines()]
        return [int(spent) / 1e6 for number, spent in lines if int(number) == call]

    def check(self, *plays: Play | Script) -> None:
        """Raises Missing if this machine cannot run one of them."""
        python = self.ansible.bin / "python"
        vendor = any("crowdstrike.falcon" in play.text for play in plays)
        if vendor and not VENDOR.is_dir():
            raise Missing("crowdstrike.falcon is not in .nox/collections, and Galaxy could not be reached")
        falconpy = vendor or any("falconpy" in play.text for play in plays)
        if falconpy and subprocess.run([python, "-c", "import falconpy"], capture_output=True, check=False).returncode:
            raise Missing(f"crowdstrike-falconpy is not installed for {python}")
        if any(isinstance(play, Play) and play.facts == "redis" for play in plays):
            if not installed(Redis.program):
                raise Missing("there is no redis-server (Debian: apt-get install redis-server)")
            if missing := what_is_missing(python, Redis.library):
                raise Missing(missing)

    def about(self) -> dict[str, str]:
        """What runs here, and on what."""
        command = [self.ansible.bin / "ansible", "--version"]
        said = subprocess.run(command, capture_output=True, text=True, check=True, env=self.user.environment).stdout
        core, python = re.search(r"core ([^]]+)", said), re.search(r"python version = (\S+)", said)
        assert core and python, said
        return {
            "core": core[1],
            "python": python[1],
            "vendor": vendor_version(),
            "machine": machine(),
        }

    def _inventory(self, play: Play, hosts: int) -> str:
        name = f"{play.credentials}/{hosts}.ini"
        if not (self.user.project / name).exists():
            lines = [f"h{number}" for number in range(1, hosts + 1)]
            lines += ["[all:vars]", f"ansible_python_interpreter={self.ansible.bin / 'python'}"]
            self.user.write(name, "\n".join(lines) + "\n")
        return name

    def _facts(self, play: Play) -> dict[str, str]:
        """Each play's facts lie apart: they stay, and an action that does nothing shall not have to read ours."""
        if play.facts == "memory":
            return {}
        number = self._facts_of.setdefault(play.tasks, len(self._facts_of))
        if play.facts == "jsonfile":
            place = f"{self.user.home / 'facts'}{number}"
            return {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": place}
        if self._redis is None:
            self._redis = self._servers.enter_context(Redis(self.user.root / "redis", "benchmark"))
        cache = self._redis.fact_cache
        uri = cache["ANSIBLE_CACHE_PLUGIN_CONNECTION"].replace(":0:", f":{number}:")
        return {**cache, "ANSIBLE_CACHE_PLUGIN_CONNECTION": uri}

    def _keep_credentials(self) -> None:
        client = {"falcon_client_id": US1.client_id, "falcon_client_secret": US1.client_secret}
        self.user.vault("whole/group_vars/all.yml", client)
        may_all = {"falcon_client_id": FULL.client_id, "falcon_client_secret": FULL.client_secret}
        self.user.vault("scopes/group_vars/all.yml", may_all)
        self.user.vault("chained/group_vars/all/vault.yml", {f"vault_{name}": value for name, value in client.items()})
        chain = "".join(f'{name}: "{{{{ vault_{name} }}}}"\n' for name in client)
        self.user.write("chained/group_vars/all/variables.yml", chain)
        secret = self.ansible.encrypt_value(US1.client_secret)
        inline = f"falcon_client_id: {US1.client_id}\nfalcon_client_secret: {secret}\n"
        self.user.write("inline/group_vars/all.yml", inline)


class Machine:
    """How much of the machine other programs have used since this was made."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._start = self._now()

    def used_by_others(self) -> float:
        """From 0 to 1."""
        wall, all_of_it, ours = (now - then for now, then in zip(self._now(), self._start, strict=True))
        return max(0.0, (all_of_it - ours) / wall / (os.cpu_count() or 1))

    def _now(self) -> tuple[float, float, float]:
        tick = os.sysconf("SC_CLK_TCK")
        busy = Path("/proc/stat").read_text().split("\n", 1)[0].split()
        everybody = sum(int(busy[field]) for field in (1, 2, 3, 6, 7, 8)) / tick
        emulator = Path(f"/proc/{self._emulator.pid}/stat").read_text().rpartition(")")[2].split()
        return time.monotonic(), everybody, sum(os.times()[:4]) + (int(emulator[11]) + int(emulator[12])) / tick


def version() -> str:
    """Of this collection: today, and the commit that its plugins are of."""
    last, changed = (
        subprocess.run(
            ["git", "-C", str(CHECKOUT), *args, "--", "plugins"], capture_output=True, text=True, check=False
        )
        for args in (["log", "-1", "--format=%h"], ["status", "--porcelain"])
    )
    commit = last.stdout.strip() + ("-dirty" if changed.stdout else "")
    return f"{time.strftime('%Y-%m-%d', time.gmtime())} ({commit})"


def vendor_version() -> str:
    """Of crowdstrike.falcon; '' without it."""
    for name in ("MANIFEST.json", "galaxy.yml"):
        if (VENDOR / name).exists():
            found = re.search(r'^\s*"?version"?: "?([0-9.]+)', (VENDOR / name).read_text(), re.MULTILINE)
            return found[1] if found else "of an unknown version"
    return ""


def machine() -> str:
    """This machine in a few words."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kernel = os.uname()
    name = model[1] if model else kernel.machine
    return f"{os.cpu_count()} cores ({name}), {memory:.0f} GiB, {kernel.sysname} {kernel.release.split('-')[0]}"

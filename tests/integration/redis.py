# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Redis, on a port of its own and with a directory of its own, for Ansible's fact cache.

Nothing is installed here. The server is Debian's package redis-server; community.general, whose cache plugin it is, and
the library redis are put in place by the nox sessions of the integration tests.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

from integration.harness import CHECKOUT

SERVER = shutil.which("redis-server", path="/usr/bin:/usr/local/bin:/usr/sbin")
# Where the nox sessions put it; see community_general in noxfile.py.
COLLECTIONS = CHECKOUT / ".nox" / "collections"
STARTS_WITHIN = 10


class Redis:
    """A server that writes every command into its directory, where all that was ever sent can be searched."""

    def __init__(self, folder: Path, password: str = "") -> None:
        folder.mkdir(mode=0o700)
        self._folder = folder
        self._password = password
        self.port = _free_port()

    def __enter__(self) -> Redis:
        settings = {
            "bind": "127.0.0.1",
            "port": self.port,
            "dir": self._folder,
            "logfile": "redis.log",
            "save": '""',
            "appendonly": "yes",
            "aof-use-rdb-preamble": "no",
            **({"requirepass": self._password} if self._password else {}),
        }
        assert SERVER, "there is no redis-server"
        # On its standard input, so that the password is in no file and in no process list.
        self._server = subprocess.Popen([SERVER, "-"], stdin=subprocess.PIPE, text=True)
        assert self._server.stdin
        self._server.stdin.write("".join(f"{name} {value}\n" for name, value in settings.items()))
        self._server.stdin.close()
        self._wait_until_it_answers()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self._server.kill()
        self._server.wait()

    @property
    def fact_cache(self) -> dict[str, str]:
        """The environment of whoever keeps facts here."""
        uri = f"127.0.0.1:{self.port}:0" + (f":{self._password}" if self._password else "")
        return {"ANSIBLE_CACHE_PLUGIN": "community.general.redis", "ANSIBLE_CACHE_PLUGIN_CONNECTION": uri}

    def ask(self, *command: str) -> str:
        """What the server answers to a command."""
        client = ["redis-cli", "-h", "127.0.0.1", "-p", str(self.port), "--raw", *command]
        password = {"REDISCLI_AUTH": self._password} if self._password else {}
        done = subprocess.run(
            client, env={"PATH": "/usr/bin:/bin", **password}, capture_output=True, text=True, check=False
        )
        return done.stdout.rstrip("\n")

    def entries(self) -> set[str]:
        """The key of everything that lies here."""
        return set(self.ask("KEYS", "*").split())

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + STARTS_WITHIN
        while self.ask("PING") != "PONG":
            if self._server.poll() is not None or time.monotonic() > deadline:
                self._server.kill()
                raise AssertionError(f"redis-server did not start, see {self._folder / 'redis.log'}")
            time.sleep(0.02)


def what_is_missing(python: Path) -> str:
    """Why Ansible with this Python cannot keep facts in Redis, though there is a server; '' if it can."""
    if not (COLLECTIONS / "ansible_collections" / "community" / "general").is_dir():
        return f"community.general is missing in {COLLECTIONS}, where the nox session 'integration' puts it"
    if subprocess.run([python, "-c", "import redis"], capture_output=True, check=False).returncode:
        return f"the library redis is missing beside ansible-core; install it for {python}"
    return ""


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])

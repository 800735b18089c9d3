# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real places for Ansible's cache plugins: files, and servers on ports and with directories of their own.

Nothing is installed here. The servers are Debian's packages redis-server and memcached; community.general, whose cache
plugins they need, and the libraries redis and python-memcached are put in place by the nox sessions of the integration
tests.
"""

from __future__ import annotations

import contextlib
import json
import pickle
import shutil
import socket
import subprocess
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import trustme
import yaml

from integration.harness import CHECKOUT

# Where the nox sessions put it; see community_general in noxfile.py.
COLLECTIONS = CHECKOUT / ".nox" / "collections"
STARTS_WITHIN = 10
# What the collection's entries begin with, wherever they lie.
OURS = "falconops_auth_"


class Cache:
    """What a cache plugin of Ansible keeps, seen from behind the plugin."""

    plugin: str
    connection: str

    @property
    def fact_cache(self) -> dict[str, str]:
        """The environment of whoever keeps facts here."""
        return {"ANSIBLE_CACHE_PLUGIN": self.plugin, "ANSIBLE_CACHE_PLUGIN_CONNECTION": self.connection}

    @property
    def token_store(self) -> dict[str, str]:
        """The environment of whoever keeps tokens here, and facts elsewhere."""
        return {"FALCON_CACHE_PLUGIN": self.plugin, "FALCON_CACHE_CONNECTION": self.connection}

    def entries(self) -> set[str]:
        """The key of everything that lies here."""
        raise NotImplementedError

    def tokens(self) -> set[str]:
        """The key of everything that the collection keeps here."""
        return {key for key in self.entries() if key.startswith(OURS)}

    def listed(self) -> set[str]:
        """The hosts whose facts the plugin would list."""
        raise NotImplementedError

    def read(self, key: str) -> Any:
        """What lies under this key, as the plugin would give it."""
        raise NotImplementedError

    def spoil(self, key: str, text: str) -> None:
        """Puts another text in its place, which no plugin has written."""
        raise NotImplementedError

    def write(self, key: str, value: Any) -> None:
        """Puts another value in its place, as the plugin would."""
        self.spoil(key, json.dumps(value))


class Files(Cache):
    """A directory with a file for each entry."""

    def __init__(self, folder: Path, plugin: str) -> None:
        self._folder = folder
        self.plugin, self.connection = plugin, str(folder)

    def entries(self) -> set[str]:
        return {path.name for path in self._folder.iterdir()} if self._folder.exists() else set()

    def listed(self) -> set[str]:
        return {_host(key) for key in self.entries() - self.tokens()}

    def read(self, key: str) -> Any:
        content = (self._folder / key).read_bytes()
        return pickle.loads(content) if self.plugin.endswith("pickle") else yaml.safe_load(content)  # JSON is YAML

    def spoil(self, key: str, text: str) -> None:
        (self._folder / key).write_text(text)


class Server(Cache):
    """A server of the user's own, as long as the `with` block lasts."""

    program: str

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self.folder = folder
        self.port = free_port()
        self.connection = f"127.0.0.1:{self.port}"

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    def answers(self) -> bool:
        raise NotImplementedError

    def start(self, command: list[str], configuration: str = "") -> None:
        program = installed(self.program)
        assert program, f"there is no {self.program}"
        with (self.folder / "output").open("w") as output:
            self._process = subprocess.Popen(
                [program, *command], stdin=subprocess.PIPE, stdout=output, stderr=output, text=True
            )
        assert self._process.stdin
        self._process.stdin.write(configuration)
        self._process.stdin.close()
        deadline = time.monotonic() + STARTS_WITHIN
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                raise AssertionError(f"{self.program} did not start: {(self.folder / 'output').read_text()}")
            time.sleep(0.02)


class Redis(Server):
    """A Redis that writes every command into its directory, where all that was ever sent can be searched."""

    program = "redis-server"
    plugin = "community.general.redis"
    library = "redis"

    def __init__(self, folder: Path, password: str) -> None:
        super().__init__(folder)
        self.password = password
        self.connection += f":0:{password}"
        authority = trustme.CA()
        self.authority = folder / "authority.pem"
        authority.cert_pem.write_to_path(str(self.authority))
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
        self._tls_port = free_port()
        self.tls_connection = f"tls://localhost:{self._tls_port}:0:{password}"

    def __enter__(self) -> Redis:
        settings = {
            "bind": "127.0.0.1",
            "port": self.port,
            "tls-port": self._tls_port,
            "tls-cert-file": self.folder / "server.pem",
            "tls-key-file": self.folder / "server.pem",
            "tls-auth-clients": "no",
            "dir": self.folder,
            "save": '""',
            "appendonly": "yes",
            "aof-use-rdb-preamble": "no",
            "requirepass": self.password,
        }
        # On its standard input, so that the password is in no file and in no process list.
        self.start(["-"], "".join(f"{name} {value}\n" for name, value in settings.items()))
        return self

    def answers(self) -> bool:
        return self.ask("PING") == "PONG"

    def ask(self, *command: str) -> str:
        """What the server answers to a command."""
        with self._client("--raw", *command) as client:
            return client.communicate()[0].rstrip("\n")

    @contextlib.contextmanager
    def repeating(self, *command: str) -> Iterator[None]:
        """As long as the block lasts, somebody sends a command some hundred times a second."""
        with self._client("-r", "-1", "-i", "0.001", *command) as client:
            try:
                yield
            finally:
                client.kill()

    def _client(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["redis-cli", "-h", "127.0.0.1", "-p", str(self.port), *arguments],
            env={"PATH": "/usr/bin:/bin", "REDISCLI_AUTH": self.password},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def entries(self) -> set[str]:
        return set(self.ask("KEYS", "*").split())

    def tokens(self) -> set[str]:
        return super().tokens() - {f"{OURS}keys"}

    def listed(self) -> set[str]:
        return {_host(key) for key in self.ask("ZRANGE", "ansible_cache_keys", "0", "-1").split()}

    def read(self, key: str) -> Any:
        return json.loads(self.ask("GET", key))

    def spoil(self, key: str, text: str) -> None:
        assert self.ask("SET", key, text) == "OK"


class Memcached(Server):
    """A Memcached, which knows no password: on loopback, and for as long as a test."""

    program = "memcached"
    plugin = "community.general.memcached"
    library = "memcache"
    # How python-memcached marks what it has pickled or compressed.
    _PICKLED, _COMPRESSED = 1, 8

    def __enter__(self) -> Memcached:
        # -u: as root it does not start without.
        self.start(["-l", "127.0.0.1", "-p", str(self.port), "-U", "0", "-u", "root"])
        return self

    def answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self._ask(b"version", b"\r\n").startswith(b"VERSION")
        return False

    def entries(self) -> set[str]:
        lines = self._ask(b"lru_crawler metadump all", b"END\r\n").decode().split("\n")
        return {line.split()[0].removeprefix("key=") for line in lines if line.startswith("key=")}

    def listed(self) -> set[str]:
        return {_host(key) for key in self.read("ansible_cache_keys")}

    def read(self, key: str) -> Any:
        head, _end, rest = self._ask(b"get " + key.encode(), b"END\r\n").partition(b"\r\n")
        _value, _key, flags, length = head.split()
        content = rest[: int(length)]
        content = zlib.decompress(content) if int(flags) & self._COMPRESSED else content
        return pickle.loads(content) if int(flags) & self._PICKLED else content.decode()

    def spoil(self, key: str, text: str) -> None:
        self._set(key, text.encode(), 0)

    def write(self, key: str, value: Any) -> None:
        self._set(key, pickle.dumps(value), self._PICKLED)

    def _set(self, key: str, content: bytes, flags: int) -> None:
        head = f"set {key} {flags} 0 {len(content)}\r\n".encode()
        assert self._ask(head + content, b"\r\n") == b"STORED\r\n"

    def _ask(self, command: bytes, end: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=STARTS_WITHIN) as connection:
            connection.sendall(command + b"\r\n")
            answer = b""
            while not answer.endswith(end) and (more := connection.recv(65536)):
                answer += more
        return answer


class Silent:
    """A server that takes connections and never answers, as long as the `with` block lasts."""

    def __enter__(self) -> Silent:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1000)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self._listener.close()

    def connections(self) -> int:
        """How many there were since this was asked last."""
        count = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                self._listener.accept()[0].close()
                count += 1
        return count


def installed(program: str) -> str | None:
    """Where a server's program is."""
    return shutil.which(program, path="/usr/bin:/usr/local/bin:/usr/sbin")


def what_is_missing(python: Path, library: str = "") -> str:
    """Why Ansible with this Python cannot use cache plugins of community.general, and this library; '' if it can."""
    if not (COLLECTIONS / "ansible_collections" / "community" / "general").is_dir():
        return f"community.general is missing in {COLLECTIONS}, where the nox session 'integration' puts it"
    if library and subprocess.run([python, "-c", f"import {library}"], capture_output=True, check=False).returncode:
        return f"the library {library} is missing beside ansible-core; install it for {python}"
    return ""


def free_port() -> int:
    """A port of loopback where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _host(key: str) -> str:
    """The host that a key of facts stands for: since ansible-core 2.19 a version stands before it."""
    return key.removeprefix("s1_")

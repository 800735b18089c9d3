# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting and ending."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emulator.client import Emulator, EmulatorError

TESTS = Path(__file__).resolve().parent.parent

PARENT = """
import os, sys
from emulator.client import Emulator
emulator = Emulator()
if sys.argv[1] == "fork" and os.fork() == 0:
    import time
    time.sleep(60)  # a sibling which keeps the pipe to the emulator open
print(emulator.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def _gone(pid: int, within: float = 10.0) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":  # dead, and waiting for whoever inherited it
            return True
        time.sleep(0.05)
    return False


def test_starts_fast_and_leaves_nothing() -> None:
    started = time.monotonic()
    with Emulator(options=["--token-life", "60"]) as emulator:
        assert time.monotonic() - started < 3  # well under one second on an idle machine
        assert emulator.configure()["token_life"] == 60
        emulator.configure(token_life=5)
        emulator.reset()
        assert emulator.configure()["token_life"] == 60
    assert _gone(emulator.pid)
    assert not Path(emulator.ca_path).exists()
    emulator.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "emulator", "--dir", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "ca_path" in process.stdout.readline()
    process.send_signal(number)
    _unused, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")


def test_stops_while_a_request_is_held() -> None:
    with Emulator() as emulator:
        emulator.fault("hang", seconds=300)
        port = int(emulator.http_url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            emulator.wait_for_requests(1, done=False)
            started = time.monotonic()
            emulator.stop()
            assert time.monotonic() - started < 5


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
@pytest.mark.parametrize("how", ["plain", "fork"])
def test_does_not_outlive_its_parent(how: str, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, how],
        # Its directory is left over, as it is killed before it can remove it.
        env={**os.environ, "PYTHONPATH": str(TESTS), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        try:
            assert _gone(pid)
        finally:
            os.killpg(parent.pid, signal.SIGKILL)


def test_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = f"emulator: cannot listen on 127.0.0.1:{port} for the proxy: Address already in use.$"
        with pytest.raises(EmulatorError, match=sentence):
            Emulator(options=["--port-proxy", str(port)])


def test_unusable_python(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no such luck >&2\nexit 3\n")
    python.chmod(0o755)
    with pytest.raises(EmulatorError, match="did not become ready: no such luck"):
        Emulator(python=str(python))

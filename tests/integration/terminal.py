# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user who sits at a terminal, reads what a command says, and types."""

from __future__ import annotations

import io
import termios
import time
from collections.abc import Mapping
from types import TracebackType

import pexpect

from integration.harness import LONGEST_RUN, User
from integration.results import Run

CTRL_C = "\x03"


class Terminal:
    """A command of the user's on a terminal of its own. What appears there is searched for secrets."""

    def __init__(self, user: User, *command: str, env: Mapping[str, str] | None = None) -> None:
        self._user = user
        self._seen = io.StringIO()
        self._process = pexpect.spawn(
            str(user.ansible.bin / command[0]),
            list(command[1:]),
            cwd=user.project,
            env={**user.environment, "TERM": "xterm", "ANSIBLE_NOCOLOR": "1", **(env or {})},
            encoding="utf-8",
            timeout=LONGEST_RUN,
            dimensions=(50, 200),
        )
        self._process.logfile_read = self._seen

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self._process.close(force=True)
        self._user.detector.check(self._seen.getvalue().encode(), "the terminal")

    def answer(self, prompt: str, text: str, *, end: str = "\r", by_line: bool = False) -> None:
        """Waits for a prompt and types. end: the last key, which is Enter; by_line: whether whole lines are read."""
        self._process.expect_exact(prompt)
        if not by_line:
            self._wait_for_keys()
        self._process.send(text + end)

    def wait(self) -> Run:
        """What came out, after the command's end."""
        self._process.expect(pexpect.EOF)
        self._process.close()
        rc = self._process.exitstatus
        return Run(-(self._process.signalstatus or 0) if rc is None else rc, self._seen.getvalue(), "", [])

    def _wait_for_keys(self) -> None:
        """Ansible takes keys one by one, after it has thrown away what was typed before."""
        deadline = time.monotonic() + LONGEST_RUN
        while termios.tcgetattr(self._process.child_fd)[3] & termios.ICANON:
            assert time.monotonic() < deadline, "Ansible does not wait for an answer"
            time.sleep(0.01)
        time.sleep(0.1)

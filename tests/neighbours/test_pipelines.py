# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pipelines in docs/pipelines: their checkers accept them, and whatever happens in them, the token is revoked."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from emulator.cast import FULL
from integration.harness import VAULT_PASSWORD, Started, User
from integration.results import Run
from neighbours import pipelines
from neighbours.pipelines import GITHUB, GITLAB, WORKFLOWS, Pipeline
from neighbours.test_awx import BIN

CLIENT = {"client_id": FULL.client_id, "client_secret": FULL.client_secret}


@pytest.mark.parametrize(
    "command",
    [
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", GITHUB],
        ["check-jsonschema", "--builtin-schema", "custom.github-workflows-require-timeout", GITHUB],
        ["check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", GITLAB],
        ["zizmor", "--offline", "--no-progress", GITHUB],
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS],
        ["check-jsonschema", "--builtin-schema", "custom.github-workflows-require-timeout", *WORKFLOWS],
        ["zizmor", "--offline", "--no-progress", "--persona", "pedantic", *WORKFLOWS],
    ],
    ids=["github-schema", "github-timeout", "gitlab-schema", "zizmor", "our-schema", "our-timeout", "our-zizmor"],
)
def test_a_checker_accepts_the_pipeline(command: list[str]) -> None:
    done = subprocess.run([BIN / command[0], *command[1:]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_gitlab_has_the_time_to_revoke_when_time_is_up() -> None:
    job = pipelines.gitlab_job()
    script, after = (job["variables"][f"RUNNER_{name}_TIMEOUT"] for name in ("SCRIPT", "AFTER_SCRIPT"))
    assert pipelines.minutes(script) + pipelines.minutes(after) <= pipelines.minutes(job["timeout"])


SYSTEMS: dict[str, Callable[[], Pipeline]] = {
    "github": lambda: pipelines.github(CLIENT),
    "gitlab": lambda: pipelines.gitlab(VAULT_PASSWORD),
    "jenkins": lambda: pipelines.jenkins(CLIENT),
}
TOKEN = """
- hosts: localhost
  gather_facts: false
  vars_files: {files}
  tasks:
    - falconops.auth.falcon_token:
    - falconops.auth.falcon_api: {{path: /sensors/queries/installers/ccid/v1}}
"""
FAILS = "    - ansible.builtin.fail:\n"
WAITS = "    - ansible.builtin.shell: touch under-way && sleep 60\n"
CALL = "/sensors/queries/installers/ccid/v1"
# How the systems stop what runs, and how long they wait before they go on to the next signal.
STOP = {
    "github": ((signal.SIGINT, 7.5), (signal.SIGTERM, 2.5), (signal.SIGKILL, 1)),
    "gitlab": ((signal.SIGTERM, 10), (signal.SIGKILL, 1)),
    "jenkins": ((signal.SIGTERM, 5), (signal.SIGKILL, 1)),
}
STARTS_WITHIN = 60


class Running:
    """A user whose pipeline runs here, beside others who have the same client."""

    def __init__(self, user: User, system: str, middle: str) -> None:
        self.user, self.system = user, system
        self.pipeline = SYSTEMS[system]()
        user.vault("falcon_vault.yml", {f"falcon_{key}": value for key, value in CLIENT.items()})
        site = TOKEN.format(files="[falcon_vault.yml]" if system == "gitlab" else "[]")
        user.write("site.yml", site)
        user.write("report.yml", site + middle)
        # What installs is not here: the collection is, and the machines of a pipeline have it from the net.
        for name in ("pip", "pipx", "ansible-galaxy"):
            user.write(f"bin/{name}", f"#!/bin/sh\necho {name} >>installed\n", mode=0o755)
        path = f"{user.project / 'bin'}:{user.environment['PATH']}"
        self.environment: dict[str, str | None] = {"PATH": path, "ANSIBLE_VAULT_PASSWORD_FILE": None}
        self.somebody_else()

    def somebody_else(self) -> Run:
        """Gets the token of all those who name no session."""
        task = "- falconops.auth.falcon_token:\n"
        return self.user.play(task, env={f"FALCON_{key.upper()}": value for key, value in CLIENT.items()}).ok()

    def run(self, stop: bool = False) -> list[Run]:
        """All steps; after one that has not succeeded, those that always run. stop: in the middle one."""
        runs: list[Run] = []
        for step in self.pipeline.steps:
            if any(run.rc for run in runs) and not step.always:
                continue
            environment = {**self.environment, **self.pipeline.environment, **step.environment}
            started = self.user.command(f"/bin/{step.shell[0]}", *step.shell[1:], step.script, env=environment)
            if stop and "report.yml" in step.script:
                self.cancel(started)
            runs.append(started.wait())
        return runs

    def cancel(self, started: Started) -> None:
        deadline = time.monotonic() + STARTS_WITHIN
        while not (self.user.project / "under-way").exists():
            assert time.monotonic() < deadline and started.process.poll() is None
            time.sleep(0.05)
        for signum, patience in STOP[self.system]:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(started.process.pid, signum)
            with contextlib.suppress(subprocess.TimeoutExpired):
                started.process.wait(patience)
                return


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_step_fails(user: User, system: str) -> None:
    running = Running(user, system, FAILS)
    *runs, last = running.run()
    assert runs[-1].failed().says("FAILED!") == 1
    assert_revoked(running, last)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_run_is_cancelled(user: User, system: str) -> None:
    running = Running(user, system, WAITS)
    *runs, last = running.run(stop=True)
    runs[-1].failed()
    assert_revoked(running, last)


def assert_revoked(running: Running, last: Run) -> None:
    """The pipeline's one token is dead, and the one of somebody else is not."""
    user = running.user
    last.ok()
    assert last.says("token, revoked") >= 1
    assert (user.project / "installed").exists() == (running.system != "jenkins")
    # The other one's, and the pipeline's, which all of its steps have used.
    assert user.asked(status=201) == 2
    assert len(user.emulator.requests(path=CALL, status=200)) == 2
    assert len(user.emulator.live_tokens()) == 1
    running.somebody_else()
    assert user.asked(status=201) == 2 and len(user.emulator.live_tokens()) == 1

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as AWX runs them, by ansible-runner, and runs of ansible-navigator: one token for a fleet, no leak in artifacts.

What a test leaves below its user's directory is searched for secrets in the end, artifacts and all.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from emulator.cast import FULL
from integration.harness import Started, User
from integration.results import Run
from neighbours import awx
from neighbours.test_awx import BIN, ENVIRONMENT, FILE

HOSTS = 25
JOB = 77
SITE = """
- hosts: all
  gather_facts: false
  module_defaults: {group/falconops.auth.falcon: {session: "awx-{{ awx_job_id }}"}}
  vars: {falcon_session_name: "awx-{{ awx_job_id }}"}
  tasks:
    - name: As a result
      falconops.auth.falcon_token:
      register: falcon
    - name: In a loop
      falconops.auth.falcon_token: {client: "{{ item }}"}
      loop: [production, production]
    - name: To a module that is told not to show it
      ansible.builtin.uri:
        url: "{{ falcon.hostname }}/sensors/queries/installers/ccid/v1"
        headers: "{{ lookup('falconops.auth.falcon_token', format='headers') }}"
      delegate_to: localhost
      run_once: true
      no_log: true
    - name: In a call
      falconops.auth.falcon_api: {path: /sensors/queries/installers/ccid/v1}
      run_once: true
    - name: What there is
      falconops.auth.falcon_token_info: {verify: true, all: true}
      run_once: true
    - name: A failure
      falconops.auth.falcon_token: {client: nobody}
      ignore_errors: true
      run_once: true
    - dump: {token: "{{ falcon.access_token }}"}
"""


class Job:
    """A private data directory, as AWX fills one, and its run."""

    def __init__(
        self, user: User, form: dict[str, Any], given: dict[str, str], site: str = SITE, hosts: int = HOSTS
    ) -> None:
        self.user, self.hosts = user, hosts
        self.directory = user.root / "runner"
        names = "".join(f"h{number}\n" for number in range(hosts))
        local = "localhost ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'\n"
        for name, text in {
            "project/site.yml": site,
            "inventory/hosts": names + local,
            "env/extravars": json.dumps({"awx_job_id": JOB}),
        }.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.environment, _shown = awx.inject(form, given, self.directory)
        # The only file with secrets in it: the credential's own.
        for path in (self.directory / "env").glob("tmp*"):
            user.may_hold(path)
        # As the entrypoint of an execution environment chooses it.
        user.environment["HOME"] = str(self.directory)
        user.environment.pop("ANSIBLE_HOME")

    @property
    def artifacts(self) -> Path:
        return self.directory / "artifacts" / str(JOB)

    def start(self, *before: str, **options: Any) -> Started:
        """As AWX calls ansible-runner. before: a command that runs the rest of its arguments."""
        given = {
            "private_data_dir": str(self.directory),
            "playbook": "site.yml",
            "ident": str(JOB),
            "envvars": self.environment,
            "suppress_env_files": True,
            "settings": {"suppress_output_file": True},
            "fact_cache_type": "",
            "verbosity": 5,
            **options,
        }
        return self.user.command(*before, sys.executable, awx.__file__, json.dumps(given))

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in self.artifacts.glob("job_events/*.json")]


def clients() -> dict[str, str]:
    who = {"client_id": FULL.client_id, "client_secret": FULL.client_secret}
    return {"clients": yaml.safe_dump({"production": who, "nobody else": who}), "client": "production"}


def check(job: Job, run: Run) -> None:
    """One token for the fleet, and artifacts that tell of everything but it."""
    assert len(set(run.values("token"))) == job.user.asked() == 1
    assert len(run.values("token")) == job.hosts + 1
    events = job.events()
    assert len(events) > 3 * job.hosts
    failures = [event for event in events if event["event"] == "runner_on_failed"]
    assert ["nobody" in str(event["event_data"]["res"]["msg"]) for event in failures] == [True]


@pytest.mark.parametrize("facts", ["", "jsonfile"])
def test_a_job(user: User, facts: str) -> None:
    job = Job(user, FILE, clients())
    run = job.start(fact_cache_type=facts).wait().ok()
    check(job, run)
    sealed = [path.name for path in (job.artifacts / "fact_cache").glob("*falconops_auth_*")]
    private = list(job.directory.glob(".ansible/falconops_auth/tokens/*"))
    # AWX reads back the files of hosts, and forgets the rest.
    assert (len(sealed), len(private)) == ((2, 0) if facts else (0, 2))


def test_a_job_that_goes_to_another_machine_and_back(user: User) -> None:
    """transmit and process where AWX is, worker in the container."""
    job = Job(user, FILE, clients())
    worker, back = user.root / "worker", user.root / "back"
    path = Path(job.environment["FALCON_CLIENTS_FILE"])
    user.may_hold(worker / "env" / path.name)
    environment = {**job.environment, "FALCON_CLIENTS_FILE": str(worker / "env" / path.name)}
    (job.directory / "env" / "envvars").write_text(json.dumps(environment))
    runner = BIN / "ansible-runner"
    run = (
        user.command(
            "/bin/bash",
            "-euo",
            "pipefail",
            "-c",
            f"{runner} transmit {job.directory} -p site.yml -i {JOB} -vvvvv"
            f" | {runner} worker --private-data-dir {worker} | {runner} process {back} -i {JOB}",
        )
        .wait()
        .ok()
    )
    job.directory = back
    check(job, run)


# The environment is among the facts of a host whose modules run here, unless it is left out.
LOCAL_FACTS = "".join(
    f"- {{hosts: {host}, connection: local, gather_subset: {subset}, tasks: [falconops.auth.falcon_token: ]}}\n"
    for host, subset in (("h1", "[min]"), ("h2", "[min, '!env']"))
)


def test_where_the_secret_lies_if_it_comes_by_the_environment(user: User) -> None:
    """As the guide tells; and nowhere else."""
    job = Job(user, ENVIRONMENT, {"client_id": FULL.client_id, "client_secret": FULL.client_secret}, LOCAL_FACTS)
    job.start(fact_cache_type="jsonfile").wait().ok()
    assert user.asked() == 1
    facts = {path.name.rpartition("_")[2]: path for path in (job.artifacts / "fact_cache").glob("*h[12]")}
    expected = {facts["h1"]: True, facts["h2"]: False, job.artifacts / "command": True}
    assert {path: FULL.client_secret in path.read_text() for path in expected} == expected
    for path in expected:
        user.may_hold(path)


def test_it_lies_nowhere_if_it_comes_by_a_file(user: User) -> None:
    job = Job(user, FILE, clients(), LOCAL_FACTS)
    job.start(fact_cache_type="jsonfile").wait().ok()
    assert user.asked() == 1
    assert len(list((job.artifacts / "fact_cache").glob("*h[12]"))) == 2


@pytest.mark.parametrize("home", ["cannot be written", "is not known"])
def test_a_job_of_a_user_without_a_name(user: User, home: str) -> None:
    job = Job(user, FILE, clients(), hosts=5)
    # Without the one Ansible itself does not start, without the other it runs no modules.
    user.environment |= dict.fromkeys(("ANSIBLE_LOCAL_TEMP", "ANSIBLE_REMOTE_TEMP"), user.environment["TMPDIR"])
    user.home.chmod(0o500)
    user.environment["HOME"] = str(user.home)
    if home == "is not known":
        del user.environment["HOME"]
    run = job.start("/usr/bin/unshare", "--user", "--map-user=12345").wait().ok()
    check(job, run)
    # With ansible-core 2.16 the runner loses some of the warnings of workers, whosever they are.
    assert run.says("tokens are kept for this run only") == 1 or user.ansible.version < (2, 19)
    assert list(user.home.iterdir()) == []
    assert list((job.directory / "project").rglob("falconops_auth*")) == []


def test_navigator(user: User) -> None:
    user.write("falcon_clients.yml", clients()["clients"], clear=True)
    user.write("site.yml", SITE)
    user.write("hosts", "".join(f"h{number}\n" for number in range(HOSTS)))
    user.environment |= {"FALCON_CLIENTS_FILE": "falcon_clients.yml", "FALCON_CLIENT": "production"}
    navigator = [str(BIN / "ansible-navigator"), "run", "site.yml", "-i", "hosts", "--ee", "false", "-m", "stdout"]
    run = user.command(*navigator, "-vvvvv", "-e", f"awx_job_id={JOB}").wait().ok()
    assert len(set(run.values("token"))) == user.asked() == 1
    [artifact] = user.project.glob("site-artifact-*.json")
    assert json.loads(artifact.read_text())["status"] == "successful"

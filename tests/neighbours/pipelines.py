# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the pipelines in docs/pipelines into steps that can be run here, as their systems would run them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from integration.harness import CHECKOUT

DOCS = CHECKOUT / "docs" / "pipelines"
GITHUB, GITLAB, JENKINS = (DOCS / name for name in ("github.yml", "gitlab.yml", "Jenkinsfile"))
# Our own: what is tested, and released.
WORKFLOWS = sorted((CHECKOUT / ".github" / "workflows").glob("*.yml"))

# What the systems know of a run, and what their administrators have set.
GITHUB_KNOWS = {
    "vars.FALCON_CLIENT_ID": "client_id",
    "secrets.FALCON_CLIENT_SECRET": "client_secret",
    "github.run_id": "4711",
    "github.run_attempt": "2",
}
GITLAB_KNOWS = {"CI_JOB_ID": "4711"}
JENKINS_KNOWS = {"BUILD_TAG": f"jenkins-{'falcon team-' * 12}feature%2Ftoken-12"}


@dataclass
class Step:
    """Some lines for a shell, with more environment than the pipeline's; always: also after a failure or a stop."""

    shell: tuple[str, ...]
    script: str
    environment: dict[str, str] = field(default_factory=dict)
    always: bool = False


@dataclass
class Pipeline:
    environment: dict[str, str]
    steps: list[Step]


def github(client: dict[str, str]) -> Pipeline:
    """Its one job. An action that is used, rather than commands that are run, is GitHub's own business."""
    knows = {name: client.get(value, value) for name, value in GITHUB_KNOWS.items()}

    def filled(environment: dict[str, str]) -> dict[str, str]:
        return {
            name: re.sub(r"\$\{\{ (\S+) \}\}", lambda found: knows[found[1]], text)
            for name, text in environment.items()
        }

    [job] = yaml.safe_load(GITHUB.read_text())["jobs"].values()
    steps = [step for step in job["steps"] if "run" in step]
    # What is filled in there becomes a part of the script, whatever it is.
    assert not any("${{" in step["run"] for step in steps)
    shell = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
    return Pipeline(
        filled(job["env"]),
        [Step(shell, step["run"], filled(step.get("env", {})), "always()" in step.get("if", "")) for step in steps],
    )


def gitlab(vault_password: str) -> Pipeline:
    """Its one job: two shells, the second of which knows nothing of the first."""
    [job] = yaml.safe_load(GITLAB.read_text()).values()
    variables = {
        name: re.sub(r"\$(\w+)", lambda found: GITLAB_KNOWS[found[1]], text) for name, text in job["variables"].items()
    }
    shell = ("bash", "-eo", "pipefail", "-c")
    script = "\n".join([*job["before_script"], *job["script"]])
    return Pipeline(
        {**variables, "VAULT_PASSWORD": vault_password},
        [Step(shell, script), Step(shell, "\n".join(job["after_script"]), always=True)],
    )


def jenkins(client: dict[str, str]) -> Pipeline:
    """What stands in single quotes behind `sh`, with the credentials of the block around it."""
    text = re.sub(r"^\s*//.*", "", JENKINS.read_text(), flags=re.MULTILINE)
    # Groovy would fill what stands in double quotes, and with it the secret into a command that it shows.
    assert 'sh "' not in text and text.count("{") == text.count("}")
    stages, _post, always = text.partition("post {")
    assert re.match(r"\s*always \{", always)
    [(name, tag, calls)] = re.findall(r"""(\w+) = "\$\{env\.(\w+)((?:\.replaceAll\('.+?', '.*?'\))+)\}\"""", text)
    session = JENKINS_KNOWS[tag]
    for unwanted, instead in re.findall(r"replaceAll\('(.+?)', '(.*?)'\)", calls):
        session = re.sub(unwanted, instead, session)
    environment = {name: session}
    credentials = r"usernameVariable: '(\w+)',\s*passwordVariable: '(\w+)'\)\]\) \{\s*sh '(.+?)'"
    steps = [
        Step(("sh", "-xec"), script, {user: client["client_id"], password: client["client_secret"]}, part is always)
        for part in (stages, always)
        for user, password, script in re.findall(credentials, part)
    ]
    assert len(steps) == text.count("sh '")
    return Pipeline(environment, steps)


def minutes(text: str) -> int:
    """How long GitLab's `30 minutes` and `25m` are."""
    number, unit = re.fullmatch(r"(\d+) ?(m|minutes)", text).groups()  # type: ignore[union-attr]
    assert unit in ("m", "minutes")
    return int(number)


def gitlab_job() -> dict[str, Any]:
    [job] = yaml.safe_load(GITLAB.read_text()).values()
    return job

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which place wins: argument, variable, context, environment, ansible.cfg, default. Check mode tells without asking."""

from __future__ import annotations

import pytest

from emulator.cast import CHILD_A, CHILD_B, US1, US2
from integration.harness import User

FROM_ENVIRONMENT = {"FALCON_CLOUD": "eu-1", "FALCON_SESSION": "environment", "FALCON_MEMBER_CID": CHILD_B}
ALL = "{{ [chosen.cloud, chosen.session, chosen.member_cid] }}"


def chosen(name: str, arguments: str = "", variables: str = "") -> str:
    """A task that asks for nothing, and a dump of what it has chosen."""
    return f"""
- falconops.auth.falcon_token: {{{arguments}}}
  vars: {{{variables}}}
  check_mode: true
  register: chosen
- dump: {{{name}: "{ALL}"}}
"""


@pytest.mark.brief
def test_argument_variable_context_environment_default(user: User) -> None:
    user.credentials(US1)
    tasks = (
        # Each of these leaves a context, which the next one but one is after.
        chosen("environment")
        + chosen("variable", variables="falcon_cloud: us-2, falcon_session_name: variable")
        + chosen("argument", "cloud: us-3, session: argument", "falcon_cloud: us-2, falcon_session_name: variable")
        + chosen("context")
        + chosen("context_in_part", variables=f"falcon_member_cid: {CHILD_A}")
        + chosen("empty", "member_cid: ''", "falcon_session_name: ''")
        + chosen("hostname", "hostname: 'https://api.us-2.crowdstrike.com'", "falcon_cloud: us-3")
    )
    run = user.play(tasks, env=FROM_ENVIRONMENT).ok()
    assert run.value("environment") == ["eu-1", "environment", CHILD_B]
    assert run.value("variable") == ["us-2", "variable", CHILD_B]
    assert run.value("argument") == ["us-3", "argument", CHILD_B]
    assert run.value("context") == ["us-3", "argument", CHILD_B]
    assert run.value("context_in_part") == ["us-3", "argument", CHILD_A]
    assert run.value("empty") == ["us-3", None, None], "empty is not given, and ends the search"
    assert run.value("hostname")[0] == "us-2"
    assert user.play(chosen("default")).ok().value("default") == ["us-1", None, None]
    assert user.asked() == 0


def test_lookups_go_by_the_same_places(user: User) -> None:
    """What was asked first tells the cloud, since the client is sent on from there."""
    user.credentials(US2, falcon_cache=False)
    tasks = """
    - dump: {a: "{{ lookup('falconops.auth.falcon_token', cloud='us-3') }}"}
      vars: {falcon_cloud: us-1}
    - dump: {b: "{{ lookup('falconops.auth.falcon_token') }}"}
      vars: {falcon_cloud: us-1}
    - falconops.auth.falcon_token: {cloud: us-3}
      check_mode: true
    - dump: {c: "{{ lookup('falconops.auth.falcon_token') }}"}
    """
    user.play(tasks, env={"FALCON_CLOUD": "eu-1"}).ok()
    user.play("- dump: {d: \"{{ lookup('falconops.auth.falcon_token') }}\"}", env={"FALCON_CLOUD": "eu-1"}).ok()
    asked_first = [request["host"] for request in user.emulator.requests(status=308)]
    assert asked_first == [f"api.{host}crowdstrike.com" for host in ("us-3.", "", "us-3.", "eu-1.")]


@pytest.mark.brief
@pytest.mark.parametrize("level", ["play", "block", "task"])
def test_module_defaults_of_the_group(user: User, level: str) -> None:
    user.credentials(US1)
    defaults = "module_defaults: {group/falconops.auth.falcon: {cloud: us-2, session: defaults}}"
    task = chosen("defaults", variables="falcon_cloud: us-3") + chosen("argument", "cloud: us-3")
    if level == "play":
        run = user.play(task, play=defaults).ok()
    elif level == "block":
        lines = "".join(f"    {line}\n" for line in task.splitlines())
        run = user.play(f"- {defaults}\n  block:\n{lines}").ok()
    else:
        run = user.play(task.replace("  register", f"  {defaults}\n  register")).ok()
    assert run.value("defaults") == ["us-2", "defaults", None]
    assert run.value("argument") == ["us-3", "defaults", None]


def test_ansible_cfg_is_below_the_environment_and_above_the_default(user: User) -> None:
    user.credentials(US1)
    user.write("ansible.cfg", "[falconops_auth]\ncache = false ; nothing is kept\n")
    task = "- falconops.auth.falcon_token:"
    user.play(task).ok()
    assert user.entries() == []
    user.play(task, env={"FALCON_CACHE": "true"}).ok()
    assert len(user.entries()) == 2, "the token and the index"
    user.play(task, "-e", "falcon_cache=false", env={"FALCON_CACHE": "true"}).ok()
    assert user.asked() == 3
    user.play("- falconops.auth.falcon_token: {cache: true}", "-e", "falcon_cache=false").ok()
    assert user.asked() == 3


def test_cache_prefix(user: User) -> None:
    user.credentials(US1)
    user.write("ansible.cfg", "[falconops_auth]\ncache_prefix = ini_\n")
    task = "- falconops.auth.falcon_token:"
    user.play(task).ok()
    user.play(task, env={"FALCON_CACHE_PREFIX": "env_"}).ok()
    user.play("- falconops.auth.falcon_token: {cache_prefix: arg_}").ok()
    assert {entry.name[:4] for entry in user.entries()} == {"arg_", "env_", "ini_"}


def test_a_variable_of_another_host_is_that_hosts_own(user: User) -> None:
    user.credentials(US1)
    hosts = "one falcon_cloud=us-2\ntwo falcon_cloud=eu-1\nthree\n"
    run = user.play(chosen("own"), hosts=hosts).ok()
    assert {host: own[0] for host, own in run.by_host("own").items()} == {"one": "us-2", "two": "eu-1", "three": "us-1"}


def test_values_are_rendered_and_omitted_as_everywhere(user: User) -> None:
    user.credentials(US1, of_the_pipeline="pipeline-{{ 40 + 2 }}")
    tasks = chosen("rendered", "session: '{{ of_the_pipeline }}', cloud: '{{ not_there | default(omit) }}'")
    tasks += chosen("nested", variables="falcon_session_name: '{{ of_the_pipeline }}'")
    run = user.play(tasks).ok()
    assert run.value("rendered") == run.value("nested") == ["us-1", "pipeline-42", None]


def test_key_value_form_and_local_action(user: User) -> None:
    user.credentials(US1)
    tasks = """
    - falconops.auth.falcon_token: cloud=us-1 session=a
    - local_action: falconops.auth.falcon_token session=a
    - action:
        module: falconops.auth.falcon_token
        session: a
    - falconops.auth.falcon_token: {session: a}
      delegate_to: localhost
    """
    user.play(tasks, hosts=3).ok()
    assert user.asked() == 1

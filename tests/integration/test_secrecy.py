# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secret and token in no output, log, file or fact. Every other test is searched as well; here Ansible says all."""

from __future__ import annotations

import os
import textwrap

import pytest

from emulator.cast import US1, US2, WRONG_SECRET
from integration.harness import User
from integration.servers import COLLECTIONS
from integration.terminal import Terminal

pytestmark = pytest.mark.secrecy

SUCCESS = """
- name: Plain
  falconops.auth.falcon_token:
  register: falcon
- name: Although the user asks for the opposite
  falconops.auth.falcon_token: {force: true}
  no_log: false
- name: In a loop
  falconops.auth.falcon_token: {session: "{{ item }}"}
  loop: [a, b]
  no_log: false
  register: looped
- name: Until something comes true
  falconops.auth.falcon_token: {force: true}
  until: tries.expires_in > 1700
  retries: 2
  delay: 0
  register: tries
- name: Until nothing comes true
  falconops.auth.falcon_token:
  until: false
  retries: 1
  delay: 0
  register: tired
  ignore_errors: true
- name: That counts as a failure
  falconops.auth.falcon_token:
  failed_when: true
  ignore_errors: true
  register: counted
- name: That counts as a change
  falconops.auth.falcon_token:
  changed_when: true
- name: That fails in a loop for one item
  falconops.auth.falcon_token:
    member_cid: "{{ item }}"
  loop: ["", "nonsense"]
  ignore_errors: true
- name: As condition and as a value
  ansible.builtin.debug:
    msg: "{{ lookup('falconops.auth.falcon_token') | length }}"
  when: lookup('falconops.auth.falcon_token') | length > 1000
- name: A program that gets it on its standard input
  ansible.builtin.command:
    cmd: /bin/cat
    stdin: "{{ lookup('falconops.auth.falcon_token') }}"
  no_log: true
  changed_when: false
  delegate_to: localhost
- name: A call, and one more until nothing comes true
  falconops.auth.falcon_api: {path: /sensors/queries/installers/ccid/v1}
  loop: [a, b]
  until: item == 'a'
  retries: 1
  delay: 0
  no_log: false
  ignore_errors: true
- name: A call by a lookup
  ansible.builtin.debug: {msg: "{{ lookup('falconops.auth.falcon_api', '/sensors/queries/installers/ccid/v1') }}"}
- name: It is there all the same
  dump:
    falcon: "{{ falcon }}"
    looped: "{{ looped.results | map(attribute='access_token') | list }}"
    tries: "{{ tries.access_token }}"
    tired: "{{ tired.access_token }}"
    counted: "{{ counted.access_token }}"
"""
FAILURE = """
- name: Plain
  falconops.auth.falcon_token:
  ignore_errors: true
- name: In a loop
  falconops.auth.falcon_token: {session: "{{ item }}"}
  loop: [a, b]
  ignore_errors: true
- name: Again and again
  falconops.auth.falcon_token:
  until: tries is succeeded
  retries: 1
  delay: 0
  register: tries
  ignore_errors: true
- name: Rescued
  block:
    - name: Fail
      falconops.auth.falcon_token: {min_ttl: 10}
      no_log: false
  rescue:
    - name: Show why
      ansible.builtin.debug: {var: ansible_failed_result}
- name: By a lookup
  ansible.builtin.debug: {msg: "{{ lookup('falconops.auth.falcon_token') }}"}
  ignore_errors: true
- name: By a lookup in a condition
  ansible.builtin.debug: {msg: never}
  when: lookup('falconops.auth.falcon_token') == 'x'
  ignore_errors: true
- name: By a call
  falconops.auth.falcon_api: {path: /sensors/queries/installers/ccid/v1}
  failed_when: false
- name: By a call that is none
  falconops.auth.falcon_api: {path: "{{ falcon_client_secret }}", headers: {Authorization: "Bearer {{ bearer }}"}}
  vars: {bearer: "{{ falcon_client_secret }}"}
  ignore_errors: true
- name: By a lookup in a loop
  ansible.builtin.debug: {msg: never}
  loop: "{{ query('falconops.auth.falcon_token') }}"
  ignore_errors: true
- name: For good
  falconops.auth.falcon_token:
"""
LIFE = """
- name: A token to talk about
  falconops.auth.falcon_token:
  register: falcon
- name: All that can be told
  falconops.auth.falcon_token_info: {all: true, verify: true, query: "tokens"}
- name: About this one, although the user asks for the opposite of silence
  falconops.auth.falcon_token_info: {access_token: "{{ falcon.access_token }}"}
  no_log: false
- name: In a loop, and until nothing comes true
  falconops.auth.falcon_token_info: {session: "{{ item }}", verify: true}
  loop: [a, ""]
  until: false
  retries: 1
  delay: 0
  ignore_errors: true
- name: That is no token
  falconops.auth.falcon_token_info: {access_token: "{{ bad }}"}
  ignore_errors: true
- name: That is none either
  falconops.auth.falcon_token_revoke: {access_token: "{{ bad }}"}
  no_log: false
  ignore_errors: true
- name: Two things at once
  falconops.auth.falcon_token_revoke: {access_token: "{{ falcon.access_token }}", all: true}
  ignore_errors: true
- name: That the server has a fault at
  falconops.auth.falcon_token_revoke: {retries: 0}
  ignore_errors: true
- name: That is refused in words of anybody's
  block:
    - name: Fail
      falconops.auth.falcon_token_revoke: {access_token: "{{ falcon.access_token }}", retries: 0}
      no_log: false
  rescue:
    - name: Show why
      ansible.builtin.debug: {var: ansible_failed_result}
- name: Gone, and told as a failure
  falconops.auth.falcon_token_revoke: {access_token: "{{ falcon.access_token }}"}
  failed_when: true
  ignore_errors: true
- name: Another one, by a lookup
  falconops.auth.falcon_token_info: {access_token: "{{ lookup('falconops.auth.falcon_token') }}"}
- name: All of them
  falconops.auth.falcon_token_revoke: {all: true}
  register: gone
- name: What is left
  ansible.builtin.debug: {msg: "{{ gone }} {{ ansible_facts.falcon_context }}"}
"""
# The last ones write files, beside what appears.
CALLBACKS = {
    "default": "-vvvvv",
    "minimal": "-vvv",
    "oneline": "-vv",
    "tree,junit,community.general.log_plays": "-vvvv",
}
# The first says nothing of it.
VERBOSITIES = ("--forks=5", "-v", "-vv", "-vvv", "-vvvv", "-vvvvv")
SHOWN = [
    (callback, verbosity)
    for callback, most in CALLBACKS.items()
    for verbosity in (VERBOSITIES if os.environ.get("FALCONOPS_TEST_ALL") else [most])
]
DEBUGGED = """
- falconops.auth.falcon_token: {min_ttl: 10}
- name: For some time at most, which no module of ours can do
  falconops.auth.falcon_token:
  async: 10
  poll: 1
  ignore_errors: true
"""


def wrong(user: User) -> None:
    user.vault("group_vars/all.yml", {"falcon_client_id": US1.client_id, "falcon_client_secret": WRONG_SECRET})


@pytest.mark.brief
@pytest.mark.parametrize("verbosity", ["-v", "-vvvvv"])
def test_success(user: User, verbosity: str) -> None:
    user.credentials(US2)
    log = user.home / "ansible.log"
    run = user.play(SUCCESS, verbosity, "--diff", hosts="h1\n", env={"ANSIBLE_LOG_PATH": str(log)}).ok()
    assert run.value("falcon")["access_token"].startswith("eyJ")
    assert len(set(run.value("looped"))) == 2
    assert run.value("tries") == run.value("tired") == run.value("counted")
    assert "issued by the API, valid until" in log.read_text()


def live(user: User) -> None:
    """What LIFE needs."""
    user.credentials(US1, bad=user.secret(f"{US1.client_secret[20:]} eyJ{US1.client_secret[:20]}"))
    echo = {"errors": [{"code": 403, "message": f"not with {US1.client_secret}"}]}
    user.emulator.reset()
    user.emulator.fault("status", path="/oauth2/revoke", status=503, body=f"<p>{US1.client_secret}</p>")
    user.emulator.fault("status", path="/oauth2/revoke", status=403, body=echo)


@pytest.mark.brief
@pytest.mark.parametrize("verbosity", ["-v", "-vvvvv"])
def test_the_whole_life_of_a_token(user: User, verbosity: str) -> None:
    facts = user.persistent_facts()
    live(user)
    log = user.home / "ansible.log"
    run = user.play(LIFE, verbosity, "--diff", hosts="h1\n", env={"ANSIBLE_LOG_PATH": str(log)}).ok()
    assert run.says("is not a token") >= 2 and run.says("not with ***") >= 1 and run.says("were both given") >= 1
    assert " revoked" in log.read_text()
    assert user.emulator.live_tokens() == [] and any(facts.iterdir())


@pytest.mark.brief
@pytest.mark.parametrize("verbosity", ["-v", "-vvvvv"])
def test_failure_which_is_told_nevertheless(user: User, verbosity: str) -> None:
    wrong(user)
    log = user.home / "ansible.log"
    run = user.play(FAILURE, verbosity, hosts="h1\n", env={"ANSIBLE_LOG_PATH": str(log)}).failed()
    assert run.says("access denied, authorization failed") >= 8
    assert "access denied" in log.read_text()


def test_bad_secrets_are_not_repeated(user: User) -> None:
    secrets = [user.secret(f"{US1.client_secret[:20]}{gap}{'x' * 20}") for gap in (" ", "\t", "\u00e4")]
    secrets.append(user.secret("x" * 20 + US1.client_secret[20:]) + "\n")
    user.vault("group_vars/all.yml", {"falcon_client_id": US1.client_id, "bad": secrets})
    tasks = """
    - falconops.auth.falcon_token: {client_secret: "{{ item }}"}
      loop: "{{ bad }}"
      loop_control: {label: hidden}
      ignore_errors: true
      no_log: true
    - debug: {msg: "{{ lookup('falconops.auth.falcon_token', client_secret=bad[0]) }}"}
      ignore_errors: true
    - debug: {msg: "{{ lookup('falconops.auth.falcon_token') }}"}
      vars: {falcon_client_secret: "{{ bad[3] }}"}
      ignore_errors: true
    - falconops.auth.falcon_token:
      vars: {falcon_client_secret: "{{ bad[2] }}"}
    """
    user.play(tasks, "-vvvvv").failed()
    assert user.asked() == 0


@pytest.mark.parametrize(("callback", "verbosity"), SHOWN)
def test_callbacks(user: User, callback: str, verbosity: str) -> None:
    files = "," in callback
    env = {
        "ANSIBLE_CALLBACKS_ENABLED": callback if files else None,
        "ANSIBLE_STDOUT_CALLBACK": "default" if files else callback,
        "ANSIBLE_COLLECTIONS_PATH": f"{user.environment['ANSIBLE_COLLECTIONS_PATH']}:{COLLECTIONS}",
        "ANSIBLE_CALLBACK_TREE_DIR": str(user.home / "tree"),
        "ANSIBLE_LOG_FOLDER": str(user.home / "plays"),
        "JUNIT_OUTPUT_DIR": str(user.home / "junit"),
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "true",
        "ANSIBLE_LOG_PATH": str(user.home / "ansible.log"),
    }
    user.credentials(US1)
    user.play(SUCCESS, verbosity, hosts="h1\n", env=env).ok()
    live(user)
    user.play(LIFE, verbosity, "--diff", hosts="h1\n", env=env).ok()
    wrong(user)
    user.play(FAILURE, verbosity, hosts="h1\n", env=env).failed()
    if files:
        assert (user.home / "tree" / "h1").exists() and list((user.home / "junit").iterdir())
        if (COLLECTIONS / "ansible_collections").is_dir() or os.environ.get("FALCONOPS_REQUIRE"):
            assert "access denied" in (user.home / "plays" / "h1").read_text()


@pytest.mark.brief
def test_kept_files_async_the_debugger_and_step(user: User) -> None:
    kept = user.home / "kept"
    env = {"ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_LOG_PATH": str(user.home / "ansible.log")}
    env["ANSIBLE_REMOTE_TMP"] = str(kept)  # or it is the home of whoever runs the tests
    user.credentials(US1)
    tasks = textwrap.indent(SUCCESS.partition("- name: It is there all the same")[0], "  ")
    user.write("step.yml", f"- hosts: all\n  gather_facts: false\n  tasks:\n{tasks}")
    with Terminal(user, "ansible-playbook", "-i", "h1,", "step.yml", "--step", "-vvvvv", "--diff", env=env) as terminal:
        terminal.answer("Perform task: TASK: Plain (N)o/(y)es/(c)ontinue", "c", by_line=True)
        assert "issued by the API" in terminal.wait().ok().output
    wrong(user)
    for how in ({"ANSIBLE_STRATEGY": "debug"}, {"ANSIBLE_ENABLE_TASK_DEBUGGER": "1"}):
        run = user.play(DEBUGGED, "-vvvvv", hosts="h1\n", env={**env, **how}).failed()
        assert run.says("access denied") >= 1 and run.says("(debug)>") >= 1
    # What another module is handed is kept with it, as the user has asked Ansible to. All else is searched.
    of_others = list(kept.glob("*/AnsiballZ_command.py"))
    assert of_others
    for path in of_others:
        user.may_hold(path)


@pytest.mark.brief
def test_a_persistent_fact_cache_and_registered_facts(user: User) -> None:
    facts = user.persistent_facts()
    user.credentials(US1)
    user.play(SUCCESS, "-vvvvv", hosts="h1\n").ok()
    wrong(user)
    user.play(FAILURE, "-vvvvv", hosts="h1\n").failed()
    assert any("falcon_context" in path.read_text() for path in facts.iterdir())


def test_faults_of_the_server(user: User) -> None:
    """Whoever answers in the place of the API may repeat what was sent."""
    echo = {"errors": [{"code": 403, "message": f"no such secret: {US1.client_secret}\r\n{{{{ 7777 * 7777 }}}}"}]}
    user.emulator.fault("status", status=403, body=echo, times=None)
    user.credentials(US1)
    run = user.play(FAILURE, "-vvvvv", hosts="h1\n").failed()
    assert run.says("no such secret") >= 1 and str(7777 * 7777) not in run.output
    user.emulator.reset()
    user.emulator.fault("status", status=503, body=f"<p>{US1.client_secret}</p>", times=2)
    user.emulator.fault("malformed", body=f'{{"access_token": "{"eyJhbGciOiAiUlMyNTYi" * 10}', times=None)
    user.play(FAILURE, "-vvvvv", hosts="h1\n").failed()


def test_stored_clients(user: User) -> None:
    user.vault("clients.yml", {"eu": {"client_id": US1.client_id, "client_secret": US1.client_secret, "typo": "x"}})
    user.write("broken.yml", f"eu: {{client_id: x, client_secret: '{US1.client_secret}", clear=True)
    tasks = "".join(
        f"""
    - falconops.auth.falcon_token: {{client: eu, clients_file: {name}}}
      ignore_errors: true
    - debug: {{msg: "{{{{ lookup('falconops.auth.falcon_token', 'eu', clients_file='{name}') }}}}"}}
      ignore_errors: true
    """
        for name in ("clients.yml", "broken.yml")
    )
    run = user.play(tasks, "-vvvvv").ok()
    assert run.says("unknown key typo") >= 2 and run.says("cannot be read as YAML") >= 2


def test_ad_hoc(user: User) -> None:
    user.credentials(US1)
    user.write("hosts.ini", "localhost ansible_connection=local\n")
    for module, more in (("", ""), ("", "force=true"), ("_info", "verify=true all=true"), ("_revoke", "all=true")):
        named = f"falconops.auth.falcon_token{module}"
        command = ("ansible", "-i", "hosts.ini", "localhost", "-m", named, "-a", more, "-vvvvv")
        user.command(*command, "--tree", str(user.home / "tree")).wait().ok()
    assert len(user.emulator.live_tokens()) == 1, "the one that was replaced by force"

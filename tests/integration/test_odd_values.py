# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that nobody should give, through real templates and loops: what is let through works, the rest is a sentence.

How many more of them there are, unit tests find out; see test_careless_user.py there.
"""

from __future__ import annotations

import json
from typing import Any

from emulator.cast import US1
from integration.bad_input import variable
from integration.harness import User
from integration.results import sentence
from integration.test_bad_input import tasks_of

FINE = ""
LONG = "{{ 'x' * 1000000 }}"
NUL = "a NUL character"
# The words of the sentence, for each odd value of an argument.
ODD: dict[str, list[tuple[Any, str]]] = {
    "client": [
        ("", FINE),
        (LONG, "no stored client 'xxx"),
        ("h\u00e4ppy \U0001f600", "no stored client 'h\u00e4ppy \U0001f600'"),
        ("two\nlines\u001b[31m", "no stored client 'two lines [31m'"),
        ("../../etc/passwd", "no stored client '../../etc/passwd'"),
        ("a\u0000b", NUL),
        ([], "must be a string"),
        ({"a": 1}, "must be a string"),
        (True, "must be a string"),
    ],
    "client_id": [(LONG, "32 hexadecimal digits"), ("{{ 10 ** 40 }}", "32 hexadecimal digits"), ([1.5], "be a string")],
    "client_secret": [(LONG, "with 403"), ({"value": 1}, "must be a string"), ("\u0000", NUL)],
    "cloud": [("US-1\n", "must be one of us-1"), (["us-1"], "must be a string"), ("{{ none }}", FINE)],
    "hostname": [
        (f"https://{LONG}.example", "full URL of an API host"),
        ("https://api.example\u0000", NUL),
        ("https://\u0430pi.crowdstrike.com", "full URL of an API host"),
        ("https://api.crowdstrike.com\\@evil.example", "without a user"),
        ("file:///etc/passwd", "full URL of an API host"),
        ("{{ ['https://api.crowdstrike.com'] }}", "must be a string"),
    ],
    "member_cid": [("\u0661" * 32, "customer id"), (LONG, "customer"), ({}, "must be a string"), (" ", "customer")],
    "session": [("a b", "letters, digits"), (LONG, "letters, digits"), ("../..", FINE), ("{{ 7 * 7 }}", FINE)],
    "timeout": [("soon", "whole number"), ([1], "whole number"), ("\u0661", FINE)],
    "retries": [(-1, "from 0 to 10"), ({}, "whole number"), (True, FINE)],
    "proxy": [("\u0000", NUL), (["http://127.0.0.1:9"], "must be a string")],
    "ca_path": [("a\u0000b", NUL), (LONG, "does not exist or cannot be read"), ("~nobody-at-all/x", "cannot be read")],
    "validate_certs": [("maybe", "true or false"), (2, "true or false"), ([], "true or false")],
    "user_agent": [("a\r\nX: b", "printable ASCII"), ("\u2603", "printable ASCII"), ({"a": "b"}, "must be a string")],
    "cache_plugin": [(["jsonfile"], "must be a string"), ("\u0000", NUL)],
    "cache_connection": [({}, "must be a string"), ("a\u0000b", NUL)],
    "cache_prefix": [("../", "letters, digits"), (LONG, "letters, digits"), ({}, "must be a string")],
    "min_ttl": [("soon", "whole number"), (1201, "from 0 to 1200"), ("{{ omit }}", FINE)],
}  # fmt: skip
CASES = [(name, value, words) for name, cases in ODD.items() for value, words in cases]


def test_about_fifty_odd_values_of_arguments_in_one_play(user: User) -> None:
    """In a directory that everybody may write, whose ansible.cfg is not for Ansible to believe."""
    user.credentials(US1)
    user.write("ansible.cfg", "[falconops_auth]\ncache = perhaps\n")
    user.project.chmod(0o777)
    arguments = {name: f"{{{{ item.{name} | default(omit) }}}}" for name in ODD}
    loop = [{name: value} for name, value, _words in CASES]
    looped = {"loop": loop, "loop_control": {"label": "odd"}, "ignore_errors": True}
    lookup = "{{ lookup('falconops.auth.falcon_token', **item) | length }}"
    tasks = [
        {"falconops.auth.falcon_token": arguments, "register": "tried", **looped},
        {"ansible.builtin.debug": {"msg": lookup}, "register": "looked_up", **looped},
    ]
    doors = ("tried", "looked_up")
    if user.ansible.version < (2, 19):
        # There a lookup that fails for one item ends the task, whatever the item.
        tasks, doors = tasks[:1], doors[:1]
    tasks.append({"dump": {name: f"{{{{ {name}.results }}}}" for name in doors}})
    run = user.playbook(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}])).ok()
    assert len(CASES) >= 50
    wrong = []
    for door in doors:
        for (name, value, words), result in zip(CASES, run.value(door), strict=True):
            said = sentence(result) if result.get("failed") else FINE
            if words not in said or bool(words) != bool(said) or "has a fault" in said or len(said) > 1300:
                wrong.append(f"{door} of {name} {str(value)[:40]!r}: {said[:300]!r}")
    assert not wrong, "\n".join(wrong)
    assert run.says("world writable directory") >= 1


def test_values_by_variable_that_are_unsafe_or_vaulted(user: User) -> None:
    vaulted = user.ansible.encrypt_value
    locked = vaulted("never read").replace("3", "4")
    user.credentials(US1)
    user.write(
        "odd.yml",
        f'unsafe: !unsafe \'{{{{ lookup("pipe", "id") }}}}\'\nlocked: {locked}\nchild: {vaulted("no child")}\n'
        f"long: {vaulted('x' * 100_000)}\nunsafe_id: !unsafe '{US1.client_id}'\nvaulted_id: {vaulted(US1.client_id)}\n",
    )
    refused = [
        variable("letters, digits", falcon_session_name="{{ unsafe }}"),
        variable("holds white space", falcon_hostname="{{ unsafe }}"),
        variable("could not be decrypted", falcon_member_cid="{{ locked }}"),
        variable("could not be decrypted", falcon_client_secret="{{ locked }}"),
        variable("could not be decrypted", falcon_timeout="{{ locked }}"),
        variable("customer id", falcon_member_cid="{{ child }}"),
        variable("must be one of", falcon_cloud="{{ long }}"),
        variable("could not be rendered", falcon_session_name="{{ falcon_session_name }}"),
        variable("could not be rendered", falcon_member_cid="{{ lookup('falconops.auth.falcon_token') }}"),
    ]
    fine = [variable("", falcon_client_id=f"{{{{ {name} }}}}") for name in ("unsafe_id", "vaulted_id")]
    tasks = [task for number, case in enumerate([*refused, *fine]) for task in tasks_of(number, case)]
    play = {"hosts": "all", "gather_facts": False, "vars_files": ["odd.yml"], "tasks": tasks}
    run = user.playbook(json.dumps([play])).ok()
    for number, case in enumerate(refused):
        for door in ("task", "lookup"):
            said = sentence(run.value(f"{door} {number}"))
            assert case.says[1] in said and "has a fault" not in said, (case, door, said)
    for number in range(len(refused), len(refused) + len(fine)):
        assert not run.value(f"task {number}").get("failed") and not run.value(f"lookup {number}").get("failed")
    assert user.asked() == len(fine)

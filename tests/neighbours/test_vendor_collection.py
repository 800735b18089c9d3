# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Beside crowdstrike.falcon and FalconPy: two lines give each of its modules the one token of the fleet."""

from __future__ import annotations

import json
import subprocess
import textwrap
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from emulator import cast
from emulator.records import host_id
from emulator.scopes import ALL
from integration.harness import CHECKOUT, User
from integration.pages import blocks, needs_neighbours, shown
from integration.servers import COLLECTIONS
from neighbours.conftest import LONG, VENDOR

DEFAULTS = {"group/falconops.auth.crowdstrike": {"auth": "{{ lookup('falconops.auth.falcon_token', format='auth') }}"}}
PAGE = CHECKOUT / "docs" / "docsite" / "rst" / "crowdstrike_falcon.rst"
HOSTS = 50
DEVICES = [host_id(cast.FULL.cid, number) for number in range(HOSTS)]
# What a host runs, with which arguments, and by what its result is known.
MODULES: dict[str, tuple[dict[str, Any], Callable[[dict[str, Any]], bool]]] = {
    "cid_info": ({}, lambda result: result["cid"].lower().startswith(cast.FULL.cid)),
    "host_info": ({"hosts": ["{{ device }}"]}, lambda result: result["hosts"][0]["device_id"] in DEVICES),
    "host_group": ({"name": "group of {{ inventory_hostname }}"}, lambda result: bool(result["host_group"]["id"])),
    "host_group_info": ({}, lambda result: len(result["host_groups"]) > 0),
    "host_contain": ({"hosts": ["{{ device }}"], "contained": True}, lambda result: result["hosts"][0] in DEVICES),
    "host_hide": ({"hosts": ["{{ device }}"], "hidden": True}, lambda result: result["hosts"][0] in DEVICES),
    "sensor_download_info": ({"filter": "platform:'linux'"}, lambda result: len(result["installers"]) > 1),
    "fctl_child_cid_info": ({"cids": [cast.CHILD_A]}, lambda result: len(result["child_cids"]) == 1),
}

# Prints the argument spec of each module, as the module itself hands it to Ansible.
SPECS = """
import importlib, json, sys
from ansible.module_utils import basic

class Asked(Exception):
    pass

def ask(self, argument_spec, **more):
    raise Asked(argument_spec)

basic.AnsibleModule.__init__ = ask
found = {}
for name in sys.argv[1:]:
    try:
        importlib.import_module(f"ansible_collections.crowdstrike.falcon.plugins.modules.{name}").main()
    except Asked as asked:
        found[name] = sorted(asked.args[0])
print(json.dumps(found))
"""


def play(hosts: str, *tasks: dict[str, Any], **values: Any) -> dict[str, Any]:
    """As the README shows it, on hosts whose modules run here."""
    return {
        "hosts": hosts,
        "gather_facts": False,
        "connection": "local",
        "module_defaults": DEFAULTS,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}", **values},
        "tasks": list(tasks),
    }


def group() -> list[str]:
    groups = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text())["action_groups"]
    return [name.removeprefix("crowdstrike.falcon.") for name in groups["crowdstrike"]]


def test_the_group_names_each_module_that_takes_auth_and_no_other(vendor: User) -> None:
    names = sorted(path.stem for path in (VENDOR / "plugins" / "modules").glob("*.py"))
    asked = subprocess.run(
        [vendor.ansible.bin / "python", "-c", SPECS, *names],
        env={"PYTHONPATH": str(COLLECTIONS)},
        capture_output=True,
        text=True,
        check=True,
    )
    specs = json.loads(asked.stdout)
    assert sorted(specs) == names
    assert group() == [name for name in names if "auth" in specs[name]]
    assert set(MODULES) <= set(group())
    assert len(group()) >= 24


def test_the_modules_of_fifty_hosts_need_one_token(vendor: User) -> None:
    """Each host runs one of the modules, in the long tests all of them."""
    vendor.credentials(cast.FULL)
    vendor.emulator.configure(hosts=HOSTS)
    plays = [
        play(
            "all" if LONG else f"all[{turn * HOSTS // len(MODULES)}:{(turn + 1) * HOSTS // len(MODULES) - 1}]",
            {f"crowdstrike.falcon.{name}": arguments, "register": "result"},
            {"dump": {name: "{{ result }}"}},
            devices=DEVICES,
            device="{{ devices[inventory_hostname[1:] | int - 1] }}",
        )
        for turn, (name, (arguments, _known)) in enumerate(MODULES.items())
    ]
    dumps = []
    for part in [[each] for each in plays] if LONG else [plays]:
        run = vendor.playbook(json.dumps(part), "-vvvvv", "--forks=10", hosts=HOSTS).ok()
        dumps += [(host, name, result) for host, values in run.dumps for name, result in values.items()]
    assert vendor.asked() == 1
    assert [(host, name) for host, name, result in dumps if not MODULES[name][1](result)] == []
    assert len({host for host, _name, _result in dumps}) == HOSTS
    assert {name for _host, name, _result in dumps} == set(MODULES)
    assert len(dumps) == HOSTS * (len(MODULES) if LONG else 1)
    # FalconPy has sent all of it, with the one token.
    calls = [entry for entry in vendor.emulator.requests() if entry["path"] != "/oauth2/token"]
    assert len(calls) >= len(dumps)
    assert {entry["status"] for entry in calls} <= {200, 201, 202}


def test_a_cloud_that_falconpy_may_not_know(vendor: User) -> None:
    """Neither by name, nor in the environment, where the vendor's modules look whatever they are given."""
    for client, cloud in ((cast.US3, "us-3"), (cast.GOV2, "us-gov-2")):
        vendor.environment["FALCON_CLOUD"] = cloud
        vendor.credentials(client)
        asks = {"crowdstrike.falcon.cid_info": {"cloud": "us-1"}, "register": "result"}
        run = vendor.playbook(json.dumps([play("all", asks, {"dump": {"cid": "{{ result.cid }}"}})])).ok()
        assert run.value("cid").lower().startswith(client.cid)
    assert vendor.asked() == 2


# Everything that the role does but the installation itself: a RHEL whose package manager nobody knows, as the
# play has it; the modules run on the machine with the tests.
ROLE = """
- hosts: localhost
  gather_facts: false
  vars:
    ansible_become: false
    falcon_api_sensor_download_path: "{{ playbook_dir }}/downloads"
    falcon_api_sensor_download_cleanup: false
    falcon_install_tmp_dir: "{{ playbook_dir }}/tmp"
  pre_tasks:
    - ansible.builtin.set_fact:
        cacheable: true
        ansible_distribution: RedHat
        ansible_distribution_major_version: "9"
        ansible_os_family: RedHat
        ansible_system: Linux
        ansible_architecture: x86_64
        ansible_machine: x86_64
        ansible_pkg_mgr: unknown
  roles:
    - crowdstrike.falcon.falcon_install
  tasks:
    - falconops.auth.falcon_token:
    - dump: {cid: "{{ falcon_cid }}"}
"""


def test_the_role_falcon_install_takes_the_client_from_the_same_file(vendor: User) -> None:
    vendor.credentials(cast.FULL)
    run = vendor.playbook(ROLE, "-vvv").ok()
    assert run.value("cid").lower().startswith(cast.FULL.cid)
    assert [path.suffix for path in vendor.project.glob("downloads/*.rpm")] == [".rpm"]
    assert vendor.asked() == 2  # the role's own, and ours


@pytest.fixture
def scripts(vendor: User) -> User:
    """A user with what the guide assumes, and its scripts."""
    client = vendor.api_client(cloud="us-2", scopes=ALL)
    who = {"falcon_client_id": client.client_id, "falcon_client_secret": client.client_secret}
    vendor.vault("falcon_vault.yml", who)
    vendor.vault("group_vars/all.yml", {**who, "suspects": [host_id(client.cid, number) for number in range(2)]})
    for block in blocks(PAGE, "python"):
        vendor.write(block.splitlines()[0].removeprefix("# "), block)
    return vendor


@pytest.mark.parametrize("block", [block for _path, block, _content in shown("yaml", list) if needs_neighbours(block)])
def test_what_a_page_shows_runs(scripts: User, block: str) -> None:
    text = block if "hosts:" in block else f"- hosts: localhost\n  tasks:\n{textwrap.indent(block, '    ')}"
    # A host of an inventory does not run modules on Ansible's own Python, unless it is told so.
    run = scripts.playbook(text, "-vvvvv", hosts=1 if "hosts: all" in text else "localhost").ok()
    assert scripts.asked(status=201) == 1
    assert len(scripts.emulator.requests(status=200)) + len(scripts.emulator.requests(status=202)) >= 1
    assert run.says("unreachable=0    failed=0") == 1


def test_a_script_that_asks_ansible(scripts: User) -> None:
    for _again in range(2):
        run = scripts.command("python", "report.py").wait().ok()
        assert int(run.stdout) > 0
    assert scripts.asked(status=201) == 1

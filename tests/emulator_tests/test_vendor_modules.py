# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's collection, crowdstrike.falcon, run by ansible-playbook, takes the emulator for the real thing."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from emulator import cast
from emulator.client import Emulator
from emulator.records import host_id

pytest.importorskip("falconpy")

ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = ROOT / ".nox" / "collections"
ANSIBLE = Path(os.environ.get("FALCONOPS_ANSIBLE_BIN") or Path(sys.executable).parent) / "ansible-playbook"

PLAY = """
- hosts: localhost
  gather_facts: false
  module_defaults:
    crowdstrike.falcon.host_group: &me {client_id: "{{ id }}", client_secret: "{{ secret }}", cloud: us-1}
    crowdstrike.falcon.host_contain: *me
    crowdstrike.falcon.sensor_download_info: *me
    crowdstrike.falcon.sensor_download: *me
    crowdstrike.falcon.fctl_child_cid_info: *me
  tasks:
    - crowdstrike.falcon.host_group: {name: web, hosts: "{{ devices[:2] }}", host_action: add}
      register: group
    - crowdstrike.falcon.host_contain: {contained: true, hosts: "{{ devices }}"}
      register: contained
    - crowdstrike.falcon.sensor_download_info: {filter: "platform:'linux'", sort: version|desc}
      register: installers
    - crowdstrike.falcon.sensor_download: {hash: "{{ installers.installers[0].sha256 }}", dest: "{{ folder }}"}
      register: download
    - crowdstrike.falcon.fctl_child_cid_info: {cids: "{{ children }}"}
      register: child
    - copy:
        content: "{{ {'group': group, 'contained': contained, 'download': download, 'child': child} | to_json }}"
        dest: "{{ folder }}/results.json"
"""


@pytest.mark.skipif(not ANSIBLE.exists(), reason="ansible-core is not installed here")
@pytest.mark.skipif(
    not (COLLECTIONS / "ansible_collections" / "crowdstrike" / "falcon").exists(),
    reason="crowdstrike.falcon is not in .nox/collections, and Galaxy could not be reached",
)
def test_vendor_modules(emulator: Emulator, tmp_path: Path) -> None:
    known = [host_id(cast.FULL.cid, number) for number in range(2)]
    values = {
        "id": cast.FULL.client_id,
        "secret": cast.FULL.client_secret,
        "devices": [*known, "x" * 32],
        "children": [cast.CHILD_A],
        "folder": str(tmp_path),
        "ansible_python_interpreter": sys.executable,
    }
    (tmp_path / "play.yml").write_text(PLAY)
    (tmp_path / "values.json").write_text(json.dumps(values))
    done = subprocess.run(
        [ANSIBLE, "-i", "localhost,", "-c", "local", "play.yml", "-e", "@values.json"],
        env={
            **os.environ,
            **emulator.env(),
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_HOME": str(tmp_path / "home"),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((tmp_path / "results.json").read_text())
    assert (results["group"]["changed"], results["group"]["host_group"]["name"]) == (True, "web")
    assert results["group"]["action_results"]["failed_hosts"] == []
    assert (results["contained"]["changed"], results["contained"]["hosts"]) == (True, known)
    assert [(one["id"], one["code"]) for one in results["contained"]["failed_hosts"]] == [("x" * 32, 404)]
    path = Path(results["download"]["path"])
    assert path.name == "falcon-sensor-7.22.17706.el9.x86_64.rpm"
    (asked,) = [entry for entry in emulator.requests(status=200) if "/download-installer/" in entry["path"]]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == asked["query"]["id"]
    assert [one["child_cid"] for one in results["child"]["child_cids"]] == [cast.CHILD_A]
    assert {entry["status"] for entry in emulator.requests()} == {200, 201, 202}

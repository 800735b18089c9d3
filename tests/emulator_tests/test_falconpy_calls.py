# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FalconPy's service classes find everything where they look for it: paths, parameters, bodies, answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from emulator import cast as people
from emulator.client import Emulator
from emulator.records import host_id

pytest.importorskip("falconpy")

CALLS = Path(__file__).with_name("falconpy_calls.py")
CID = people.FULL.cid
SESSIONS = "/real-time-response/entities/sessions/v1"
HOSTS = [host_id(CID, number) for number in range(4)]

Results = dict[str, dict[str, Any]]


def falconpy(emulator: Emulator, *calls: tuple[str, str, str, dict[str, object]], **more: str) -> Results:
    client = people.FULL
    arguments = {"client_id": client.client_id, "client_secret": client.client_secret, "calls": calls, **more}
    done = subprocess.run(
        [sys.executable, str(CALLS)],
        input=json.dumps(arguments),
        env={**os.environ, **emulator.env()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return cast("Results", json.loads(done.stdout))


def pagination(result: dict[str, Any]) -> dict[str, Any]:
    return cast("dict[str, Any]", result["meta"]["pagination"])


def test_reads(emulator: Emulator) -> None:
    emulator.configure(hosts=5)
    windows = "platform_name:'Windows'"
    is_open = "status:'open'"
    done = falconpy(
        emulator,
        ("ids", "Hosts", "query_devices_by_filter", {"filter": windows, "limit": 1, "sort": "hostname.desc"}),
        ("scroll", "Hosts", "query_devices_by_filter_scroll", {"limit": 3}),
        (
            "scroll 2",
            "Hosts",
            "query_devices_by_filter_scroll",
            {"limit": 3, "offset": "$scroll.meta.pagination.offset"},
        ),
        ("combined", "Hosts", "query_devices_by_filter_combined", {"limit": 2}),
        (
            "combined 2",
            "Hosts",
            "query_devices_by_filter_combined",
            {"limit": 9, "offset": "$combined.meta.pagination.next"},
        ),
        ("details", "Hosts", "get_device_details", {"ids": [*HOSTS[:2], "x" * 32]}),
        ("online", "Hosts", "get_online_state", {"ids": HOSTS[:1]}),
        (
            "cve",
            "SpotlightVulnerabilities",
            "query_vulnerabilities_combined",
            {"filter": is_open, "limit": 2, "facet": ["cve", "host_info"]},
        ),
        (
            "cve 2",
            "SpotlightVulnerabilities",
            "query_vulnerabilities_combined",
            {"filter": is_open, "limit": 2, "after": "$cve.meta.pagination.after"},
        ),
        ("alerts", "Alerts", "get_alerts_combined", {"filter": "status:'new'", "limit": 4}),
        ("alerts 2", "Alerts", "get_alerts_combined", {"limit": 4, "after": "$alerts.meta.pagination.after"}),
        ("alert ids", "Alerts", "query_alerts_v2", {"limit": 2}),
        ("alert", "Alerts", "get_alerts_v2", {"composite_ids": "$alert ids.resources"}),
        ("intel", "Intel", "query_indicator_entities", {"limit": 2, "sort": "_marker|asc"}),
        ("assets", "CloudSecurityAssets", "query_assets", {"limit": 2}),
        ("assets 2", "CloudSecurityAssets", "query_assets", {"limit": 2, "after": "$assets.meta.next"}),
        ("asset", "CloudSecurityAssets", "get_assets", {"ids": "$assets.resources"}),
        ("iom", "CSPMRegistration", "get_configuration_detections", {"cloud_provider": "aws", "limit": 2}),
        (
            "iom 2",
            "CSPMRegistration",
            "get_configuration_detections",
            {"limit": 2, "next_token": "$iom.meta.pagination.next_token"},
        ),
        ("children", "FlightControl", "query_children", {"limit": 1}),
        ("child", "FlightControl", "get_children", {"ids": "$children.resources"}),
    )
    statuses = {name: result["status"] for name, result in done.items()}
    assert statuses == {**dict.fromkeys(done, 200), "details": 400}
    assert (done["ids"]["resources"], pagination(done["ids"])["total"]) == ([HOSTS[3]], 2)
    assert len({*done["scroll"]["resources"], *done["scroll 2"]["resources"]}) == 5
    assert pagination(done["scroll 2"])["offset"] == ""
    assert [host["device_id"] for host in done["combined 2"]["resources"]][0] == HOSTS[2]
    assert "next" not in pagination(done["combined 2"])
    assert [host["device_id"] for host in done["details"]["resources"]] == HOSTS[:2]
    assert [error["code"] for error in done["details"]["errors"]] == [400]
    assert done["online"]["resources"][0]["state"] == "online"
    assert {"cve", "host_info"} <= set(done["cve"]["resources"][0])
    assert "cve" not in done["cve 2"]["resources"][0]
    assert done["cve"]["resources"][1]["id"] != done["cve 2"]["resources"][0]["id"]
    assert {alert["status"] for alert in done["alerts"]["resources"]} == {"new"}
    assert [alert["composite_id"] for alert in done["alert"]["resources"]] == done["alert ids"]["resources"]
    assert done["intel"]["headers"]["next-page"].startswith("/intel/combined/indicators/v1?")
    assert len({*done["assets"]["resources"], *done["assets 2"]["resources"]}) == 4
    assert [asset["id"] for asset in done["asset"]["resources"]] == done["assets"]["resources"]
    events = done["iom"]["resources"]["events"] + done["iom 2"]["resources"]["events"]
    assert (len(events), {event["cloud_provider"] for event in events}) == (4, {"aws"})
    assert done["child"]["resources"][0]["child_cid"] == people.CHILD_A
    # FalconPy sends lists as repeated parameters, and one token does for all.
    assert emulator.requests(path="/spotlight/combined/vulnerabilities/v1")[0]["query_string"].count("facet=") == 2
    assert len(emulator.requests(path="/oauth2/token")) == 1


def test_writes(emulator: Emulator) -> None:
    def act(name: str, *ids: str) -> tuple[str, str, str, dict[str, object]]:
        return (name, "Hosts", "perform_action", {"action_name": name.split()[0], "ids": ids})

    group = {"name": "web", "group_type": "static"}
    command = {"base_command": "ls", "command_string": "ls /", "session_id": "$session.resources.0.session_id"}
    poll = {"cloud_request_id": "$command.resources.0.cloud_request_id", "sequence_id": 0}
    done = falconpy(
        emulator,
        act("contain 1", HOSTS[0]),
        act("contain 2", HOSTS[0], HOSTS[1], "x" * 32),
        act("lift_containment 1", HOSTS[0]),
        act("contain 3", HOSTS[1]),
        ("tags", "Hosts", "update_device_tags", {"action_name": "add", "ids": HOSTS[:1], "tags": ["web"]}),
        ("tagged", "Hosts", "query_devices_by_filter", {"filter": "tags:'FalconGroupingTags/web'"}),
        ("create", "HostGroup", "create_host_groups", group),
        (
            "add",
            "HostGroup",
            "perform_group_action",
            {
                "action_name": "add-hosts",
                "ids": "$create.resources.0.id",
                "filter": f"device_id:['{HOSTS[0]}','{HOSTS[1]}']",
            },
        ),
        ("members", "HostGroup", "query_group_members", {"id": "$create.resources.0.id"}),
        ("groups", "HostGroup", "query_combined_host_groups", {"filter": "name:'web'"}),
        ("rename", "HostGroup", "update_host_groups", {"id": "$create.resources.0.id", "name": "www"}),
        ("delete", "HostGroup", "delete_host_groups", {"ids": "$create.resources.0.id"}),
        ("delete 2", "HostGroup", "delete_host_groups", {"ids": "$create.resources.0.id"}),
        ("session", "RealTimeResponse", "init_session", {"device_id": HOSTS[0]}),
        ("command", "RealTimeResponse", "execute_command", {**command, "device_id": HOSTS[0]}),
        *((f"poll {number}", "RealTimeResponse", "check_command_status", poll) for number in range(3)),
        ("end", "RealTimeResponse", "delete_session", {"session_id": "$session.resources.0.session_id"}),
        ("upload", "SampleUploads", "upload_sample", {"file_data": "sample's content", "file_name": "a.txt"}),
        ("sample", "SampleUploads", "get_sample", {"ids": "$upload.resources.0.sha256"}),
        ("delete sample", "SampleUploads", "delete_sample", {"ids": "$upload.resources.0.sha256"}),
        ("token", "SensorUpdatePolicies", "reveal_uninstall_token", {"device_id": HOSTS[0], "audit_message": "x"}),
    )
    assert {name: result["status"] for name, result in done.items() if result["status"] != 200} == {
        **dict.fromkeys(("contain 1", "contain 2", "lift_containment 1", "tags"), 202),
        **dict.fromkeys(("create", "session", "command"), 201),
        "contain 3": 409,
        "delete 2": 404,
    }
    # An answer without content is empty bytes to FalconPy.
    assert (done["end"]["size"], emulator.requests(method="DELETE", status=204)[0]["path"]) == (0, SESSIONS)
    assert [one["id"] for one in done["contain 2"]["resources"]] == [HOSTS[1]]
    assert [error["code"] for error in done["contain 2"]["errors"]] == [409, 404]
    assert done["tags"]["resources"] == [{"device_id": HOSTS[0], "updated": True}]
    assert done["tagged"]["resources"] == HOSTS[:1]
    assert done["members"]["resources"] == HOSTS[:2]
    assert done["groups"]["resources"][0]["name"] == "web"
    assert done["rename"]["resources"][0]["name"] == "www"
    assert [done[name]["meta"]["writes"]["resources_affected"] for name in ("add", "delete", "delete 2")] == [1, 1, 0]
    assert [done[f"poll {number}"]["resources"][0]["complete"] for number in range(3)] == [False, False, True]
    assert done["sample"]["sha256"] == done["upload"]["resources"][0]["sha256"]


def test_installers(emulator: Emulator) -> None:
    done = falconpy(
        emulator,
        (
            "list",
            "SensorDownload",
            "get_combined_sensor_installers_by_query_v3",
            {"filter": "platform:'linux'", "limit": 1},
        ),
        ("entity", "SensorDownload", "get_sensor_installer_entities_v3", {"ids": "$list.resources.0.sha256"}),
        ("file", "SensorDownload", "download_sensor_installer_v3", {"id": "$list.resources.0.sha256"}),
        ("none", "SensorDownload", "download_sensor_installer_v3", {"id": "x" * 64}),
    )
    (installer,) = done["list"]["resources"]
    assert done["entity"]["resources"] == [installer]
    assert (done["file"]["sha256"], done["file"]["size"]) == (installer["sha256"], installer["file_size"])
    assert (done["none"]["status"], done["none"]["errors"][0]["code"]) == (404, 404)


def test_member(emulator: Emulator) -> None:
    emulator.configure(hosts=1)
    done = falconpy(emulator, ("ids", "Hosts", "query_devices_by_filter", {}), member_cid=people.CHILD_B)
    assert done["ids"]["resources"] == [host_id(people.CHILD_B, 0)]

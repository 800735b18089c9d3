# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls that change something, and what can be seen of it afterwards."""

from __future__ import annotations

import hashlib

import pytest
from emulator_api import COMBINED, Api
from emulator_calls import body, error_of

from emulator import cast
from emulator.messages import Upload
from emulator.records import host_id

ACTIONS = "/devices/entities/devices-actions/v2"
DEVICES = "/devices/queries/devices/v1"
HIDDEN = "/devices/queries/devices-hidden/v1"
TAGS = "/devices/entities/devices/tags/v1"
GROUPS = "/devices/entities/host-groups/v1"
GROUP_ACTIONS = "/devices/entities/host-group-actions/v1"
MEMBERS = "/devices/queries/host-group-members/v1"
SAMPLES = "/samples/entities/samples/v3"
SESSIONS = "/real-time-response/entities/sessions/v1"
COMMAND = "/real-time-response/entities/command/v1"

HOSTS = [host_id(cast.FULL.cid, number) for number in range(10)]


def statuses(api: Api) -> list[str]:
    """Each look makes time go on."""
    answer = api.call("POST", "/devices/entities/devices/v2", {"ids": HOSTS[:2]})
    return [host["status"] for host in answer["resources"]]


def act(api: Api, action: str, *ids: str, status: int = 202) -> tuple[list[str], list[int]]:
    answer = api.call("POST", ACTIONS, {"ids": ids}, status=status, action_name=action)
    for error in answer["errors"]:
        assert any(found in error["message"] for found in ids)
    return [one["id"] for one in answer["resources"]], [error["code"] for error in answer["errors"]]


def test_contain_and_lift() -> None:
    api = Api(job_polls=1)
    assert act(api, "contain", HOSTS[0]) == ([HOSTS[0]], [])
    assert [statuses(api), statuses(api)] == [["containment_pending", "normal"], ["contained", "normal"]]
    assert api.get(DEVICES, filter="status:'contained'")["resources"] == HOSTS[:1]
    assert act(api, "contain", HOSTS[0], HOSTS[1], "x") == ([HOSTS[1]], [409, 404])
    assert act(api, "contain", HOSTS[0], status=409) == ([], [409])
    assert act(api, "contain", "x", status=404) == ([], [404])
    assert act(api, "lift_containment", HOSTS[0]) == ([HOSTS[0]], [])
    assert [statuses(api)[0], statuses(api)[0]] == ["lift_containment_pending", "normal"]
    assert act(api, "lift_containment", HOSTS[0], status=409) == ([], [409])
    assert error_of(api.reply("POST", ACTIONS, {"ids": HOSTS})) == (400, "invalid action_name: ")
    assert api.reply("POST", ACTIONS, {"ids": []}, action_name="contain").status == 400


def test_what_one_customer_does_another_does_not_see() -> None:
    api = Api(hosts=2, job_polls=0)
    act(api, "contain", *HOSTS[:2])
    api.log_in(member_cid=cast.CHILD_A)
    assert {host["status"] for host in api.get(COMBINED.path)["resources"]} == {"normal"}


def test_hide() -> None:
    api = Api(hosts=3)
    assert act(api, "hide_host", HOSTS[1]) == ([HOSTS[1]], [])
    assert act(api, "hide_host", HOSTS[1], status=409) == ([], [409])
    assert api.get(DEVICES)["resources"] == [HOSTS[0], HOSTS[2]]
    assert api.get(HIDDEN)["resources"] == [HOSTS[1]]
    act(api, "unhide_host", HOSTS[1])
    assert (api.get(DEVICES)["resources"], api.get(HIDDEN)["resources"]) == (HOSTS[:3], [])


def test_tags() -> None:
    api = Api(hosts=3)
    tags = ["FalconGroupingTags/a", "FalconGroupingTags/b"]

    def patch(action: str, ids: list[str], *wanted: str) -> list[dict[str, object]]:
        wish = {"action": action, "device_ids": ids, "tags": wanted}
        return list(api.call("PATCH", TAGS, wish, status=202)["resources"])

    assert patch("add", [HOSTS[0], "x"], *tags) == [
        {"device_id": HOSTS[0], "updated": True},
        {"device_id": "x", "updated": False, "code": 404, "error": "Device not found"},
    ]
    assert patch("add", [HOSTS[0]], tags[0])[0]["updated"] is True
    assert api.get(DEVICES, filter=f"tags:'{tags[0]}'+tags:'{tags[1]}'")["resources"] == HOSTS[:1]
    patch("remove", [HOSTS[0]], *tags)
    assert api.get(DEVICES, filter="tags:'*'")["resources"] == []
    for wrong in ({"action": "set"}, {"tags": ["a"]}, {"tags": []}, {"tags": "a"}, {"device_ids": []}):
        wish = {"action": "add", "device_ids": HOSTS[:1], "tags": tags, **wrong}
        assert api.reply("PATCH", TAGS, wish).status == 400


def test_host_groups() -> None:
    api = Api()
    wish = {"resources": [{"name": "web", "group_type": "static", "description": "d"}]}
    made = api.call("POST", GROUPS, wish, status=201)
    (group,) = made["resources"]
    assert (group["name"], group["group_type"], made["meta"]["writes"]) == ("web", "static", {"resources_affected": 1})
    assert error_of(api.reply("POST", GROUPS, wish)) == (400, "a host group with the name web exists already")
    assert api.get(GROUPS, ids=[group["id"], "x"])["errors"] == [
        {"code": 404, "message": "no host group with this ID", "id": "x"}
    ]
    assert api.get(GROUPS, status=404, ids="x")["resources"] == []
    for name, affected in (("web", 0), ("www", 1)):
        changed = api.call("PATCH", GROUPS, {"resources": [{"id": group["id"], "name": name}]})
        assert changed["meta"]["writes"] == {"resources_affected": affected}
    assert api.get("/devices/combined/host-groups/v1", filter="name:'www'")["resources"][0]["id"] == group["id"]
    assert api.get("/devices/queries/host-groups/v1", filter="name:'web'")["resources"] == []

    gone = api.call("DELETE", GROUPS, ids=[group["id"], "x"])
    assert (gone["resources"], gone["meta"]["writes"]) == ([group["id"]], {"resources_affected": 1})
    assert [(error["code"], error["id"]) for error in gone["errors"]] == [(404, "x")]
    again = api.call("DELETE", GROUPS, status=404, ids=group["id"])
    assert (again["resources"], again["meta"]["writes"]) == ([], {"resources_affected": 0})
    # Another one with the same name is another one.
    assert api.call("POST", GROUPS, wish, status=201)["resources"][0]["id"] != group["id"]
    assert api.reply("POST", GROUPS, {"resources": [{}]}).status == 400
    assert api.reply("POST", GROUPS, {"resources": []}).status == 400


@pytest.mark.parametrize("value", ["(device_id:['{0}','{1}'])", 'device_id:["{0}","{1}"]'])
def test_members_of_a_group(value: str) -> None:
    api = Api()
    group = api.call("POST", GROUPS, {"resources": [{"name": "web"}]}, status=201)["resources"][0]["id"]

    def change(action: str, filter_: str) -> int:
        wish = {"ids": [group], "action_parameters": [{"name": "filter", "value": filter_}]}
        answer = api.call("POST", GROUP_ACTIONS, wish, action_name=action)
        assert [one["id"] for one in answer["resources"]] == [group]
        return int(answer["meta"]["writes"]["resources_affected"])

    both = value.format(*HOSTS)
    assert [change("add-hosts", both), change("add-hosts", both)] == [1, 0]
    assert api.get(MEMBERS, id=group)["resources"] == HOSTS[:2]
    assert api.get(MEMBERS, id=group, filter="platform_name:'Linux'")["resources"] == [HOSTS[1]]
    (member, _unused) = api.get("/devices/combined/host-group-members/v1", id=group)["resources"]
    assert (member["device_id"], member["groups"]) == (HOSTS[0], [group])
    assert [change("remove-hosts", f"device_id:'{HOSTS[0]}'"), change("remove-hosts", "hostname:'none'")] == [1, 0]
    assert api.get(MEMBERS, id=group)["resources"] == [HOSTS[1]]
    assert error_of(api.reply("GET", MEMBERS, id="x")) == (404, "no host group with ID x")
    for parameters in (None, 5, [5], [{"name": "x"}]):
        wish = {"ids": [group], "action_parameters": parameters}
        assert api.reply("POST", GROUP_ACTIONS, wish, action_name="add-hosts").status == 400
    assert api.reply("POST", GROUP_ACTIONS, {"ids": [group]}, action_name="x").status == 400


def test_dynamic_groups() -> None:
    api = Api(hosts=6)
    wish = {"name": "windows", "group_type": "dynamic", "assignment_rule": "platform_name:'Windows'"}
    group = api.call("POST", GROUPS, {"resources": [wish]}, status=201)["resources"][0]["id"]
    assert api.get(MEMBERS, id=group)["resources"] == [HOSTS[0], HOSTS[3]]
    wish = {"ids": [group], "action_parameters": [{"name": "filter", "value": "hostname:'x'"}]}
    assert api.reply("POST", GROUP_ACTIONS, wish, action_name="add-hosts").status == 400


def test_samples() -> None:
    api = Api()
    content = b"\x00\xff not text"
    digest = hashlib.sha256(content).hexdigest()
    answer = api.call("POST", SAMPLES, files={"sample": Upload("ignored", content)}, form={"file_name": "a.bin"})
    assert answer["resources"] == [{"sha256": digest, "file_name": "a.bin"}]
    reply = api.reply("GET", SAMPLES, ids=digest)
    assert (reply.body, reply.headers["Content-Type"]) == (content, "application/octet-stream")
    raw = {"content-type": "application/octet-stream"}
    assert api.call("POST", SAMPLES, content, headers=raw, file_name="b.bin")["resources"][0]["file_name"] == "b.bin"
    assert error_of(api.reply("POST", SAMPLES, content, headers=raw)) == (400, "invalid request: file_name is required")
    assert error_of(api.reply("POST", SAMPLES, {"sample": "x"})) == (400, "invalid request: there is no sample")
    assert api.call("DELETE", SAMPLES, ids=digest)["resources"] == [digest]
    assert api.call("DELETE", SAMPLES, status=404, ids=digest)["errors"][0]["code"] == 404
    assert error_of(api.reply("GET", SAMPLES, ids=digest))[0] == 404


def test_real_time_response() -> None:
    api = Api(job_polls=2)
    session = api.call("POST", SESSIONS, {"device_id": HOSTS[0]}, status=201)["resources"][0]
    assert (session["device_id"], session["offline_queued"]) == (HOSTS[0], False)
    wish = {"session_id": session["session_id"], "base_command": "ls", "command_string": "ls -l"}
    job = api.call("POST", COMMAND, wish, status=201)["resources"][0]["cloud_request_id"]
    looks = [api.get(COMMAND, cloud_request_id=job, sequence_id=0)["resources"][0] for _unused in range(4)]
    assert [look["complete"] for look in looks] == [False, False, True, True]
    assert [look["stdout"] for look in looks] == ["", "", "ran ls -l", "ran ls -l"]
    assert (looks[0]["task_id"], looks[0]["session_id"]) == (job, session["session_id"])
    assert error_of(api.reply("GET", COMMAND, cloud_request_id="x", sequence_id=0))[0] == 404
    assert error_of(api.reply("GET", COMMAND, cloud_request_id=job)) == (400, "sequence_id is required")
    assert api.reply("DELETE", SESSIONS, session_id=session["session_id"]).body == b""
    assert api.reply("DELETE", SESSIONS, session_id=session["session_id"]).status == 400
    assert error_of(api.reply("POST", COMMAND, wish)) == (400, "invalid session_id")


def test_real_time_response_offline() -> None:
    api = Api()
    refused = body(api.reply("POST", SESSIONS, {"device_id": HOSTS[9]}))
    assert refused["errors"] == [{"code": 40401, "message": "Could not establish sensor comms"}]
    queued = api.call("POST", SESSIONS, {"device_id": HOSTS[9], "queue_offline": True}, status=201)
    assert queued["resources"][0]["offline_queued"] is True
    assert api.reply("POST", SESSIONS, {"device_id": "x"}).status == 404


def test_stronger_commands_need_more_scopes() -> None:
    api = Api(client=cast.FULL)
    client = cast.FULL
    limited = type(client)(cast.hex_id("rtr"), "s" * 40, client.cid, frozenset({"real-time-response:read"}))
    api.state.world.add(cast.US1_CUSTOMER, limited)
    api.log_in(limited)
    session = api.call("POST", SESSIONS, {"device_id": HOSTS[0]}, status=201)["resources"][0]["session_id"]
    wish = {"session_id": session, "base_command": "ls", "command_string": "ls"}
    assert api.reply("POST", COMMAND, wish).status == 201
    for command in ("active-responder-command", "admin-command"):
        assert api.reply("POST", f"/real-time-response/entities/{command}/v1", wish).status == 403


def test_uninstall_token() -> None:
    api = Api()
    path = "/policy/combined/reveal-uninstall-token/v1"
    (one,) = api.call("POST", path, {"device_id": HOSTS[0], "audit_message": "x"})["resources"]
    assert (one["device_id"], len(one["uninstall_token"])) == (HOSTS[0], 32)
    assert api.reply("POST", path, {"device_id": "x"}).status == 404

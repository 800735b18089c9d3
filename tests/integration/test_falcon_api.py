# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any call of the API, by module and by lookup, with a token that nobody sees."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import stat
import textwrap
import time
from typing import Any

import pytest

from emulator.cast import FULL
from emulator.records import host_id
from integration.harness import User
from integration.lives import dump

HOSTS, GROUPS = "/devices/queries/devices/v1", "/devices/entities/host-groups/v1"
ACTIONS, REVEAL = "/devices/entities/devices-actions/v2", "/policy/combined/reveal-uninstall-token/v1"
SAMPLES = "/samples/entities/samples/v3"
DOWNLOAD, INDICATORS = "/sensors/entities/download-installer/v3", "/intel/combined/indicators/v1"
ALERTS, ALERT_IDS, NOBODY = "/alerts/combined/alerts/v1", "/alerts/queries/alerts/v2", "0" * 32
EXPIRED = {"code": 404, "message": "the marker is no longer valid"}
TEXT = {"Content-Type": "text/plain"}
HERD = 30
BASTION = """\
h1 ansible_host=192.0.2.1
[jump]
bastion ansible_connection=bastion ansible_python_interpreter='{{ ansible_playbook_python }}'
"""
# Path, and what is asked for; there are 30 of each.
STYLES: dict[str, tuple[str, dict[str, Any]]] = {
    "number": ("/devices/queries/devices/v1", {"params": {"limit": 7}}),
    "scroll": ("/devices/queries/devices-scroll/v1", {"params": {"limit": 7}}),
    "next": ("/devices/combined/devices/v1", {"params": {"limit": 7}}),
    "after": (
        "/spotlight/combined/vulnerabilities/v1",
        {"params": {"limit": 7, "filter": "status:!'gone'", "facet": ["cve", "remediation"]}},
    ),
    "after in the body": ("/alerts/combined/alerts/v1", {"method": "POST", "body": {"limit": 7}}),
    "meta.next": ("/cloud-security-assets/queries/resources/v1", {"params": {"limit": 7}}),
    "Next-Page": ("/intel/combined/indicators/v1", {"params": {"limit": 7}}),
    "next_token": ("/detects/entities/iom/v1", {"params": {"limit": 7, "status": "all"}}),
}


def task(register: str, path: str, *, more: str = "", **arguments: Any) -> str:
    """A task that may fail. more: keywords of the task."""
    given = json.dumps({"path": path, **arguments})
    keywords = textwrap.indent(textwrap.dedent(more), "  ")
    return f"- falconops.auth.falcon_api: {given}\n  register: {register}\n  ignore_errors: true\n{keywords}\n"


def lookup(path: str, **arguments: Any) -> str:
    given = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    return f"{{{{ query('falconops.auth.falcon_api', '{path}', {given}) }}}}"


def why(result: dict[str, Any]) -> str:
    """The sentence of a task that failed."""
    assert result["failed"], result
    assert "\n" not in result["msg"] and "falconops.auth has a fault" not in result["msg"], result["msg"]
    return str(result["msg"])


@pytest.mark.brief
def test_every_style_of_paging_by_module_and_lookup(user: User) -> None:
    user.credentials(FULL)
    user.emulator.configure(paging=["changing-size", "empty-page", "moving-total", "late-end"])
    tasks = "".join(
        task(f"r{number}", path, paginate=True, **asked)
        + f"- dump: {json.dumps({f'l{number}': lookup(path, paginate=True, **asked)})}\n"
        for number, (path, asked) in enumerate(STYLES.values())
    )
    run = user.play(tasks + dump(*(f"r{number}" for number in range(len(STYLES)))), "-v").ok()
    for number, name in enumerate(STYLES):
        result = run.value(f"r{number}")
        assert not result.get("failed"), (name, result)
        found = {json.dumps(item) for item in result["resources"]}
        assert len(found) == len(result["resources"]) == result["count"] == 30, name
        assert run.value(f"l{number}") == result["resources"], name
        # By number, a total is believed until two pages in a row are empty.
        assert result["truncated"] is (name == "number")
        assert 5 <= result["pages"] <= 30
    assert user.asked() == 1 and run.says("GET /devices/queries/devices/v1: page 1, ") >= 1
    calls = [entry for entry in user.emulator.requests() if not entry["path"].startswith("/oauth2/")]
    assert {entry["status"] for entry in calls} == {200}
    # One connection for all pages of a listing, and one listing of each style by each door.
    assert len({entry["connection"] for entry in calls}) <= 2 * len(STYLES)


def test_listings_that_cannot_be_read_to_their_end(user: User) -> None:
    user.credentials(FULL)
    user.emulator.configure(hosts=10_050, alerts=10_050, paging=["repeated-cursor"])
    tasks = (
        task("window", HOSTS, params={"limit": 3000}, paginate=True)
        + task("enough", HOSTS, params={"limit": 3000}, paginate=True, max_items=10_000, query="length(resources)")
        + task("again", "/devices/combined/devices/v1", params={"limit": 10}, paginate=True)
        + task("fault", ALERT_IDS, params={"limit": 5000}, paginate=True)
        + task("part", HOSTS, params={"limit": 7})
        + task("ended", INDICATORS, params={"limit": 7}, paginate=True)
    )
    user.emulator.fault("status", path=INDICATORS, skip=1, status=404, body={"errors": [EXPIRED]})
    run = user.play(tasks + dump("window", "enough", "again", "fault", "part", "ended")).ok()
    said = why(run.value("window"))
    assert "stopped after 10000 of 10050 items with 400 (limit + offset must be" in said and "scroll" in said
    assert (run.value("enough")["result"], run.value("enough")["truncated"]) == (10_000, True)
    assert "the same cursor twice" in why(run.value("again"))
    assert "stopped after 10000 of 10050 items with 500" in why(run.value("fault"))
    assert len(user.emulator.requests(path=ALERT_IDS)) == 3, "that 500 is no fault, and is not repeated"
    assert "with 404 (the marker is no longer valid)" in why(run.value("ended"))
    assert run.says(f"GET {HOSTS} gave 7 of 10050 items; set paginate for all of them") == 1 == run.warnings
    assert run.value("window")["count"] == 10_000 and run.value("part")["count"] == 7


@pytest.mark.brief
def test_a_token_that_dies_under_many_hosts_is_replaced_once(user: User) -> None:
    user.credentials(FULL)
    user.emulator.fault("kill", path=HOSTS, skip=HERD)
    tasks = task("before", HOSTS, max_items=1) + task("after", HOSTS, max_items=1)
    # What asking takes each worker has from its parent: it would be most of what a call costs.
    tasks += f"- api_imports: {{path: {HOSTS}, max_items: 1}}\n  register: last\n" + dump("before", "after", "last")
    run = user.play(tasks, "-f", str(HERD), "-v", hosts=HERD).ok()
    for name in ("before", "after"):
        results = run.by_host(name)
        assert len(results) == HERD and [why(each) for each in results.values() if each.get("failed")] == []
    needed = {name.partition(".")[0] for each in run.values("last") for name in each["imported"]}
    assert needed.isdisjoint({"requests", "urllib3", "ssl", "ansible_collections"}), needed
    assert user.asked() == 2
    statuses = [entry["status"] for entry in user.emulator.requests(path=HOSTS)]
    assert statuses.count(200) == 3 * HERD and 0 < statuses.count(401) <= 15


def test_a_401_that_is_not_the_tokens_fault_costs_two_tokens(user: User) -> None:
    """Something on the way may take the token away, for one path or for all."""
    user.credentials(FULL)
    user.emulator.fault("status", path=HOSTS, status=401, times=None)
    failing = task("tried", HOSTS) + task("later", HOSTS) + task("other", GROUPS, method="POST", body={"resources": []})
    run = user.play(failing + dump("tried", "later"), "-f", "3", hosts=10).ok()
    for name in ("tried", "later"):
        assert all("failed with 401, and with a new token again" in why(each) for each in run.values(name))
    assert len(run.values("later")) == 10 and user.asked() == 2


@pytest.mark.brief
def test_bytes_in_a_file(user: User) -> None:
    user.credentials(FULL)
    user.emulator.configure(installer_size=5_000_000)
    user.emulator.fault("truncate", path=DOWNLOAD, after=True)
    find = task("list", "/sensors/combined/installers/v3", params={"limit": 1}, query="resources[0].sha256")
    get = {"params": {"id": "{{ list.result }}"}, "dest": "files/sensor.rpm", "mode": "0644"}
    user.write("files/sensor.rpm", "half of an older one")
    sample = bytes(range(256)) * 12_000  # no text, and more than a socket takes at once
    (user.project / "files" / "sample").write_bytes(sample)
    user.emulator.fault("kill", path=SAMPLES)
    part = {"body_format": "multipart", "body": {"sample": {"src": "files/sample"}, "file_name": "a.bin"}}
    tasks = (
        find
        + task("would", DOWNLOAD, more="check_mode: true", **get)
        + task("first", DOWNLOAD, checksum="sha256:{{ list.result }}", **get)
        + task("again", DOWNLOAD, checksum="{{ list.result }}", **get)
        + task("unchecked", DOWNLOAD, **get)
        + task("wrong", DOWNLOAD, checksum="0" * 64, **get)
        + task("unknown", DOWNLOAD, params={"id": "0" * 64}, dest="files/none")
        + task("shown", DOWNLOAD, params={"id": "{{ list.result }}"})
        + task("ids", HOSTS, paginate=True, params={"limit": 9}, dest="files/ids.jsonl")
        + task("part", SAMPLES, method="POST", **part)
        + task("whole", SAMPLES, method="POST", params={"file_name": "b.bin"}, src="files/sample")
    )
    names = ("would", "first", "again", "unchecked", "wrong", "unknown", "shown", "ids", "part", "whole")
    run = user.play(tasks + dump("list", *names)).ok()
    changed = {name: run.value(name)["changed"] for name in names}
    assert changed == {
        **dict.fromkeys(names, False),
        "would": True,
        "first": True,
        "ids": True,
        "part": True,
        "whole": True,
    }
    path, digest = user.project / "files" / "sensor.rpm", run.value("list")["result"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest and stat.S_IMODE(path.stat().st_mode) == 0o644
    assert run.value("first")["size"] == 5_000_000 and run.value("first")["checksum"] == f"sha256:{digest}"
    assert "was thrown away" in why(run.value("wrong")) and "404 (no installer" in why(run.value("unknown"))
    assert "give dest" in why(run.value("shown"))
    # Broken off once, then whole, and not asked for where it is there.
    assert len(user.emulator.requests(path=DOWNLOAD)) == 2 + 1 + 1 + 1 + 1 + 1
    lines = (user.project / "files" / "ids.jsonl").read_text().splitlines()
    assert len({json.loads(line) for line in lines}) == 30
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["ids.jsonl", "sample", "sensor.rpm"]
    # The first was sent again from its beginning, with another token.
    assert [entry["status"] for entry in user.emulator.requests(path=SAMPLES)] == [401, 200, 200]
    for name in ("part", "whole"):
        assert run.value(name)["resources"][0]["sha256"] == hashlib.sha256(sample).hexdigest(), name


@pytest.mark.brief
def test_what_is_no_page_does_not_replace_the_file(user: User) -> None:
    user.credentials(FULL)
    cut, said = '{"meta": {"pagination": {"offs', {"Content-Type": "text/plain"}
    kinds: list[tuple[str, dict[str, Any], str]] = [
        ("malformed", {"body": cut}, "JSON that cannot be read"),
        ("malformed", {"body": cut, "skip": 1}, "JSON that cannot be read"),
        ("status", {"body": "proxy says hello", "headers": said, "skip": 1}, "the API's meta and resources"),
        ("shape", {"body": [], "skip": 1}, "the API's meta and resources"),
        ("shape", {"body": {"resources": 5, "errors": "x", "meta": []}}, "'resources' has a wrong type"),
        ("shape", {"body": {"meta": {}, "errors": {"code": 500, "message": "internal"}}}, "(internal)"),
    ]
    user.write("ids.jsonl", "as it was")
    names = [f"broken{number}" for number in range(len(kinds))]
    ask: dict[str, Any] = {"paginate": True, "params": {"limit": 7}}
    for name, (kind, more, words) in zip(names, kinds, strict=True):
        user.emulator.fault(kind, path=HOSTS, status=200, **more)
        result = user.play(task(name, HOSTS, dest="ids.jsonl", **ask) + dump(name)).ok().value(name)
        assert words in why(result), why(result)
        assert (result["changed"], result["count"]) == (False, 7 * more.get("skip", 0))
        assert (user.project / "ids.jsonl").read_text() == "as it was"
    body = {"resources": [{"name": "laptops", "group_type": "static"}]}
    user.emulator.fault("malformed", path=GROUPS, status=201, body=cut, after=True)
    user.emulator.fault("malformed", path=HOSTS, status=200, body=cut, skip=1)
    run = user.play(
        task("made", GROUPS, method="POST", body=body)
        + task("there", "/devices/combined/host-groups/v1", query="resources[].name")
        + task("looked", HOSTS, **ask)
        + task("whole", HOSTS, dest="ids.jsonl", **ask)
        + dump("made", "there", "looked", "whole")
    ).ok()
    assert "; look whether it was done; " in why(run.value("made")) and run.value("there")["result"] == ["laptops"]
    assert "cannot be read" in why(run.value("looked")) and len(run.value("looked")["resources"]) == 7
    assert run.value("whole")["changed"] and len((user.project / "ids.jsonl").read_text().splitlines()) == 30


@pytest.mark.skipif("FALCONOPS_TEST_ALL" not in os.environ, reason="FALCONOPS_TEST_ALL is not set")
def test_a_large_file_takes_no_memory(user: User) -> None:
    user.credentials(FULL)
    find = task("list", "/sensors/combined/installers/v3", params={"limit": 1}, query="resources[0].sha256")
    get = task("got", DOWNLOAD, params={"id": "{{ list.result }}"}, dest="sensor.rpm", checksum="{{ list.result }}")
    body = {"sample": {"src": "sample"}, "file_name": "a"}
    put = task("put", SAMPLES, method="POST", body_format="multipart", body=body)
    largest = []
    for size in (1_000_000, 300_000_000):
        user.emulator.configure(installer_size=size)
        with (user.project / "sample").open("wb") as sample:
            sample.truncate(size)
        run = user.play(find + get + put + dump("got", "put")).ok()
        assert (run.value("got")["size"], run.value("put")["status"]) == (size, 200)
        largest.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    assert largest[1] - largest[0] < 30_000, "kilobytes"


@pytest.mark.brief
def test_a_write_is_sent_once_and_a_read_again(user: User) -> None:
    user.credentials(FULL, falcon_timeout=1)
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("drop", {}),
        ("drop", {"after": True}),
        ("status", {"status": 503, "after": True}),
        ("hang", {"seconds": 3}),
        ("truncate", {"after": True}),
    ]
    tasks, reads = "", list(STYLES.values())[: len(kinds)]
    for number, ((kind, more), (path, asked)) in enumerate(zip(kinds, reads, strict=True)):
        user.emulator.fault(kind, path=GROUPS, method="POST", **more)
        user.emulator.fault(kind, path=path, **more)
        body = {"resources": [{"name": f"group {number}", "group_type": "static"}]}
        tasks += task(f"w{number}", GROUPS, method="POST", body=body) + task(f"r{number}", path, **asked)
    names = [f"{door}{number}" for number in range(len(kinds)) for door in "wr"]
    tasks += task("made", "/devices/combined/host-groups/v1", query="resources[].name")
    run = user.play(tasks + dump(*names, "made")).ok()
    assert len(user.emulator.requests(path=GROUPS, method="POST")) == len(kinds)
    assert [len(user.emulator.requests(path=path)) for path, _asked in reads] == [2] * len(kinds)
    for number in range(len(kinds)):
        said = why(run.value(f"w{number}"))
        assert "was not sent again" in said, said
        assert run.value(f"r{number}")["count"] == 7
    assert run.value("made")["result"] == ["group 1", "group 2", "group 4"], "it was done although nothing was heard"


def test_the_rate_limit_is_waited_for_by_the_servers_clock_and_together(user: User) -> None:
    user.credentials(FULL)
    user.emulator.configure(clock_offset=300, customer_limit=10, window=3.0)
    started = time.monotonic()
    run = user.play(
        task("got", HOSTS) + task("at_once", HOSTS, max_wait=0) + dump("got", "at_once"), "-f", "20", hosts=20
    ).ok()
    assert [why(each) for each in run.values("got") if each.get("failed")] == []
    assert time.monotonic() - started < 60
    refused = user.emulator.requests(path=HOSTS, status=429)
    assert len(refused) <= 30, "who waits does not ask again and again"
    assert all("the API asked to wait" in why(each) for each in run.values("at_once") if each.get("failed"))


@pytest.mark.brief
def test_writes_their_changes_and_check_mode(user: User) -> None:
    user.credentials(FULL)
    host, other = host_id(FULL.cid, 0), host_id(FULL.cid, 1)
    contain = {"method": "POST", "params": {"action_name": "contain"}}
    tag = {"method": "PATCH", "body": {"action": "add", "tags": ["FalconGroupingTags/a"], "device_ids": [host, NOBODY]}}
    group = {"method": "POST", "body": {"resources": [{"name": "x", "group_type": "static"}]}}
    tasks = (
        task("first", ACTIONS, ids=[host], **contain)
        + task("again", ACTIONS, ids=[host], ignore_codes=[409], **contain)
        + task("part", ACTIONS, ids=[host, other, NOBODY], ignore_codes=[409], **contain)
        + task("let", ACTIONS, ids=[NOBODY, other], ignore_codes=[409], allow_partial=True, **contain)
        + task("tagged", "/devices/entities/devices/tags/v1", **tag)
        + task("details", "/devices/entities/devices/v2", method="POST", ids=[host, NOBODY])
        + task("made", GROUPS, **group)
        + task("gone", GROUPS, method="DELETE", ids=["{{ (made.resources | default([{'id': 'x'}]))[0].id }}"])
        + task("nothing", GROUPS, method="DELETE", ids=["nobody"], ignore_codes=[404])
    )
    names = ("first", "again", "part", "let", "tagged", "details", "made", "gone", "nothing")
    checked = user.play(tasks + dump(*names), "--check").ok()
    writes = [name for name in names if name != "details"]
    assert all(checked.value(name)["changed"] and checked.value(name)["request"]["method"] for name in writes)
    assert checked.value("tagged")["request"]["body"] == tag["body"]
    assert [entry["path"] for entry in user.emulator.requests()] == ["/oauth2/token", "/devices/entities/devices/v2"]

    run = user.play(tasks + dump(*names)).ok()
    changed = [name for name in names if run.value(name)["changed"]]
    assert changed == ["first", "part", "tagged", "made", "gone"]
    failed = [name for name in names if run.value(name).get("failed")]
    assert failed == ["part", "let", "tagged", "details"] or failed == ["part", "tagged", "details"], failed
    assert f"did only a part (202): 1 done, 1 not (No device found with ID {NOBODY})" in why(run.value("part"))
    assert "1 done, 1 not" in why(run.value("tagged")) and "Device not found" in why(run.value("tagged"))
    assert "did only a part (400): 1 done, 1 not" in why(run.value("details"))
    assert run.value("details")["resources"][0]["device_id"] == host


@pytest.mark.brief
@pytest.mark.secrecy
def test_from_another_machine_as_from_here(user: User) -> None:
    user.credentials(FULL)
    there = "delegate_to: bastion"
    user.emulator.fault("kill", path=ALERTS)
    user.emulator.fault("echo", path=GROUPS)
    tasks = (
        task("list", HOSTS, paginate=True, params={"limit": 7}, more=there)
        + task("renewed", ALERTS, method="POST", body={"limit": 7}, paginate=True, more=there)
        + task("part", "/devices/entities/devices/v2", method="POST", ids=[host_id(FULL.cid, 0), NOBODY], more=there)
        + task("echo", GROUPS, method="DELETE", ids=["a"], more=there)
        + task("refused", HOSTS, dest="x", more=there)
        + task("reveal", REVEAL, method="POST", body={"device_id": "MAINTENANCE"}, more=there)
    )
    names = ("list", "renewed", "part", "echo", "refused", "reveal")
    env = {"ANSIBLE_PIPELINING": "false", "ANSIBLE_LOG_PATH": str(user.home / "ansible.log")}
    run = user.play(tasks + dump(*names), "-vvvvv", "--diff", "--limit", "h1", hosts=BASTION, env=env).ok()
    assert "AnsiballZ_falcon_api.py" in run.output
    assert (run.value("list")["count"], run.value("renewed")["count"], run.value("list")["cloud"]) == (30, 30, "us-1")
    assert why(run.value("part")).startswith("On bastion: POST /devices/entities/devices/v2 at https://api.crowdstrike")
    assert run.value("part")["resources"][0]["device_id"] == host_id(FULL.cid, 0)
    assert "invalid header Authorization: Bearer ***" in why(run.value("echo"))
    assert "dest is for files of the control node" in why(run.value("refused"))
    secret = run.value("reveal")["resources"][0]["uninstall_token"]
    assert secret not in run.output
    assert user.asked() == 2


@pytest.mark.brief
def test_an_empty_body_is_sent_from_another_machine_as_from_here(user: User) -> None:
    user.credentials(FULL)
    write: dict[str, Any] = {"method": "POST", "body": {}}
    user.play(task("here", GROUPS, **write) + task("there", GROUPS, **write, more="delegate_to: bastion"),
              "--limit", "h1", hosts=BASTION).ok()  # fmt: skip
    sent = [(each["body"], each["headers"]["content-type"]) for each in user.emulator.requests(path=GROUPS)]
    assert sent == [({}, "application/json")] * 2


@pytest.mark.brief
@pytest.mark.secrecy
def test_the_token_is_in_no_output_whatever_the_server_says(user: User) -> None:
    user.credentials(FULL)
    user.emulator.configure(strangers=["evil.example.com"], next_page_prefix="https://evil.example.com")
    bearer = "{authorization} {token}"
    user.emulator.fault("echo", path=HOSTS)
    user.emulator.fault(
        "echo", path=HOSTS, status=200, body={"resources": [bearer], "errors": [], "meta": {"a": bearer}}
    )
    user.emulator.fault("echo", path=HOSTS, status=200, body=f"text {bearer}", headers=TEXT)
    user.emulator.fault("echo", path=HOSTS, status=200, body={}, headers={"X-Api-Deprecation": bearer})
    user.emulator.fault("echo", path=HOSTS, status=200, body=bearer * 9, headers=TEXT)
    user.emulator.fault("echo", path=HOSTS, status=200, body=bearer, times=3, headers=TEXT)
    user.emulator.fault("redirect", path=GROUPS, url=f"https://evil.example.com{GROUPS}")
    tasks = (
        "".join(task(f"e{number}", HOSTS, **({"dest": "file"} if number == 4 else {})) for number in range(5))
        + f"- debug: {json.dumps({'msg': lookup(HOSTS)})}\n"
        + f"- debug: {json.dumps({'msg': lookup(HOSTS)})}\n  when: false\n"
        + task("looped", HOSTS, more="loop: [1, 2]\nuntil: false\nretries: 1\ndelay: 0")
        + task("redirected", GROUPS, method="DELETE", ids=["a"])
        + task("elsewhere", INDICATORS, paginate=True, params={"limit": 7})
        + task("reveal", REVEAL, method="POST", body={"device_id": "MAINTENANCE"}, more="no_log: false")
        + task("revealed", REVEAL, method="POST", ids=["x"], more="no_log: false")
    )
    names = ("e0", "e1", "e2", "e3", "e4", "redirected", "elsewhere", "reveal", "revealed")
    env = {"ANSIBLE_LOG_PATH": str(user.home / "ansible.log"), "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "true"}
    run = user.play(tasks + dump(*names), "-vvvvv", "--diff", env=env).ok()
    assert "Bearer ***" in why(run.value("e0")) and run.value("e1")["resources"] == ["Bearer *** ***"]
    assert run.value("e2")["content"] == "text Bearer *** ***" and run.says("X-Api-Deprecation: Bearer *** ***") >= 1
    assert (user.project / "file").read_text() == "Bearer *** ***" * 9
    assert "failed with 308" in why(run.value("redirected"))
    assert "named a next page that is not at the same host" in why(run.value("elsewhere"))
    assert user.emulator.requests(host="evil.example.com") == []
    assert run.value("reveal")["resources"][0]["uninstall_token"] not in run.output
    assert "failed with 404" in why(run.value("revealed")) and run.says("failed with 404") >= 1
    assert user.asked() == 1


BAD = [
    ({}, "path is missing"),
    ({"path": "devices/queries/devices/v1"}, "must begin with /"),
    ({"path": "https://evil.example.com/a"}, "must begin with /"),
    ({"path": "//evil.example.com/a"}, "is not a path of the API"),
    ({"path": "/a/../oauth2/token"}, "is not a path of the API"),
    ({"path": "/a@evil.example.com"}, "is not a path of the API"),
    ({"path": "/a\r\nHost: evil.example.com"}, "is not a path of the API"),
    ({"path": "/oauth2/token", "method": "POST"}, "is about tokens"),
    ({"path": HOSTS, "headers": {"Authorization": "Bearer x"}}, "must not set Authorization"),
    ({"path": HOSTS, "body": {"a": 1}}, "body goes with no GET"),
    ({"path": HOSTS, "ids": ["a"], "params": {"ids": "b"}}, "give them once"),
    ({"path": GROUPS, "method": "POST", "ids": ["a"], "body": {"ids": ["b"]}}, "give them once"),
    ({"path": HOSTS, "ids": []}, "is empty, so there is nothing to ask about"),
    ({"path": HOSTS, "dest": "no/such/directory/file"}, "there is no directory"),
    ({"path": GROUPS, "method": "POST", "src": "missing"}, "missing cannot be read (No such file or directory)"),
    ({"path": HOSTS, "batch_size": 0}, "must be a number from 1 to 5000"),
    ({"path": HOSTS, "query": "a["}, "query is not a JMESPath expression"),
    ({"path": HOSTS, "method": "TRACE"}, "must be one of GET, HEAD"),
    ({"path": HOSTS, "paginated": True}, "Unsupported argument"),
]


@pytest.mark.brief
def test_bad_input_is_a_sentence_before_anything_is_sent(user: User) -> None:
    user.credentials(FULL)
    tasks = "".join(task(f"b{number}", **{"path": "", **arguments}) for number, (arguments, _said) in enumerate(BAD))
    run = user.play(tasks + dump(*(f"b{number}" for number in range(len(BAD))))).ok()
    for number, (arguments, said) in enumerate(BAD):
        assert said in why(run.value(f"b{number}")), arguments
    lookups = [{}, {"method": "DELETE"}, {"dest": "x"}]
    told = user.play("".join(
        f"- debug: {json.dumps({'msg': lookup('' if not each else HOSTS, **each)})}\n  ignore_errors: true\n"
        for each in lookups
    )).ok()  # fmt: skip
    assert told.says("path is missing") and told.says("which a lookup must not") and told.says("lookup: dest")
    assert user.emulator.connects() == []

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of what answers say: the shapes they have, whether anything has changed, and whether all was done."""

from __future__ import annotations

import pickle

import pytest
from ansible_collections.falconops.auth.plugins.module_utils._errors import CallFailed
from ansible_collections.falconops.auth.plugins.module_utils._outcome import TOLD
from ansible_collections.falconops.auth.tests.unit.calls import TRACE, Server, answer, envelope, result_of
from ansible_collections.falconops.auth.tests.unit.examples import US1

GONE = {"code": 404, "message": "no host b"}
ALREADY = {"code": 409, "message": "b is so already"}
POST = {"method": "POST", "path": "/devices/entities/devices-actions/v2", "body": {}, "reads": False}


def failure_of(given, **call):
    with pytest.raises(CallFailed) as caught:
        result_of(Server(given), **{**POST, **call})
    return caught.value


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"meta": {}, "errors": [], "resources": ["a", "b"]}, {"resources": ["a", "b"], "count": 2}),
        ({"meta": {}, "errors": None, "resources": None}, {"resources": [], "count": 0}),
        ({"meta": {}, "resources": {"events": [1, 2]}}, {"resources": {"events": [1, 2]}, "count": 2}),
        ({"meta": {}, "resources": {"token": "x"}}, {"resources": {"token": "x"}, "count": 1}),
        ({"meta": {}, "Resources": [1]}, {"resources": [1], "count": 1}),
        ({"data": {"a": 1}}, {"resources": [], "json": {"data": {"a": 1}}}),
        (
            {"meta": {}, "batch_id": "x", "resources": None},
            {"resources": [], "json": {"meta": {}, "batch_id": "x", "resources": None}},
        ),
        ([1, 2], {"resources": [], "json": [1, 2]}),
        (b"a report", {"resources": [], "content": "a report"}),
        (b"", {"resources": []}),
        (b"x" * 2_000_000, {"content": "x" * 1024 * 1024}),
    ],
)
def test_the_shapes_of_answers(body, told):
    result = result_of(Server(answer(200, body)))
    assert {name: result[name] for name in told} == told
    assert {"json", "content"}.intersection(result) == {"json", "content"}.intersection(told)
    assert (result["changed"], result["status"], result["trace_id"], result["pages"]) == (False, 200, TRACE, 1)


def test_all_of_a_result_is_what_a_delegated_task_hands_on():
    results = [result_of(Server(answer(200, body))) for body in ({"resources": ["a"]}, [1], b"text")]
    assert {name for result in results for name in result} == {*TOLD}


def test_what_stands_beside_the_resources():
    limits = {"X_Ratelimit_Limit": "6000", "X_Ratelimit_Remaining": "\u00b2", "X_Api_Deprecation_Date": "2027\r\n"}
    body = {"meta": {"pagination": {"total": 7}, "powered_by": "x"}, "errors": [], "resources": [1]}
    result = result_of(Server(answer(200, body, **limits)))
    assert result["ratelimit"] == {"limit": 6000, "remaining": None}
    assert (result["total"], result["meta"]["powered_by"], result["truncated"]) == (7, "x", True)
    assert result["deprecation"] == "X-Api-Deprecation-Date: 2027"


@pytest.mark.parametrize(
    ("given", "changed"),
    [
        (envelope([1], writes={"resources_affected": 1}), True),
        (envelope([1], writes={"resources_affected": 0}), False),
        (envelope([], writes={}), True),
        (envelope([{"device_id": "a", "updated": False}, {"device_id": "b", "updated": True}]), True),
        (envelope([{"device_id": "a", "updated": False}]), False),
        (envelope([{"id": "a"}]), True),
        (envelope({"id": "a"}), True),
        (envelope([], [ALREADY]), False),
        (envelope([], [ALREADY], status=409), False),
        (envelope([{"id": "a"}], [ALREADY]), True),
        (answer(204), True),
        (answer(202, {"id": "x"}), True),
    ],
)
def test_what_has_changed(given, changed):
    result = result_of(Server(given), **POST, ignore_codes=[409])
    assert result["changed"] is changed
    assert result_of(Server(given), **{**POST, "reads": True}, ignore_codes=[409])["changed"] is False


PARTIAL = {
    "207": envelope(["a"], [GONE], status=207),
    "a success with errors": envelope(["a"], [GONE], status=202),
    "400 with both": envelope(["a"], [GONE], status=400),
    "flags of items": envelope([
        {"device_id": "a", "updated": True},
        {"device_id": "b", "updated": False, "code": 404, "error": "no host b"},
    ]),
}  # fmt: skip


@pytest.mark.parametrize("coat", PARTIAL)
def test_a_part_is_a_failure_that_tells_both(coat):
    error = failure_of(PARTIAL[coat])
    status = error.result["status"]
    assert error.message.startswith(f"POST {POST['path']} at {US1} did only a part ({status}): 1 done, 1 not (")
    assert "no host b" in error.message and TRACE in error.message
    assert error.result["changed"] is True and error.result["errors"][0]["code"] == 404
    assert error.result["resources"]
    for more in ({"allow_partial": True}, {"ignore_codes": [404]}):
        result = result_of(Server(PARTIAL[coat]), **POST, **more)
        assert (result["changed"], len(result["errors"])) == (True, 1)


def test_what_is_not_ignored_still_fails():
    both = [ALREADY, GONE]
    error = failure_of(envelope([], both, status=409), ignore_codes=[409])
    assert "0 done, 1 not (no host b)" in error.message
    assert error.result["changed"] is False
    assert "1 not" in failure_of(envelope(["a"], both), ignore_codes=[409]).message


def test_a_status_that_is_ignored_speaks_for_codes_of_another_kind():
    odd = envelope([], [{"code": 40401, "message": "no session"}], status=404)
    result = result_of(Server(odd), **POST, ignore_codes=[404])
    assert (result["changed"], result["status"], len(result["errors"])) == (False, 404, 1)
    assert "failed with 404 (no session)" in failure_of(odd).message


def test_codes_that_are_ignored_make_a_refusal_none():
    refused = envelope([], [{"code": "409", "message": "so already"}], status=400)
    assert result_of(Server(refused), **POST, ignore_codes=[409])["changed"] is False
    assert failure_of(refused).result["changed"] is False


@pytest.mark.parametrize("item", [7, None, {"updated": False, "code": 200}, {"updated": "no", "error": "x"}])
def test_items_that_complain_of_nothing(item):
    assert result_of(Server(envelope([item])), **POST)["errors"] == []


@pytest.mark.parametrize("levels", [99, 101, 900, 100_000])
@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_what_is_nested_too_deep_is_a_text(levels, begin, end):
    """Ansible pickles results, and cannot do so with some hundred levels."""
    levels = levels if len(end) == 1 else (levels + 1) // 2
    body = f"{begin * levels}1{end * levels}"
    result = result_of(Server(answer(200, body.encode())))
    assert ("content" in result) == (levels > 50 if len(end) == 2 else levels > 100)
    assert ("json" in result) != ("content" in result)
    pickle.dumps(result)


def test_a_long_answer_that_is_not_deep_is_no_text():
    wide = [{"a": [{"b": []}] * 50}] * 50
    assert result_of(Server(envelope(wide)))["resources"] == wide

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the way from options to a call, and of the token for as long as it takes."""

from __future__ import annotations

import datetime
import itertools
import time
from types import SimpleNamespace

import pytest
from ansible_collections.falconops.auth.plugins.module_utils._argspec import API_SPEC
from ansible_collections.falconops.auth.plugins.module_utils._errors import CallFailed, FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils._calling import call_of, result_of
from ansible_collections.falconops.auth.plugins.plugin_utils._options import Options
from ansible_collections.falconops.auth.tests.unit.controller import templar_of
from ansible_collections.falconops.auth.tests.unit.examples import CLIENT, US1, US2, token

PATH = "/devices/queries/devices/v1"
# One of the few GETs that take a body.
GET_WITH_BODY = "/aspm-api-gateway/api/v1/services/violations/types"
POST = {"path": "/devices/entities/host-groups/v1", "method": "POST"}


def call(*, src=False, **arguments):
    return call_of(Options(API_SPEC, door="task", arguments=arguments, variables={}, templar=templar_of({})), src=src)


def test_a_call_by_its_defaults():
    made = call(path=PATH)
    assert (made.method, made.reads, made.paginate, made.max_wait, made.batch_size) == ("GET", True, False, 90, None)
    assert (made.params, made.body, made.headers, made.ids, made.ignore_codes) == ({}, None, {}, (), ())


def test_a_call_by_what_is_given():
    made = call(
        **POST, ids=["a", 7], ignore_codes=["404"], read_only=True, max_wait="0", params={"a": 1}, body={"b": 2}
    )
    assert (made.ids, made.ignore_codes, made.reads, made.max_wait) == (("a", "7"), (404,), True, 0)
    assert (made.params, made.body) == ({"a": 1}, {"b": 2})
    assert call(**POST).reads is False and call(path=PATH, read_only=False).reads is False


def test_what_is_null_is_left_out_and_what_is_true_is_so_in_small_letters():
    parts = {"a": None, "b": True, "c": 7, "d": {"filename": "x", "content": "y"}}
    made = call(**POST, headers={"X-A": None, "X-B": False, "X-C": 7}, body=parts, body_format="multipart")
    assert made.headers == {"X-B": "false", "X-C": "7"}
    assert made.body == {"b": "true", "c": "7", "d": {"filename": "x", "content": "y"}}


@pytest.mark.parametrize(
    ("given", "body"),
    [
        ('{"a": [1]}', {"a": [1]}),  # as a template gives it that ends in to_json
        ("[]", []),
        ({}, {}),
        ("", None),
        (None, None),
    ],
)
def test_a_body_that_is_json(given, body):
    assert call(**POST, body=given).body == body
    assert call(path=GET_WITH_BODY, body=given).body == body


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "path is missing; give the path of an operation"),
        ({"path": ""}, "path is missing"),
        ({"path": "devices/queries/devices/v1"}, "path (argument of the task) must begin with /"),
        ({"path": "https://evil.example.com/a"}, "path (argument of the task) must begin with /"),
        ({"path": PATH, "method": "get"}, "method (argument of the task) must be one of GET, HEAD"),
        ({"path": PATH, "method": "TRACE"}, "method (argument of the task) must be one of"),
        ({"path": PATH, "params": "filter"}, "params (argument of the task) must be a mapping"),
        ({"path": PATH, "params": {"a": {"b": 1}}}, "params (argument of the task) must hold texts"),
        (
            {"path": PATH, "headers": {"Authorization": "x"}},
            "headers (argument of the task) must not set Authorization",
        ),
        ({"path": PATH, "body": {"a": 1}}, "body goes with no GET"),
        ({"path": PATH, "method": "HEAD", "body": [1]}, "body goes with no HEAD"),
        ({"path": PATH, "src": True}, "src goes with no GET"),
        ({"path": GET_WITH_BODY, "method": "HEAD", "body": {"a": 1}}, "body goes with no HEAD"),
        ({**POST, "src": True, "body": {}}, "body and src are two ways to give the same"),
        ({**POST, "src": True, "ids": ["a"]}, "ids go into a JSON body"),
        ({**POST, "body": [1], "ids": ["a"]}, "ids go into a JSON body"),
        ({**POST, "body": {"a": 1}, "body_format": "form", "ids": ["a"]}, "ids go into a JSON body"),
        ({**POST, "body": {"ids": ["b"]}, "ids": ["a"]}, "ids are given both as ids and in params or body"),
        ({"path": PATH, "params": {"ids": "b"}, "ids": ["a"]}, "ids are given both"),
        ({"path": PATH, "ids": ["a"], "paginate": True}, "ids and paginate exclude each other"),
        ({"path": PATH, "ids": []}, "ids (argument of the task) is empty, so there is nothing to ask about"),
        ({"path": PATH, "ids": ""}, "ids (argument of the task) is empty"),
        ({"path": PATH, "ids": ["a", ""]}, "ids (argument of the task) has an entry that is empty"),
        ({"path": PATH, "ids": [["a"]]}, "ids (argument of the task) must be a list, and each a string"),
        ({"path": PATH, "batch_size": 0}, "batch_size (argument of the task) must be a number from 1 to 5000"),
        ({"path": PATH, "max_items": 0}, "max_items (argument of the task) must be a number from 1"),
        ({"path": PATH, "max_wait": -1}, "max_wait (argument of the task) must be a number from 0 to 3600"),
        ({"path": PATH, "ignore_codes": ["x"]}, "ignore_codes (argument of the task) must be a list, and each a whole"),
        ({**POST, "ids": ["a"], "max_items": 1}, "max_items is for what only reads, and POST"),
        ({**POST, "paginate": True}, "paginate is for what only reads, and POST"),
        ({**POST, "body": "a: b"}, "body (argument of the task) must be a mapping or a list, which is sent as JSON"),
        ({**POST, "body": 7}, "body (argument of the task) must be a mapping or a list"),
        ({**POST, "body": {"a": datetime.date(2026, 1, 1)}}, "body (argument of the task) holds something that JSON"),
        ({**POST, "body": {"a": float("nan")}}, "body (argument of the task) holds something that JSON"),
        (
            {**POST, "body": [1], "body_format": "form"},
            "body (argument of the task) must be a mapping, as body_format is",
        ),
        ({**POST, "body": "a", "body_format": "multipart"}, "body (argument of the task) must be a mapping"),
        ({**POST, "body": {"f": {"filename": "x"}}, "body_format": "multipart"}, "has a part f that is neither a text"),
        ({**POST, "body": {"f": {"src": ["x"]}}, "body_format": "multipart"}, "has a part f that is neither a text"),
        ({**POST, "body": {"f": {"src": "x", "content": "y"}}, "body_format": "multipart"}, "has a part f that is"),
        ({**POST, "body": {"f": [1]}, "body_format": "multipart"}, "has a part f that is neither a text nor a file"),
        ({**POST, "body": {"a": 1}, "body_format": "raw"}, "body (argument of the task) must be a text"),
        ({**POST, "body": "\udcff", "body_format": "raw"}, "bytes that are no text"),
        ({**POST, "body": {"a": "\udcff"}, "body_format": "form"}, "holds bytes that are no text"),
        ({**POST, "body": {"a": "\udcff"}, "body_format": "multipart"}, "holds bytes that are no text"),
        (
            {**POST, "body": {"a": {"filename": "a", "content": "\udcff"}}, "body_format": "multipart"},
            "holds bytes that are no text; a file that is sent is to be given by src",
        ),
        ({"path": PATH, "params": {"a": ["\ud800"]}}, "params (argument of the task) holds bytes that are no text"),
        ({**POST, "body": 7, "body_format": "yaml"}, "body_format (argument of the task) must be one of json, form"),
    ],
)
def test_what_makes_no_sense(arguments, sentence):
    with pytest.raises(FalconError) as caught:
        call(**arguments)
    assert sentence in caught.value.message and caught.value.message.endswith(".")


class Door:
    """A door whose store has this token, and whose API does this with a call."""

    def __init__(self, api):
        self.client, self.stored, self.renewals, self.calls, self.vain = CLIENT, token("t1"), [], [], []
        self.broker = SimpleNamespace(in_vain=lambda *told: self.vain.append(told))
        self.api, self.options = SimpleNamespace(call=api), SimpleNamespace(host="web1")

    def token(self):
        return SimpleNamespace(token=self.stored)

    def cached(self):
        return self.stored

    def renewed(self, dead, call):
        self.renewals.append(dead)
        self.calls.append(call)
        self.stored = token("t2", hostname=self.stored.hostname)
        return self.stored


def test_the_result_says_for_whom(said):
    door = Door(lambda client, call, tokens, tell: {"status": 200, "host": client.hostname, "deprecation": ""})
    door.stored = token("t1", hostname=US2)
    assert result_of(door, call(path=PATH)) == {
        "status": 200, "host": US2, "cloud": "us-2", "member_cid": None, "session": None,
    }  # fmt: skip
    assert said == []


def test_a_failure_says_so_too(said):
    def api(client, call, tokens, tell):
        raise CallFailed("no", {"status": 500, "deprecation": "Date: 2027"})

    with pytest.raises(CallFailed) as caught:
        result_of(Door(api), call(path=PATH))
    assert caught.value.result == {"status": 500, "cloud": "us-1", "member_cid": None, "session": None}
    assert said == [f"falconops.auth: The Falcon API says that GET {PATH} is deprecated (Date: 2027)."]


def test_another_token_is_looked_for_when_time_has_passed(monkeypatch):
    def api(client, call, tokens, tell):
        seen.append(tokens.current())
        door.stored = token("t9")  # by another process
        seen.append(tokens.current())
        monkeypatch.setattr(time, "monotonic", lambda: 10**6)
        seen.append(tokens.current())
        seen.append(tokens.renewed(seen[-1]))
        seen.append(tokens.current())
        door.stored = token("t8", hostname=US2)
        monkeypatch.setattr(time, "monotonic", lambda: 2 * 10**6)
        seen.append(tokens.current())  # which is no use at this host
        with pytest.raises(FalconError, match=f"moved from {US1} to {US2} in the middle"):
            tokens.renewed("t2")
        return {}

    seen, door = [], Door(api)
    result_of(door, call(path=PATH))
    assert seen == ["t1", "t1", "t9", "t2", "t2", "t2"]
    assert door.renewals == ["t9", "t2"]


def test_what_was_in_vain_is_told_to_the_others_by_its_call(said):
    def api(client, call, tokens, tell):
        tokens.renewed(tokens.current())
        tokens.in_vain(failure)
        raise failure

    failure, door = FalconError("no", refused=True), Door(api)
    with pytest.raises(FalconError, match="^no$"):
        result_of(door, call(path=PATH))
    assert (door.calls, door.vain) == ([f"GET {PATH}"], [(CLIENT, f"GET {PATH}", failure)])


@pytest.mark.parametrize(
    ("result", "more", "warning"),
    [
        (
            {"truncated": True, "count": 2, "total": 9},
            {},
            "gave 2 of 9 items; set paginate for all of them, or max_items",
        ),
        ({"truncated": True, "count": 2, "total": None}, {}, "gave 2 of more items"),
        ({"truncated": True, "count": 2, "total": 9}, {"paginate": True}, "gave 2 of 9 items; the API named no more."),
        ({"truncated": True, "count": 2, "total": 9}, {"max_items": 2}, None),
        ({"truncated": True, "count": 2, "total": 9}, {"max_items": 3}, "gave 2 of 9 items; set paginate for all"),
        ({"truncated": False, "count": 9, "total": 9}, {}, None),
        (
            {"truncated": True, "count": 0, "total": None},
            {"path": "/identity-protection/combined/graphql/v1", "method": "POST"},
            "gave 0 of more items; ask again with endCursor in the query",
        ),
    ],
)
def test_what_is_not_all_is_warned_of(said, result, more, warning):
    result_of(Door(lambda *_unused, **_more: dict(result)), call(**{"path": PATH, **more}))
    assert [warning in line for line in said] == ([True] if warning else [])


def test_pages_are_told_at_most_once_a_second(said, monkeypatch):
    def api(client, call, tokens, tell):
        for second in (0, 0.5, 0.9, 1.1, 1.2, 2.2):
            monkeypatch.setattr(time, "monotonic", itertools.repeat(1000 + second).__next__)
            tell(f"at {second}")
        return {}

    result_of(Door(api), call(path=PATH))
    assert said == [f"falconops.auth: at {second}" for second in (0, 1.1, 2.2)]

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of whole calls: their batches and pages, and what is said when they cannot go on."""

from __future__ import annotations

import json

import pytest
from ansible_collections.falconops.auth.plugins.module_utils._errors import CallFailed, DeadToken, FalconError
from ansible_collections.falconops.auth.tests.unit.calls import PATH, TRACE, Server, Tokens, answer, envelope, result_of
from ansible_collections.falconops.auth.tests.unit.examples import US1

GROUPS = "/devices/entities/host-groups/v1"
WRITE = {"method": "POST", "path": "/devices/entities/x/v1", "reads": False}
SCROLL = "/devices/queries/devices-scroll/v1"


def failed(server, tokens=None, streams=None, **call):
    with pytest.raises(CallFailed) as caught:
        result_of(server, tokens, streams, **call)
    return caught.value


def by_after(count):
    return envelope([count], pagination={"after": f"c{count}", "total": 50})


def listing(count, *, window=None, words="limit + offset must be less than or equal to 10000", status=400):
    """A server with so many items by number, and a window that it does not leave."""

    def respond(asked):
        limit, at = int(asked.query.get("limit", 100)), int(asked.query.get("offset", 0))
        if window and at + limit > window:
            return envelope([], [{"code": status, "message": words}], status=status)
        return envelope(list(range(at, min(at + limit, count))), pagination={"limit": limit, "total": count})

    return Server(respond)


@pytest.mark.parametrize(
    ("call", "sizes"),
    [
        ({"method": "GET"}, [100, 100, 50]),
        ({"method": "HEAD"}, [100, 100, 50]),
        ({"method": "POST"}, [250]),
        ({"method": "GET", "batch_size": 120}, [120, 120, 10]),
        ({"method": "DELETE", "reads": False}, [250]),
        ({"method": "DELETE", "reads": False, "batch_size": 100}, [100, 100, 50]),
        ({"method": "PATCH", "reads": False, "batch_size": 200}, [200, 50]),
    ],
)
def test_ids_go_into_query_or_body_in_batches(call, sizes):
    ids = [f"id{number}" for number in range(250)]
    in_query = call["method"] in ("GET", "HEAD", "DELETE")
    server = Server(lambda asked: envelope((asked.query if in_query else asked.body)["ids"]))
    body = {} if in_query else {"body": {"more": 1}}
    result = result_of(server, ids=ids, params={"action_name": "x"}, **body, **call)
    assert (result["resources"], result["pages"], result["count"]) == (ids, len(sizes), 250)
    assert [len(asked.query["ids"] if in_query else asked.body["ids"]) for asked in server.asked] == sizes
    assert all(asked.query["action_name"] == "x" for asked in server.asked)
    assert all((asked.body or {}).get("more") == body.get("body", {}).get("more") for asked in server.asked)


def test_objects_of_several_batches_are_put_together():
    server = Server(envelope({"events": [1]}), envelope({"events": [2]}))
    assert result_of(server, ids=["a", "b"], batch_size=1)["resources"] == [1, 2]


def test_batches_that_fail_tell_what_was_done():
    server = Server(answer(204), envelope([], [{"code": 500, "message": "oh"}], status=500), answer(204))
    error = failed(server, ids=["a", "b", "c"], batch_size=1, **WRITE)
    assert error.message == (
        f"POST {WRITE['path']} at {US1} failed with 500 (oh) [X-Cs-Traceid {TRACE}]; the server has a fault; look "
        "whether it was done, since it was not sent again, and try again later. Of 3 batches 1 were done before it."
    )
    assert error.result["changed"] is True and error.result["errors"][0]["message"] == "oh"
    assert len(server.asked) == 2


def test_an_entry_in_a_batch_does_not_stop_the_next_one():
    server = Server(
        envelope(["a"], [{"code": 404, "message": "no b"}], status=207),
        envelope(["c"], [{"code": 409, "message": "d"}]),
    )
    error = failed(server, ids=["a", "b", "c", "d"], batch_size=2, **WRITE)
    assert "did only a part (200): 2 done, 2 not (no b; d)" in error.message
    assert error.result["resources"] == ["a", "c"]


@pytest.mark.parametrize(
    ("call", "first", "starts_anew"),
    [
        ({"paginate": True}, by_after(1), True),
        (WRITE, None, True),
        ({"ids": ["a", "b"], "batch_size": 1, **WRITE}, envelope(["a"]), False),
    ],
)
def test_whoever_cannot_renew_begins_anew_unless_something_was_written(call, first, starts_anew):
    class Given(Tokens):
        def renewed(self, dead):
            raise DeadToken

    server = Server(*filter(None, [first, answer(401)]))
    if starts_anew:
        with pytest.raises(DeadToken):
            result_of(server, Given(), **call)
    else:
        error = failed(server, Given(), **call)
        assert error.message.endswith("Of 2 batches 1 were done before it.") and error.result["changed"] is True


def test_pages_are_told_and_handed_over_one_by_one():
    lines, items = [], []
    streams = {"tell": lines.append, "emit": items.append}
    result = result_of(listing(5), streams=streams, paginate=True, params={"limit": 2})
    assert items == list(range(5)) and "resources" not in result and result["count"] == 5
    assert lines == [f"GET {PATH}: page {page}, {count} of 5 items" for page, count in ((1, 2), (2, 4), (3, 5))]


@pytest.mark.parametrize(("count", "limit", "pages"), [(10_000, 3000, 4), (9_999, 3000, 4), (10_000, 5000, 2)])
@pytest.mark.parametrize("window", [10_000, None])
def test_all_of_a_list_that_its_window_holds(count, limit, pages, window):
    result = result_of(listing(count, window=window), paginate=True, params={"limit": limit})
    assert (result["count"], result["pages"], result["truncated"]) == (count, pages, False)
    assert result["resources"][-1] == count - 1


def test_a_list_whose_window_excludes_its_edge():
    """Some operations want that limit and offset together stay below it."""
    result = result_of(listing(9_500, window=9_999), paginate=True, params={"limit": 3000})
    assert result["count"] == 9_500


@pytest.mark.parametrize("status", [400, 500])
def test_more_than_the_window_holds(status):
    error = failed(listing(12_345, window=10_000, status=status), paginate=True, params={"limit": 3000})
    assert error.message.startswith(
        f"GET {PATH} at {US1} stopped after 10000 of 12345 items with {status} (limit + off"
    )
    assert "narrow the filter" in error.message and "scroll" in error.message
    assert error.result["count"] == 10_000
    enough = listing(12_345, window=10_000, status=status)
    assert result_of(enough, paginate=True, params={"limit": 3000}, max_items=10_000)["truncated"] is True


def test_a_fault_within_the_window_is_none_of_it():
    error = failed(listing(500, window=300, status=500, words="oh"), paginate=True, params={"limit": 100})
    assert "failed with 500 (oh)" in error.message and "the server has a fault; try again later" in error.message
    assert error.result["count"] == 300


def test_a_larger_window_is_left_to_the_server():
    result = result_of(listing(12_345, window=50_000), paginate=True, params={"limit": 3000})
    assert result["resources"] == list(range(12_345))


@pytest.mark.parametrize("status", [400, 404, 410])
def test_an_expired_cursor(status):
    expired = [{"code": 404, "message": "Search context expired, 'after' key no longer valid"}]
    error = failed(Server(by_after(1), envelope([], expired, status=status)), paginate=True)
    assert error.message.startswith(
        f"GET {PATH} at {US1} stopped after 1 of 50 items with {status} (Search context exp"
    )
    assert "begin again, with larger pages (limit)" in error.message and TRACE in error.message
    assert error.result["resources"] == [1]


def test_the_same_cursor_twice():
    error = failed(Server(lambda asked: by_after(7)), paginate=True)
    assert "stopped after 2 items: the API gave the same cursor twice" in error.message


def test_cursors_for_ever_and_nothing_with_them():
    server = Server(lambda asked: envelope([], pagination={"after": str(len(server.asked))}))
    assert "11 empty pages in a row" in failed(server, paginate=True).message


@pytest.mark.parametrize(("wait", "refused"), [(130, True), (100, False)])
def test_a_scroll_does_not_wait_until_its_cursor_is_dead(wait, refused):
    first = envelope([1], pagination={"offset": "cursor", "total": 2})
    epoch = {"X_Ratelimit_Retryafter": str(1000 + wait), "Date": "Thu, 01 Jan 1970 00:16:40 GMT"}
    server = Server(first, answer(429, **epoch))
    message = failed(server, path=SCROLL, paginate=True, max_wait=3600).message
    assert [asked.request.longest_wait for asked in server.asked] == [3600, 119]
    assert (f"asked to wait {wait} seconds, and the cursor of a scroll is dead after 120" in message) == refused
    assert ("max_wait" in message) != refused


@pytest.mark.parametrize("until", ["inf", "1e300", str(2 * 86400)])
def test_a_wait_that_makes_no_sense_is_no_number_of_seconds(until):
    epoch = {"X_Ratelimit_Retryafter": until, "Date": "Thu, 01 Jan 1970 00:00:00 GMT"}
    assert "the API asked to wait more than a day; wait" in failed(Server(answer(429, **epoch))).message
    first = envelope([1], pagination={"offset": "cursor", "total": 2})
    message = failed(Server(first, answer(429, **epoch)), path=SCROLL, paginate=True).message
    assert "asked to wait more than a day, and the cursor of a scroll is dead after 120;" in message


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "check that the API client has the scope for this call, and that this machine's address is on its IP"),
        (413, "send less at once"),
        (414, "give less in params"),
        (429, "the API asked to wait a minute; wait longer (max_wait, retries), or ask less"),
        (502, "the server has a fault; try again later"),
        (418, "check path and hostname"),
    ],
)
def test_what_a_status_means(status, words):
    page = answer(status, b"<html>no</html>", Content_Type="text/html")
    message = failed(Server(page)).message
    assert message.startswith(f"GET {PATH} at {US1} failed with {status} and no words of the API") and words in message


@pytest.mark.parametrize("status", [413, 414])
def test_what_is_too_much_at_once_by_ids(status):
    assert "; give a lower batch_size." in failed(Server(answer(status)), ids=["a"]).message


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (answer(404, b"Repository\nnot found", Content_Type="text/plain; charset=utf-8"), " (Repository not found)"),
        (answer(400, {"message": "no such view", "code": 7}), " (no such view)"),
        (answer(400, {"error": "no such view"}), " (no such view)"),
        (answer(400, {"message": {"a": 1}}), " and no words of the API"),
        (answer(400, b"<p>no</p>", Content_Type="text/plain"), " and no words of the API"),
        (answer(400, {"message": f"no {Tokens().current()}"}), " (no ***)"),
    ],
)
def test_words_in_another_form(refusal, words):
    message = failed(Server(refusal)).message
    assert message.startswith(f"GET {PATH} at {US1} failed with {refusal.status}{words} [X-Cs-Traceid")


def test_long_ids_are_split_before_they_are_too_many():
    ids = [f"{number:03d}/{'x' * 196}" for number in range(100)]
    server = Server(lambda asked: envelope(asked.query["ids"]))
    assert result_of(server, ids=ids)["resources"] == ids
    assert len(server.asked) == 2 and all(len(asked.url) < 16_000 for asked in server.asked)


@pytest.mark.parametrize("status", [200, 203])
def test_a_page_for_people_is_no_answer(status):
    page = answer(status, b"<html>login</html>", Content_Type="text/html; charset=utf-8")
    assert f"was answered with an HTML page [X-Cs-Traceid {TRACE}]; is there" in failed(Server(page)).message
    assert "]; look whether it was done; is there something between" in failed(Server(page), **WRITE).message
    seen = []
    with pytest.raises(CallFailed, match="HTML page"):
        result_of(Server(page), streams={"sink": seen.append})
    wanted = result_of(Server(page), headers={"ACCEPT": "text/html"})
    assert wanted["content"] == "<html>login</html>"


BETWEEN = "; is there something between this machine and the API that answers in its place?"
ODD = "something other than the API's meta and resources"
JSON = {"Content_Type": "application/json; charset=utf-8"}
RESOURCES, META = (f"JSON in which '{name}' has a wrong type" for name in ("resources", "meta"))
CUT = answer(200, b'{"meta": {"pagination": {"offs', **JSON)
# What is no page of a list, and what is said of it.
NO_PAGES = {
    "cut off": (CUT, "JSON that cannot be read"),
    "cut off in another type": (answer(200, CUT.body, Content_Type="application/hal+json"), "JSON that cannot be read"),
    "more than one": (answer(200, b'{"meta": {}, "resources": []}<br>', **JSON), "JSON that cannot be read"),
    "no text": (answer(200, b"\xff\xfe\xff", **JSON), "JSON that cannot be read"),
    "empty": (answer(200, b"", **JSON), "JSON that cannot be read"),
    "empty, of no type": (answer(200), ODD),
    "no content": (answer(204), ODD),
    "text": (answer(200, b"proxy says hello", Content_Type="text/plain"), ODD),
    "text by request": (answer(200, b"<html>", Content_Type="text/html"), ODD),
    "list": (answer(200, [1, 2]), ODD),
    "null": (answer(200, b"null", **JSON), ODD),
    "object": (answer(200, {"message": "hello"}), ODD),
    "resources alone": (answer(200, {"resources": []}), ODD),
    "GraphQL": (answer(200, {"data": {"a": {"nodes": []}}}), ODD),
    "all wrong": (
        answer(200, {"resources": 5, "errors": "x", "meta": []}),
        RESOURCES,
    ),
    "Resources": (answer(200, {"Resources": "", "meta": {}}), RESOURCES),
    "meta": (answer(200, {"resources": [], "meta": []}), META),
    "pagination": (envelope([], pagination=[1]), META),
}


@pytest.mark.parametrize("kind", NO_PAGES)
@pytest.mark.parametrize("place", ["first", "later", "in a file"])
def test_what_is_no_page_is_no_end_of_a_list(kind, place):
    odd, what = NO_PAGES[kind]
    before = [] if place == "first" else [envelope(list(range(7)), pagination={"offset": 0, "limit": 7, "total": 21})]
    streams = {"emit": [].append} if place == "in a file" else {}
    error = failed(Server(*before, odd), streams=streams, paginate=True, headers={"Accept": "text/html"})
    assert error.message.startswith(f"GET {PATH} at {US1} was answered with {what} [X-Cs-Traceid {TRACE}]; ")
    assert error.message.endswith((BETWEEN, "otherwise find out what answers in the API's place."))
    assert error.result["count"] == 7 * len(before) and error.result["status"] == odd.status


@pytest.mark.parametrize("kind", NO_PAGES)
def test_what_is_no_answer_to_a_batch(kind):
    odd, what = NO_PAGES[kind]
    for call in ({}, WRITE):
        nothing = call and not odd.body
        call = {"ids": ["a", "b"], "batch_size": 1, "headers": {"Accept": "text/html"}, **call}  # noqa: PLW2901
        if nothing:  # which may be the answer to a write
            assert result_of(Server(envelope(["a"]), odd), **call)["pages"] == 2
            continue
        error = failed(Server(envelope(["a"]), odd), **call)
        assert f"was answered with {what} " in error.message
        assert error.message.endswith(" Of 2 batches 1 were done before it.")
        assert ("; look whether it was done; " in error.message) == (call.get("reads") is False)


@pytest.mark.parametrize("kind", NO_PAGES)
def test_a_single_call_may_have_any_answer_that_can_be_read(kind):
    odd, what = NO_PAGES[kind]
    for call in ({}, WRITE, {"ids": ["a"]}):
        server, given = Server(odd), {"headers": {"Accept": "text/html"}, **call}
        if what == ODD or (call is WRITE and not odd.body):
            result = result_of(server, **given)
            assert ("json" in result or "content" in result) == (kind != "resources alone" and bool(odd.body))
            continue
        error = failed(server, **given)
        asked = f"{given.get('method', 'GET')} {given.get('path', PATH)} at {US1}"
        doubt = "; look whether it was done" if call is WRITE else ""
        assert error.message == f"{asked} was answered with {what} [X-Cs-Traceid {TRACE}]{doubt}{BETWEEN}"
        assert error.result["changed"] is False


def test_a_head_has_nothing_to_read():
    assert result_of(Server(answer(200, b"", **JSON)), method="HEAD")["count"] == 0
    assert result_of(Server(*[answer(200, b"", **JSON)] * 2), method="HEAD", ids=["a", "b"], batch_size=1)["pages"] == 2


@pytest.mark.parametrize("errors", [{"code": 500, "message": "internal"}, "internal", ["internal"]])
def test_an_error_in_another_place_than_usual(errors):
    server = Server(envelope(["a"], errors, pagination={"after": "x"}), envelope([], errors))
    error = failed(server, paginate=True)
    assert "did only a part (200): 1 done, 2 not (internal; internal)" in error.message
    assert error.result["errors"] == [errors if isinstance(errors, dict) else {"message": "internal"}] * 2
    assert result_of(Server(envelope(["a"], errors)), allow_partial=True)["errors"]


@pytest.mark.parametrize(
    ("kind", "body", "taken"),
    [
        ("application/json", CUT.body, False),
        ("application/json", b"", False),
        ("application/json", b'{"a": "\xff"}', False),
        ("application/json", b'{"a": 1}', True),
        ("application/json", b'{"a": 1}\n{"a": 2}\n', True),
        ("application/json", b"PK\x03\x04", True),
        ("application/octet-stream", CUT.body, True),
        ("", b"", True),
    ],
)
def test_json_that_is_cut_off_is_no_file(kind, body, taken):
    server, streams = Server(answer(200, body, Content_Type=kind)), {"sink": [].append}
    if taken:
        assert result_of(server, streams=streams)["status"] == 200
    else:
        assert "was answered with JSON that cannot be read" in failed(server, streams=streams).message


def test_bytes_want_a_file():
    blob = answer(200, b"\x7fELF\xff\xfe", Content_Type="application/octet-stream")
    told = (
        f"was answered with bytes (application/octet-stream) [X-Cs-Traceid {TRACE}]; give dest, the file to put them in"
    )
    assert failed(Server(blob)).message.endswith(f"{told}.")
    assert failed(Server(blob), ids=["a"]).message.endswith(f"{told}, and params in place of ids.")
    written = failed(Server(blob), **WRITE)
    assert written.message.endswith("; if it only reads, give read_only and dest.")
    assert (written.result["changed"], written.result["status"]) == (True, 200)
    seen = []
    result = result_of(Server(blob), streams={"sink": seen.append})
    assert seen == [None, b"\x7fELF\xff\xfe", b""] and "content" not in result


@pytest.mark.parametrize(
    ("given", "more", "truncated"),
    [
        ({"offset": 0, "total": 9}, {}, True),
        ({"offset": 0, "total": 3}, {}, False),
        ({"after": "x", "total": 9}, {}, True),
        ({"after": "x", "total": 3}, {}, False),
        ({"after": "x"}, {}, True),
        ({"after": ""}, {}, False),
        ({"offset": 6, "total": 9}, {"params": {"offset": 6}}, False),
        ({"offset": 0, "total": 3}, {"max_items": 2}, True),
    ],
)
def test_an_answer_that_is_not_all(given, more, truncated):
    assert result_of(Server(envelope([1, 2, 3], pagination=given)), **more)["truncated"] is truncated


@pytest.mark.parametrize(
    ("data", "truncated"),
    [
        ({"entities": {"nodes": [1], "pageInfo": {"hasNextPage": True, "endCursor": "x"}}}, True),
        ({"entities": {"nodes": [1], "pageInfo": {"hasNextPage": False}}}, False),
        ({"entities": [{"pageInfo": {"hasNextPage": True}}], "pageInfo": None}, False),
        ([1], False),
        (None, False),
    ],
)
def test_an_answer_of_graphql_that_is_not_all(data, truncated):
    result = result_of(Server(answer(200, {"data": data})), method="POST", body={"query": "{ entities }"})
    assert (result["truncated"], result["json"]) == (truncated, {"data": data})


def test_a_failure_of_the_network_is_one_sentence():
    error = failed(Server(FalconError("no answer came within 10 seconds", refused=True)), **WRITE)
    assert error.message == (
        f"POST {WRITE['path']} at {US1} failed: no answer came within 10 seconds; it was not sent again, since it may "
        "have arrived."
    )
    assert error.result == {"changed": False}


def test_a_body_that_is_a_list_goes_on_in_the_query():
    pages = [envelope([n], pagination={"after": "x" if n == 0 else "", "total": 2}) for n in range(2)]
    server = Server(*pages)
    result_of(server, method="POST", path="/a/aggregates/b/v1", body=[{"a": 1}], paginate=True)
    assert server.asked[1].query == {"after": "x"} and json.loads(server.asked[1].content) == [{"a": 1}]


@pytest.mark.parametrize(
    "fault", [answer(404), envelope(None, [{"code": 404, "message": "context expired"}], status=404)]
)
def test_what_may_be_let_pass_is_no_end_of_a_list(fault):
    server = Server(by_after(1), fault)
    failure = failed(server, path="/a/combined/b/v1", paginate=True, ignore_codes=[404])
    assert "stopped after 1 of 50 items with 404" in failure.message
    assert failure.result["truncated"] is True and failure.result["resources"] == [1]
    first = result_of(Server(fault), path="/a/combined/b/v1", paginate=True, ignore_codes=[404])
    assert (first["status"], first["resources"]) == (404, [])


def test_a_name_without_a_value_does_not_move_the_cursor():
    server = Server(by_after(1), envelope([2]))
    result_of(server, method="POST", body={"limit": 1}, params={"limit": None}, paginate=True)
    assert server.asked[1].body == {"limit": 1, "after": "c1"} and server.asked[1].query == {}


def test_the_same_page_again_and_again_is_no_list():
    pages = iter(range(100))
    server = Server(lambda asked: envelope([1, 2], pagination={"after": f"c{next(pages)}", "total": 50}))
    failure = failed(server, paginate=True)
    assert "stopped after 4 items: the API gave the same page twice" in failure.message and len(server.asked) == 2


def test_as_many_as_are_wanted_of_what_is_asked_for_by_ids():
    server = Server(lambda asked: envelope([asked.query["ids"]]))
    result = result_of(server, ids=["a", "b", "c"], batch_size=1, max_items=1)
    assert (result["resources"], result["truncated"], len(server.asked)) == (["a"], True, 1)


GONE = envelope(None, [{"code": 404, "message": "no such host"}], status=404)


def test_a_part_is_let_pass_wherever_a_batch_ends():
    for method in ("GET", "POST"):
        call = {**WRITE, "method": method, "reads": method == "GET", "ids": ["a", "b", "c"], "batch_size": 1}
        server = Server(envelope(["a"]), GONE, envelope(["c"]))
        result = result_of(server, allow_partial=True, **call)
        assert (result["resources"], result["changed"]) == (["a", "c"], method == "POST")
        assert [error["code"] for error in result["errors"]] == [404]
        assert "Of 3 batches 1 were done" in failed(Server(envelope(["a"]), GONE), **call).message
        nothing = failed(Server(GONE, GONE, GONE), allow_partial=True, **call)
        assert "failed with 404 (no such host)" in nothing.message and nothing.result["changed"] is False
    # What is wrong with the whole of a request is nothing to let pass.
    many = envelope(None, [{"code": 400, "message": "at most 1 of ids"}], status=400)
    call = {"ids": ["x1", "x2"], "batch_size": 1, "allow_partial": True}
    assert "at most 1 of ids" in failed(Server(many, envelope(["x2"])), **call).message
    bad = envelope(None, [{"code": 400, "message": "invalid id: x2"}], status=400)
    assert result_of(Server(envelope({"a": 1}), bad), **call)["resources"] == [{"a": 1}]
    outage = FalconError("The connection broke off.")
    assert "broke off" in failed(Server(GONE, outage), allow_partial=True, ids=["a", "b"], batch_size=1).message


def test_a_token_that_dies_among_batches_where_there_is_no_other():
    class Given(Tokens):
        def renewed(self, dead):
            raise DeadToken

    server = Server(envelope(["a"]), answer(401))
    failure = failed(server, Given(), **WRITE, ids=["a", "b"], batch_size=1)
    assert (
        failure.message.startswith("POST /devices/entities/x/v1 at https://") and "failed with 401" in failure.message
    )
    assert failure.result["changed"] is True


@pytest.mark.parametrize(
    ("item", "changed"), [({"updated": "2026-01-01T00:00:00Z"}, True), ({"updated": False}, False)]
)
def test_when_it_was_updated_is_not_whether(item, changed):
    assert result_of(Server(envelope([{"id": "a", **item}])), **WRITE)["changed"] is changed


def test_a_page_that_is_a_part_is_a_page():
    part = envelope([2], [{"code": 404, "message": "no 3"}], status=400, pagination={"after": "c2", "total": 50})
    server = Server(by_after(1), part, envelope([4]))
    assert result_of(server, paginate=True, ignore_codes=[404])["resources"] == [1, 2, 4]


def test_what_is_no_text_is_not_made_one():
    failure = failed(Server(answer(200, "\u00e4;\u00f6".encode("latin-1"), Content_Type="text/csv")))
    assert "was answered with bytes (text/csv)" in failure.message and "content" not in failure.result

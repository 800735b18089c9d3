# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault as a real client sees it, through the proxy and verified TLS."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests
from emulator_calls import CCID, TOKEN, US1_TOKEN_URL, credentials, post

from emulator.cast import US1, US2
from emulator.client import Emulator, EmulatorError
from emulator.faults import KINDS


def test_every_kind_is_in_the_readme() -> None:
    text = (Path(__file__).resolve().parents[1] / "emulator" / "README.md").read_text(encoding="utf-8")
    table = text[text.index("| kind | arguments |") : text.index("The setting `paging`")]
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == sorted(KINDS)


def test_status_default_is_json(emulator: Emulator) -> None:
    emulator.fault("status")
    answer = post()
    assert answer.status_code == 500
    assert answer.json()["errors"] == [{"code": 500, "message": "Internal Server Error"}]
    assert answer.headers["X-Cs-Traceid"] == answer.json()["meta"]["trace_id"]
    assert post().status_code == 201  # once is enough by default


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [("<html>oops</html>", "text/html", "<html>oops</html>"), ("", None, ""), ({"a": 1}, "application/json", None)],
)
def test_status_with_a_body(emulator: Emulator, body: object, content_type: str | None, text: str | None) -> None:
    emulator.fault("status", status=502, body=body, headers={"X-Gateway": "yes"})
    answer = post()
    assert (answer.status_code, answer.headers["X-Gateway"]) == (502, "yes")
    assert answer.headers.get("Content-Type", "").startswith(content_type or "")
    assert "X-Cs-Traceid" not in answer.headers
    assert answer.json() == body if text is None else answer.text == text


def test_throttle(emulator: Emulator) -> None:
    emulator.fault("throttle", seconds=7)
    answer = post()
    assert (answer.status_code, answer.headers["X-Ratelimit-Remaining"]) == (429, "0")
    assert 6 <= int(answer.headers["X-Ratelimit-Retryafter"]) - time.time() <= 8


def test_redirect(emulator: Emulator) -> None:
    emulator.configure(strangers=["evil.example.com"])
    emulator.fault("redirect", url="https://evil.example.com/oauth2/token", status=307)
    answer = requests.post(US1_TOKEN_URL, data=credentials(US1), timeout=10, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (307, "https://evil.example.com/oauth2/token")
    assert emulator.requests(host="evil.example.com") == []
    # A client that does follow is seen, and seen to have given the secret away.
    emulator.fault("redirect", url="https://evil.example.com/oauth2/token")
    assert post().status_code == 404
    (entry,) = emulator.requests(host="evil.example.com")
    assert entry["secret_sha256"] is not None
    assert [connect["target"] for connect in emulator.connects()][-1] == "evil.example.com:443"


@pytest.mark.parametrize(("after", "live"), [(False, 0), (True, 1)])
def test_drop(emulator: Emulator, after: bool, live: int) -> None:
    emulator.fault("drop", after=after)
    with pytest.raises(requests.ConnectionError):
        post()
    assert len(emulator.live_tokens()) == live
    (entry,) = emulator.requests()
    assert (entry["fault"], entry["status"], entry["done"]) == ("drop", None, True)


@pytest.mark.parametrize(("after", "live"), [(False, 0), (True, 1)])
@pytest.mark.parametrize("keep", [None, 0, 10])
def test_truncate(emulator: Emulator, after: bool, live: int, keep: int | None) -> None:
    emulator.fault("truncate", after=after, keep=keep)
    with requests.post(US1_TOKEN_URL, data=credentials(US1), timeout=10, stream=True) as answer:
        assert answer.status_code == 201
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
            _unused = answer.content
    assert len(emulator.live_tokens()) == live


def test_hang(emulator: Emulator) -> None:
    emulator.fault("hang", seconds=60)
    with pytest.raises(requests.ReadTimeout):
        requests.post(US1_TOKEN_URL, data=credentials(US1), timeout=0.2)
    (entry,) = emulator.requests()
    assert not entry["done"]
    emulator.release()
    emulator.wait_for_requests(1, done=True)
    assert emulator.live_tokens() == []


def test_delay_holds_one_while_others_pass(emulator: Emulator) -> None:
    emulator.fault("delay", seconds=60)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(post)
        # Until the fault has hit it, another one may be hit in its place.
        (waiting,) = emulator.wait_for_requests(1, path=TOKEN, done=False, fault="delay")
        assert waiting["status"] is None
        assert post(US2, "https://api.us-2.crowdstrike.com/oauth2/token").status_code == 201
        assert not slow.done()
        emulator.release()
        assert slow.result(10).status_code == 201


def test_reset_cuts_off_who_waits(emulator: Emulator) -> None:
    emulator.fault("delay", seconds=60)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(post)
        emulator.wait_for_requests(1, done=False)
        emulator.reset()
        assert isinstance(waiting.exception(10), requests.ConnectionError)
    assert (emulator.live_tokens(), emulator.requests()) == ([], [])


def test_delay_ends_by_itself(emulator: Emulator) -> None:
    emulator.fault("delay", seconds=0.3)
    started = time.monotonic()
    assert post().status_code == 201
    assert time.monotonic() - started >= 0.3


def test_drip(emulator: Emulator) -> None:
    emulator.fault("drip", seconds=0.4)
    started = time.monotonic()
    assert emulator.is_live(post().json()["access_token"])
    assert time.monotonic() - started >= 0.35


def test_malformed_and_shape(emulator: Emulator) -> None:
    emulator.fault("malformed")
    emulator.fault("shape")
    emulator.fault("shape", status=200, body={"access_token": 7})
    malformed = post()
    assert malformed.headers["Content-Type"].startswith("application/json")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        malformed.json()
    assert post().json() == ["unexpected"]
    assert post().json() == {"access_token": 7}


def test_oversize(emulator: Emulator) -> None:
    emulator.fault("oversize", size=3_000_000, times=2)
    answer = post()
    assert len(answer.content) == 3_000_000
    assert len(answer.json()["access_token"]) > 2_900_000
    with requests.post(US1_TOKEN_URL, data=credentials(US1), timeout=10, stream=True) as early:
        assert early.raw.read(10) == b'{"access_t'
    assert post().status_code == 201  # one who leaves early does no harm


def test_which_requests_meet_a_fault(emulator: Emulator) -> None:
    emulator.fault("status", status=500, path=CCID, times=None)
    emulator.fault("status", status=501, host="*.us-2.*", skip=1, times=2)
    assert post().status_code == 201
    assert requests.get("https://api.crowdstrike.com" + CCID, timeout=10).status_code == 500
    statuses = [post(US2, "https://api.us-2.crowdstrike.com/oauth2/token").status_code for _unused in range(4)]
    assert statuses == [201, 501, 501, 201]
    assert [fault["status"] for fault in emulator.faults()] == [500]


@pytest.mark.parametrize(
    ("kind", "args", "complaint"),
    [
        ("flood", {}, "there is no fault 'flood'"),
        ("drop", {"seconds": 1}, "'drop' takes no 'seconds'"),
        ("hang", {"seconds": 1e9}, "between 0 and 300"),
        ("hang", {"times": "2"}, "times of a fault must be of type int"),
        ("redirect", {}, "needs a url"),
    ],
)
def test_faults_are_checked(emulator: Emulator, kind: str, args: dict[str, object], complaint: str) -> None:
    with pytest.raises(EmulatorError, match=complaint):
        emulator.fault(kind, **args)
    assert emulator.faults() == []


def test_clock_offset_shows_in_date(emulator: Emulator) -> None:
    emulator.configure(clock_offset=-7200)
    shown = parsedate_to_datetime(post().headers["Date"]).timestamp()
    assert -7205 <= shown - time.time() <= -7195

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Revoking: at the API that issued the token, then in the store, then in the context; and nobody else's."""

from __future__ import annotations

import hashlib

import pytest

from emulator.cast import CHILD_A, US1, US1_OTHER, US2
from integration.harness import User, later, wrong_clock
from integration.lives import dump, get, info, revoke, stored
from integration.results import Run, sentence

REVOKE, PROBE = "/oauth2/revoke", "/sensors/queries/installers/ccid/v1"
LOOKUP = "lookup('falconops.auth.falcon_token')"
TRY_LOOKUP = f'- debug: {{msg: "{{{{ {LOOKUP} | length }}}}"}}\n  register: tried\n  ignore_errors: true\n'
FACT = '- dump: {fact: "{{ ansible_facts.falcon_context }}"}\n'


def revocations(user: User, **fields: object) -> int:
    return len(user.emulator.requests(path=REVOKE, **fields))


@pytest.mark.brief
def test_at_the_issuing_cloud_then_in_the_store_then_in_the_context(user: User) -> None:
    """The credentials stand in one task's arguments only, so that the context is all that the revocation has."""
    user.vault("group_vars/all.yml", {"only_id": US2.client_id, "only_secret": US2.client_secret})
    given = {"client_id": "{{ only_id }}", "client_secret": "{{ only_secret }}"}
    tasks = get("first", **given) + revoke("gone") + TRY_LOOKUP + revoke("again") + FACT
    run = user.play(tasks + get("second", **given) + dump("first", "gone", "tried", "again", "second"), "-v").ok()
    token, gone = run.value("first")["access_token"], run.value("gone")
    requests = user.emulator.requests()
    assert [(each["path"], each["status"]) for each in requests] == [
        ("/oauth2/token", 308),
        ("/oauth2/token", 201),
        (REVOKE, 200),
        # Where the client lives need not be found out again.
        ("/oauth2/token", 201),
    ]
    sent = requests[2]
    assert (sent["host"], sent["authorization"], sent["client_id"]) == (
        "api.us-2.crowdstrike.com",
        True,
        US2.client_id,
    )
    assert sent["token_sha256"] == hashlib.sha256(token.encode()).hexdigest()
    assert not user.emulator.is_live(token) and user.emulator.is_live(run.value("second")["access_token"])

    assert gone["changed"] and gone["ansible_facts"] == {"falcon_context": {}} == {"falcon_context": run.value("fact")}
    [shown] = gone["revoked"]
    assert (shown["cloud"], shown["hostname"]) == ("us-2", "https://api.us-2.crowdstrike.com")
    assert (shown["client_id"], shown["member_cid"], shown["session"]) == (US2.client_id, None, None)
    assert shown["expires_at"] == run.value("first")["expires_at"] and "access_token" not in shown
    assert run.says("at us-2 revoked") == 1
    for result in (run.value("tried"), run.value("again")):
        assert "the context of host localhost was cleared by falcon_token_revoke" in sentence(result)


@pytest.mark.brief
def test_many_hosts_revoke_once_and_a_lookup_after_it_asks_anew(user: User) -> None:
    user.credentials(US1)
    new = f'- dump: {{new: "{{{{ {LOOKUP} }}}}"}}\n'
    run = user.play(
        get("old") + revoke("gone") + new + revoke("end") + revoke("idle") + dump("old", "gone", "end", "idle"),
        "--forks=10",
        hosts=10,
    ).ok()
    [old], [new] = {each["access_token"] for each in run.values("old")}, set(run.values("new"))
    assert old != new and not user.emulator.is_live(old) and not user.emulator.is_live(new)
    assert user.asked() == 2 and revocations(user) == 2
    for name in ("gone", "end"):
        assert [bool(each["revoked"]) for each in run.values(name)].count(True) == 1
        assert all(each["changed"] == bool(each["revoked"]) for each in run.values(name))
    assert {(each["changed"], *each["revoked"]) for each in run.values("idle")} == {(False,)}


def test_nothing_cached_sends_nothing_and_clears_the_context_of_this_client_alone(user: User) -> None:
    user.credentials(US1, other_id=US1_OTHER.client_id, other_secret=US1_OTHER.client_secret)
    other = {"client_id": "{{ other_id }}", "client_secret": "{{ other_secret }}"}
    tasks = get("mine") + revoke("others", **other) + FACT + revoke("session", session="never-used") + FACT
    run = user.play(tasks + get("still") + dump("mine", "others", "session", "still")).ok()
    assert [run.value(name)["changed"] for name in ("others", "session")] == [False, False]
    assert [run.value(name)["revoked"] for name in ("others", "session")] == [[], []]
    kept, cleared = run.values("fact")
    assert kept["sealed"] and cleared == {}
    assert run.value("still")["cached"] and revocations(user) == 0
    user.credentials(US1, falcon_cache=False)
    assert not user.play(revoke("gone") + dump("gone")).ok().value("gone")["changed"]
    assert revocations(user) == 0


@pytest.mark.brief
def test_by_session_member_client_and_all_and_everybody_else_goes_on(user: User) -> None:
    stored(user, production=US1, eu=US2)
    which = {
        # Empty strings, since the context keeps the choice of the task before.
        "plain": {"client": "production", "member_cid": "", "session": ""},
        "a": {"client": "production", "member_cid": "", "session": "a"},
        "b": {"client": "production", "member_cid": "", "session": "b"},
        "member": {"client": "production", "member_cid": CHILD_A, "session": ""},
        "eu": {"client": "eu"},
    }

    def each(prefix: str, *names: str) -> str:
        """The tokens of these, as they are now; none is asked for in vain."""
        return "".join(get(f"{prefix}_{name}", **which[name]) for name in names) + dump(
            *(f"{prefix}_{name}" for name in names)
        )

    tasks = (
        each("first", *which)
        + revoke("one", **which["a"])
        + each("second", "plain", "b", "member", "eu")
        + revoke("every", client="production", all=True)
        + each("third", "eu")
        + dump("one", "every")
    )
    run = user.play(tasks).ok()
    token = {name: run.value(f"first_{name}")["access_token"] for name in which}
    for name in ("second_plain", "second_b", "second_member", "second_eu", "third_eu"):
        assert run.value(name)["cached"] and run.value(name)["access_token"] == token[name.split("_")[1]]
    assert [one["session"] for one in run.value("one")["revoked"]] == ["a"]
    every = run.value("every")["revoked"]
    assert {(one["member_cid"], one["session"]) for one in every} == {(None, None), (None, "b"), (CHILD_A, None)}
    assert {one["client"] for one in every} == {"production"} and len(every) == 3
    assert [name for name in which if user.emulator.is_live(token[name])] == ["eu"]
    assert revocations(user, status=200) == 4
    # us-1 four times; us-2 twice, once by way of us-1.
    assert user.asked() == 6


def test_an_explicit_token_whether_cached_or_not_or_unknown(user: User) -> None:
    user.credentials(US1)
    tasks = get("old") + get("new", force=True) + get("apart", session="apart")
    tasks += revoke("first", access_token="{{ old.access_token }}") + get("still")
    # Whichever session it belongs to: a cached one leaves the store.
    tasks += revoke("second", access_token="{{ apart.access_token }}") + get("anew", session="apart")
    tasks += revoke("third", access_token="{{ old.access_token }}")
    run = user.play(tasks + dump("old", "new", "apart", "first", "still", "second", "anew", "third")).ok()
    old, new, apart, anew = (run.value(name)["access_token"] for name in ("old", "new", "apart", "anew"))
    assert [user.emulator.is_live(token) for token in (old, new, apart, anew)] == [False, True, False, True]
    assert run.value("still")["access_token"] == new and run.value("still")["cached"]
    assert run.value("anew")["changed"] and anew != apart
    assert run.value("second")["revoked"][0]["session"] == "apart"
    assert all(run.value(name)["changed"] for name in ("first", "second", "third"))
    assert revocations(user, status=200) == 3 and user.asked() == 4


@pytest.mark.brief
def test_a_failure_keeps_entry_and_context_and_the_next_run_finishes_the_job(user: User) -> None:
    user.credentials(US1, falcon_retries=0)
    user.emulator.fault("status", path=REVOKE, status=503)
    user.emulator.fault("drop", path=REVOKE)
    tasks = get("old") + revoke("first") + revoke("second", all=True) + FACT + get("kept")
    run = user.play(tasks + dump("old", "first", "second", "kept")).ok()
    for name, words in (("first", "503"), ("second", "")):
        said = sentence(run.value(name))
        assert said.startswith(f"Revoking a token of client {US1.client_id} at https://api.crowdstrike.com failed")
        assert words in said and not run.value(name)["changed"]
    assert run.value("fact")["sealed"]
    old = run.value("old")["access_token"]
    assert run.value("kept")["cached"] and run.value("kept")["access_token"] == old

    nobody = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    assert sentence(user.play(revoke("tried") + dump("tried"), env=nobody).ok().value("tried"))
    assert user.emulator.is_live(old) and revocations(user) == 2

    gone = user.play(revoke("gone") + dump("gone")).ok().value("gone")
    assert gone["changed"] and not user.emulator.is_live(old)
    assert revocations(user, status=200) == 1 and user.asked() == 1


# What answers in the API's place.
PORTAL = ("status", {"status": 200, "body": "<html><head><title>Sign in</title></head></html>"}, "200 and an HTML page")
PORTALS = [
    PORTAL,
    ("status", {"status": 200, "body": ""}, "200 and nothing that the API says"),
    ("malformed", {"status": 200}, "200 and nothing that the API says"),
    ("shape", {"status": 200, "body": {"status": "ok"}}, "200 and nothing that the API says"),
]


@pytest.mark.brief
def test_a_portal_revokes_nothing_and_knows_of_no_token(user: User) -> None:
    user.credentials(US1)
    for kind, more, _words in PORTALS:
        for path in (REVOKE, PROBE):
            user.emulator.fault(kind, path=path, **more)
    user.emulator.fault(PORTAL[0], path=REVOKE, times=2, **PORTAL[1])
    tries = range(len(PORTALS))
    tasks = get("old") + "".join(revoke(f"r{number}") + info(f"i{number}", verify=True) for number in tries)
    tasks += revoke("all", all=True) + revoke("given", access_token="{{ old.access_token }}") + FACT + get("kept")
    names = [f"{door}{number}" for number in tries for door in "ri"]
    run = user.play(tasks + revoke("gone") + dump("old", *names, "all", "given", "kept", "gone")).ok()
    for number, (_kind, _more, words) in enumerate(PORTALS):
        for door in "ri":
            said = sentence(run.value(f"{door}{number}"))
            assert f"failed: it was answered with {words}" in said and "answers in its place?" in said, said
    for name in ("all", "given"):
        assert "an HTML page" in sentence(run.value(name)) and not run.value(name)["changed"]
    assert run.value("fact")["sealed"] and run.value("kept")["cached"]
    old = run.value("old")["access_token"]
    assert run.value("kept")["access_token"] == old and run.value("gone")["changed"] and not user.emulator.is_live(old)


def test_the_limit_is_waited_for_and_faults_are_tried_again(user: User) -> None:
    user.credentials(US1)
    user.emulator.fault("throttle", path=REVOKE, seconds=2)
    user.emulator.fault("status", path=REVOKE, status=500)
    run = user.play(get("old") + revoke("gone") + dump("old", "gone")).ok()
    assert run.value("gone")["changed"] and not user.emulator.is_live(run.value("old")["access_token"])
    sent = user.emulator.requests(path=REVOKE)
    assert [each["status"] for each in sent] == [429, 500, 200]
    assert sent[1]["time"] - sent[0]["time"] >= 1
    assert user.asked() == 1


def test_what_the_server_no_longer_knows_is_done(user: User) -> None:
    user.credentials(US1)
    user.play(get("old")).ok()
    user.emulator.kill_tokens()
    run = user.play(revoke("gone") + revoke("idle") + dump("gone", "idle")).ok()
    assert run.value("gone")["changed"] and not run.value("idle")["changed"]
    assert revocations(user, status=200) == 1
    # One that has expired is nothing to ask about.
    user.play(get("expiring")).ok()
    assert not user.play(revoke("gone") + dump("gone"), env=later(2000)).ok().value("gone")["changed"]
    assert revocations(user) == 1


@pytest.mark.brief
def test_two_runs_at_once_send_one_request(user: User) -> None:
    user.credentials(US1)
    token = user.play(get("old") + dump("old")).ok().value("old")["access_token"]
    user.emulator.fault("delay", path=REVOKE, seconds=3)
    head = "- hosts: all\n  gather_facts: false\n  tasks:\n"
    tasks = "".join(f"    {line}\n" for line in (revoke("gone", all=True) + dump("gone")).splitlines())
    runs = [one.wait().ok() for one in [user.start(head + tasks) for _unused in range(2)]]
    assert sorted(run.value("gone")["changed"] for run in runs) == [False, True]
    assert revocations(user) == 1 and not user.emulator.is_live(token)


@pytest.mark.brief
def test_two_pipelines_of_one_client(user: User) -> None:
    user.credentials(US1)

    def run(session: str, tasks: str) -> Run:
        return user.play(tasks, env={"FALCON_SESSION": session}).ok()

    one, two = (run(f"pipeline-{n}", get("got") + dump("got")).value("got")["access_token"] for n in (1, 2))
    assert one != two
    assert run("pipeline-1", revoke("gone") + dump("gone")).value("gone")["changed"]
    after = run("pipeline-2", f'- dump: {{token: "{{{{ {LOOKUP} }}}}"}}').value("token")
    assert after == two and [user.emulator.is_live(token) for token in (one, two)] == [False, True]
    assert user.asked() == 2 and revocations(user) == 1


@pytest.mark.brief
def test_check_mode_does_nothing_and_says_what_it_would_do(user: User) -> None:
    user.credentials(US1)
    old = user.play(get("old") + dump("old")).ok().value("old")["access_token"]
    tasks = get("kept") + revoke("one") + revoke("every", all=True) + revoke("given", access_token="x" * 40) + FACT
    run = user.play(tasks + revoke("idle", session="n") + dump("kept", "one", "every", "given", "idle"), "--check").ok()
    assert [run.value(name)["changed"] for name in ("one", "every", "given", "idle")] == [True, True, True, False]
    assert run.value("fact")["sealed"] and run.value("kept")["access_token"] == old
    assert user.emulator.is_live(old) and revocations(user) == 0
    for name in ("one", "every", "given"):
        assert "revoke" in run.value(name).get("msg", "").lower(), run.value(name)


def test_a_clock_that_is_ahead_hides_no_token(user: User) -> None:
    """Whoever hands the token to another program by an hour's error would otherwise be told that nothing is there."""
    user.credentials(US1)
    token = user.play(get("old") + dump("old")).ok().value("old")["access_token"]
    tasks = revoke("gone") + dump("gone")
    said = [user.play(tasks, *args, env=wrong_clock(3600)).ok().value("gone")["changed"] for args in (("--check",), ())]
    assert said == [True, True]
    assert not user.emulator.is_live(token) and revocations(user) == 1


def test_all_go_but_one_that_cannot_be_revoked(user: User) -> None:
    user.credentials(US1, falcon_retries=0)
    tasks = "".join(get(name, session=name) for name in "abc")
    got = user.play(tasks + dump(*"abc")).ok()
    user.emulator.fault("status", path=REVOKE, status=503)
    tasks = revoke("most", all=True) + info("left", all=True) + revoke("rest", all=True) + dump("most", "left", "rest")
    run = user.play(tasks).ok()
    most = run.value("most")
    assert most["failed"] and most["changed"]
    for words in ("2 tokens were revoked, and 1 were not: Revoking a token of client", "failed with 503"):
        assert words in most["msg"]
    gone, [left] = {each["session"] for each in most["revoked"]}, run.value("left")["tokens"]
    assert gone | {left["session"]} == set("abc") and len(gone) == 2
    assert [each["session"] for each in run.value("rest")["revoked"]] == [left["session"]]
    assert not any(user.emulator.is_live(got.value(name)["access_token"]) for name in "abc")


def test_check_mode_agrees_about_a_token_that_is_soon_due(user: User) -> None:
    """It is too old to be handed out, and still to be revoked."""
    user.credentials(US1)
    user.play(get("old")).ok()
    tasks = revoke("gone") + dump("gone")
    said = [user.play(tasks, *args, env=later(1650)).ok().value("gone")["changed"] for args in (("--check",), ())]
    assert said[0] == said[1]


def test_somebody_elses_token_stays_theirs(user: User) -> None:
    stored(user, mine=US1, theirs=US1_OTHER)
    tasks = get("other", client="theirs") + get("own", client="mine")
    tasks += revoke("tried", client="mine", access_token="{{ other.access_token }}")
    tasks += get("still", client="theirs") + get("kept", client="mine")
    run = user.play(tasks + dump("other", "own", "tried", "still", "kept")).ok()
    said = sentence(run.value("tried"))
    for words in ("mine", "failed with 403", "X-Cs-Traceid", "check that the token is one of this client's"):
        assert words in said, said
    for before, after in (("other", "still"), ("own", "kept")):
        assert run.value(before)["access_token"] == run.value(after)["access_token"]
        assert user.emulator.is_live(run.value(after)["access_token"])


def test_many_hosts_that_are_refused_ask_once_or_twice(user: User) -> None:
    """A refusal holds for those who were waiting, as that of a new token does."""
    user.credentials(US1)
    user.play(get("old")).ok()
    user.emulator.fault("status", path=REVOKE, status=403, times=None)
    run = user.play(revoke("tried") + dump("tried"), "--forks=10", hosts=10).ok()
    assert all("failed with 403" in sentence(result) for result in run.values("tried"))
    assert 1 <= revocations(user) <= 2

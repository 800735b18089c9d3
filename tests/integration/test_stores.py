# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The token store in real cache plugins and on real servers: while these work, and when they do not."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest

from emulator.cast import US1, US1_OTHER
from emulator.client import Emulator
from integration.harness import Ansible, User, later
from integration.lives import dump, get, info, revoke
from integration.results import Run
from integration.servers import Cache, Files, Memcached, Redis, Server, Silent, free_port

# In `make test-all` all, in `make test` what differs most.
LONG = bool(os.environ.get("FALCONOPS_TEST_ALL"))
HOSTS, FORKS = (200, 20) if LONG else (20, 10)
# When so many of a token's 1,799 seconds are over, every control node wants a new one; the old one is still good.
SOON_DUE = 1799 - 240 - 20
BOTH_DOORS = """
- falconops.auth.falcon_token:
  register: falcon
- dump: {token: "{{ falcon.access_token }}"}
- dump: {token: "{{ lookup('falconops.auth.falcon_token') }}"}
"""
MINE = "- ansible.builtin.set_fact: {mine: kept, cacheable: true}\n"
SHOW_MINE = "- dump: {mine: \"{{ ansible_facts.mine | default('') }}\"}\n"
CLOCK = "- dump: {clock: '{{ now().timestamp() }}'}\n"
FALLBACK = "falconops.auth keeps tokens in private files of this control node instead"


@pytest.fixture
def cache(request: pytest.FixtureRequest, user: User) -> Cache:
    """A cache plugin by its name, with what it needs."""
    plugin: str = request.param
    if plugin in (Redis.plugin, Memcached.plugin):
        server: Cache = request.getfixturevalue(plugin.rpartition(".")[2])
        return server
    if plugin.startswith("community.general."):
        request.getfixturevalue("community_general")
    return Files(user.private / "tokens" if plugin == "memory" else user.home / "facts", plugin)


@pytest.fixture
def colleague(ansible: Ansible, emulator: Emulator, user: User) -> Iterator[User]:
    """Somebody on another control node: with a home of their own."""
    with tempfile.TemporaryDirectory(prefix="user-") as root:
        colleague = User(Path(root), ansible, emulator)
        yield colleague
        colleague.check_files()


@pytest.fixture
def silent() -> Iterator[Silent]:
    with Silent() as server:
        yield server


def sealed(cache: Cache, but: set[str] = frozenset()) -> dict[str, Any]:  # type: ignore[assignment]
    """The entries that hold a token: a client's index is short."""
    entries = {key: cache.read(key) for key in sorted(cache.tokens() - but)}
    return {key: entry for key, entry in entries.items() if len(str(entry)) > 1000}


def seconds_of(run: Run) -> float:
    """How long what stands between two looks at the clock took."""
    return float(max(run.values("clock"))) - float(min(run.values("clock")))


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} never came"
        time.sleep(0.05)


# --- stores that work ---


@pytest.mark.parametrize(
    "cache",
    [
        "memory",
        "ansible.builtin.jsonfile",
        "community.general.yaml",
        "community.general.pickle",
        pytest.param(Redis.plugin, marks=pytest.mark.brief),
        pytest.param(Memcached.plugin, marks=pytest.mark.brief),
    ],
    indirect=True,
)
def test_a_tokens_life_beside_the_users_facts(user: User, cache: Cache) -> None:
    """What one run has asked for the next one finds, renews, lists and revokes. Facts are no concern of it."""
    user.environment |= cache.fact_cache
    hosts = set() if cache.plugin == "memory" else {"h1", "h2"}
    user.credentials(US1)
    # Facts are written in between, by another process that has looked at the cache before.
    tasks = get("first") + get("apart", session="apart") + MINE + get("again", session="")
    run = user.play(tasks + dump("first", "apart", "again"), hosts=2).ok()
    assert user.asked() == 2
    [first] = {each["access_token"] for each in run.values("first") + run.values("again")}
    [apart] = {each["access_token"] for each in run.values("apart")}
    assert cache.listed() == hosts and len(cache.tokens()) == 3
    for key in cache.tokens():
        lying = f"{key} {cache.read(key)}"
        user.detector.check(lying.encode(), cache.plugin)
        assert US1.client_id not in lying

    # One host renews the token; the others may go on with the old one until it is there.
    tasks = get("found", min_ttl=0) + get("renewing") + get("renewed") + info("listed", all=True)
    tasks += revoke("gone", all=True) + info("left", all=True)
    tasks += dump("found", "renewed", "listed", "gone", "left") + SHOW_MINE
    second = user.play(tasks, hosts=2, env=later(SOON_DUE)).ok()
    assert {(each["access_token"], each["cached"]) for each in second.values("found")} == {(first, True)}
    [renewed] = {each["access_token"] for each in second.values("renewed")}
    assert renewed != first and user.asked() == 3
    assert [len(each["tokens"]) for each in second.values("listed")] == [2, 2]
    assert sorted(str(one["session"]) for each in second.values("gone") for one in each["revoked"]) == ["None", "apart"]
    assert [each["tokens"] for each in second.values("left")] == [[], []]
    assert not user.emulator.is_live(renewed) and not user.emulator.is_live(apart)

    # By then entries of ours would be out of date, and facts are not. Files cannot be told that it is later.
    third = user.play(get("next") + SHOW_MINE, hosts=2, env=later(4000 if isinstance(cache, Server) else 0)).ok()
    assert user.asked() == 4 and len(cache.tokens()) == 2
    assert second.values("mine") == third.values("mine") == ["kept" if hosts else ""] * 2
    assert cache.listed() == hosts


def test_redis_over_tls(user: User, redis: Redis) -> None:
    user.environment |= redis.token_store | {"FALCON_CACHE_CONNECTION": redis.tls_connection}
    user.credentials(US1)
    trusting = {"SSL_CERT_FILE": str(redis.authority)}
    user.play(BOTH_DOORS, env=trusting).ok()
    assert len(redis.tokens()) == 2 and user.entries() == []
    # At this verbosity the plugin shows its connection, of which the password is a part.
    assert "[WARNING]" not in user.play(BOTH_DOORS, "-vvvv", env=trusting).ok().output
    assert user.asked() == 1
    run = user.play(BOTH_DOORS).ok()
    assert run.says(FALLBACK) == run.warnings == 1, "the server's certificate is one that nobody knows"
    assert user.asked() == 2


def test_two_control_nodes_on_one_redis(user: User, colleague: User, redis: Redis) -> None:
    colleague.secret(redis.password)
    colleague.environment["ANSIBLE_COLLECTIONS_PATH"] = user.environment["ANSIBLE_COLLECTIONS_PATH"]
    for node in (user, colleague):
        node.environment |= redis.token_store
        node.credentials(US1)

    def token_of(node: User, left: float = 1559) -> str:
        """left: seconds until the first token is not handed out any more."""
        run = node.play(get("falcon") + dump("falcon"), env=later(1559 - left)).ok()
        return str(run.value("falcon")["access_token"])

    first = token_of(user)
    assert token_of(colleague) == first and user.asked() == 1
    # Each node has a moment of its own between a minute and half a minute before. Whichever comes first to its own
    # renews the token, and the other one finds the new one.
    assert token_of(user, left=62) == first and user.asked() == 1
    seen = [token_of(node, left) for left in (45, 28) for node in (colleague, user)]
    renewed = seen[-1]
    assert seen == [first] * seen.count(first) + [renewed] * seen.count(renewed) and renewed != first
    assert user.asked() == 2

    # The one revokes it while a play of the other has it in hand.
    held, revoked = colleague.project / "held", colleague.project / "revoked"
    tasks = f"""
    - ansible.builtin.file: {{path: {held}, state: touch, mode: '600'}}
    - ansible.builtin.wait_for: {{path: {revoked}, sleep: 1, timeout: 60}}
    - ansible.builtin.uri:
        url: https://api.crowdstrike.com/sensors/queries/installers/ccid/v1
        headers: "{{{{ held.headers }}}}"
        status_code: 401
      no_log: true
    """
    tasks = get("held") + dedent(tasks) + get("next") + dump("held", "next")
    now = later(1559 - 28)
    playing = colleague.start("- hosts: all\n  gather_facts: false\n  tasks:\n" + indent(tasks, "    "), env=now)
    wait_for(held)
    assert len(user.play(revoke("gone") + dump("gone"), env=now).ok().value("gone")["revoked"]) == 1
    revoked.touch()
    run = playing.wait().ok()
    assert run.value("held")["access_token"] == renewed
    assert user.asked() == 3 and user.emulator.is_live(run.value("next")["access_token"])
    assert token_of(user, left=28) == run.value("next")["access_token"]


# Whenever somebody has written an entry, the other node writes its own, and never the same twice in a row.
ANOTHER_NODE = """
if redis.call('GET', KEYS[1]) ~= redis.call('GET', 'its_last') then
    local text = ARGV[redis.call('INCR', 'its_turn') % #ARGV + 1]
    redis.call('SET', KEYS[1], text)
    redis.call('SET', 'its_last', text)
end
"""


def test_another_control_node_that_writes_at_the_same_moment_is_no_failure(user: User, redis: Redis) -> None:
    """Both write the one entry that all tokens of a client share: the index."""
    user.environment |= redis.token_store
    user.credentials(US1)
    texts = []
    for session in ("a", "b"):
        user.play(get("falcon", session=session)).ok()
        [index] = redis.tokens() - sealed(redis).keys()
        texts.append(redis.ask("GET", index))
    with redis.repeating("EVAL", ANOTHER_NODE, "1", index, *texts):
        run = user.play("".join(get(f"s{number}", session=f"s{number}") for number in range(8))).ok()
    assert int(redis.ask("GET", "its_turn")) >= 8
    assert run.warnings == 0, run.output
    assert user.entries() == [] and user.asked() == 10
    # What it wrote over is found by who names the session, all the same.
    assert user.play(get("found", session="s3") + dump("found")).ok().value("found")["cached"]


# --- entries that are not ours ---


def instead_of(entry: Any, stranger: Any) -> list[Any]:
    """What else may lie in an entry's place. Since ansible-core 2.19 every text lies in a wrapping."""
    executes = "{{ lookup('pipe', 'touch executed') }}"
    text = json.dumps(entry)
    changed = text.replace(text[100], "A" if text[100] != "A" else "B")
    wrapped = {"__payload__": json.dumps(executes)}
    return [stranger, json.loads(text.replace("fa1.", "fa0.")), json.loads(changed), executes, wrapped, 7]


@pytest.mark.parametrize("cache", [Redis.plugin, Memcached.plugin, *LONG * ["community.general.yaml"]], indirect=True)
def test_another_entry_in_the_place_of_ours_is_a_miss(user: User, cache: Cache) -> None:
    user.environment |= cache.fact_cache
    user.credentials(US1_OTHER)
    user.play(get("falcon")).ok()
    others = cache.tokens()
    [stranger] = sealed(cache).values()
    hosts = 1 + len(instead_of(stranger, stranger))
    user.credentials(US1, falcon_session_name="{{ inventory_hostname }}")
    user.play(get("falcon"), hosts=hosts).ok()
    (garbage, _entry), *ours = sealed(cache, but=others).items()
    cache.spoil(garbage, "garbage")
    for number, (key, entry) in enumerate(ours):
        cache.write(key, instead_of(entry, stranger)[number])
    assert user.asked() == 1 + hosts

    run = user.play(BOTH_DOORS, hosts=hosts).ok()
    assert run.says("An entry of the falconops.auth token store is damaged") == run.warnings == 1
    assert len(set(run.values("token"))) == hosts
    assert not (user.project / "executed").exists()
    assert user.asked() == 1 + 2 * hosts
    assert "[WARNING]" not in user.play(BOTH_DOORS, hosts=hosts).ok().output
    assert user.asked() == 1 + 2 * hosts


# --- stores that do not work ---


def refuses(redis: Redis) -> str:
    return f"127.0.0.1:{free_port()}:0"


def knows_another_password(redis: Redis) -> str:
    return f"{redis.connection}x"


def is_full(redis: Redis) -> str:
    redis.ask("CONFIG", "SET", "maxmemory", "1")
    return redis.connection


def is_a_replica(redis: Redis) -> str:
    redis.ask("REPLICAOF", "127.0.0.1", str(free_port()))
    return redis.connection


def has_lost_its_replicas(redis: Redis) -> str:
    redis.ask("CONFIG", "SET", "min-replicas-to-write", "1")
    return redis.connection


def has_something_else_for_a_list_of_keys(redis: Redis) -> str:
    redis.ask("SET", "falconops_auth_keys", "garbage")
    return redis.connection


def expect_little_harm(run: Run) -> None:
    """No task failed, and one warning for the whole run, however many hosts and processes it has."""
    assert run.says(FALLBACK) == run.warnings == 1, run.output
    assert len(set(run.values("token"))) == 1


@pytest.mark.parametrize(
    "fault",
    [refuses, knows_another_password, is_full, is_a_replica]
    + LONG * [has_lost_its_replicas, has_something_else_for_a_list_of_keys],
)
def test_a_redis_that_cannot_be_used_costs_a_warning(user: User, redis: Redis, fault: Any) -> None:
    connection = fault(redis)
    user.write(
        "ansible.cfg", f"[falconops_auth]\ncache_plugin = {redis.plugin}\ncache_connection = {connection}\n", clear=True
    )
    user.credentials(US1)
    expect_little_harm(user.play(BOTH_DOORS, hosts=8).ok())
    assert user.asked() == 1 and len(user.entries()) == 2


def test_a_memcached_that_refuses_costs_a_warning(user: User, memcached: Memcached) -> None:
    user.environment |= memcached.token_store | {"FALCON_CACHE_CONNECTION": f"127.0.0.1:{free_port()}"}
    user.credentials(US1)
    expect_little_harm(user.play(BOTH_DOORS, hosts=8).ok())
    assert user.asked() == 1 and len(user.entries()) == 2


@pytest.mark.parametrize("cache", [Redis.plugin, Memcached.plugin], indirect=True)
def test_a_server_that_is_killed_in_mid_play_costs_a_warning(user: User, cache: Redis | Memcached) -> None:
    user.environment |= cache.token_store
    user.credentials(US1)
    kill = f"- ansible.builtin.command: kill -9 {cache.pid}\n  delegate_to: localhost\n  run_once: true\n"
    hosts = (
        "localhost ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'\nh1\nh2\nh3\n"
    )
    expect_little_harm(user.play(get("first") + kill + BOTH_DOORS, hosts=hosts).ok())
    assert user.asked() == 2 and len(user.entries()) == 2


@pytest.mark.parametrize(
    "cache", [pytest.param(Redis.plugin, marks=pytest.mark.brief), Memcached.plugin], indirect=True
)
def test_a_server_that_hangs_is_waited_for_once_in_a_run(user: User, cache: Redis | Memcached, silent: Silent) -> None:
    user.environment |= cache.token_store
    user.credentials(US1)
    tasks = CLOCK + BOTH_DOORS + CLOCK
    healthy = user.play(tasks, f"--forks={FORKS}", hosts=HOSTS).ok()
    assert healthy.warnings == 0 and user.asked() == 1
    user.environment["FALCON_CACHE_CONNECTION"] = cache.connection.replace(str(cache.port), str(silent.port))
    hung = user.play(tasks, f"--forks={FORKS}", hosts=HOSTS).ok()
    expect_little_harm(hung)
    assert user.asked() == 2
    # By the processes that were there before one of them gave up, once each.
    assert 1 <= silent.connections() <= FORKS
    # One wait of less than three seconds. With one for each host it would be ten times as much.
    seconds = seconds_of(healthy), seconds_of(hung)
    print(f"{HOSTS} hosts on {FORKS} forks: {cache.program} healthy {seconds[0]:.1f} s, hung {seconds[1]:.1f} s")
    assert seconds[1] < 5 + 2 * seconds[0]

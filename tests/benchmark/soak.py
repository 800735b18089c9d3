# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Chance against the broker: what may happen does, in any order, and after each step all promises still hold.

`make soak` runs it for ten minutes; the same seed takes the same steps. The broker, the store, the locks and the pace
are real, with their files, and processes that are killed are real processes. The API (tests/unit/server.py) keeps which
tokens live, and the clocks go as the soak says: a step takes a second or hours.

There are two sites. At one, two control nodes whose clocks are 20 seconds apart keep tokens in a directory of theirs;
at the other, one keeps them in its private files, and its clock is set back and ahead by an hour. Each use of a token
is checked against a model of what must be in the store: while that is so, nothing is asked.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import dataclasses
import fcntl
import os
import random
import shutil
import sys
import tempfile
import time
import typing as t
from pathlib import Path
from unittest import mock

from ansible import constants as C
from ansible.utils.display import Display
from ansible_collections.falconops.auth.plugins.module_utils import _token
from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils import _private
from ansible_collections.falconops.auth.plugins.plugin_utils._backend import Backend, StoreSettings
from ansible_collections.falconops.auth.plugins.plugin_utils._broker import Broker
from ansible_collections.falconops.auth.plugins.plugin_utils._lock import Lock
from ansible_collections.falconops.auth.plugins.plugin_utils._seal import Sealer
from ansible_collections.falconops.auth.plugins.plugin_utils._store import Store
from ansible_collections.falconops.auth.tests.unit.examples import US1, US2
from ansible_collections.falconops.auth.tests.unit.server import MARK, Server
from ansible_collections.falconops.auth.tests.unit.stops import FORK, SIGNALS, STEPS, stopped_at

# The soak lives in the past, always from the same moment on: so a file that was written just now is not of long ago.
BEGINNING, END = 1_500_000_000.0, 1_600_000_000.0
HOUR = 3600.0
# Whoever is blocked waits so long, and a step that takes half of it was.
PATIENCE = 60.0
SECRET_MARK = "secretOfTheSoak"
CLIENTS = [
    Client(client_id=f"{number:032}", client_secret=f"{SECRET_MARK}{number:025}", hostname=US1) for number in (1, 2, 3)
]
MEMBERS, SESSIONS = [None, None, "a" * 32], [None, None, "pipeline-1"]
FAILURES = [
    FalconError("refused by the soak", refused=True),
    FalconError("too many requests for the soak", lasting=True),
    FalconError("no answer in the soak"),
]
# All that a user may be warned of.
WARNINGS = (
    "A token of client ",  # could not be renewed and is used while it lasts
    "An entry of the falconops.auth token store is damaged, can be written by others, ",
    "The token store 'ansible.builtin.jsonfile' cannot be used (",
)


@dataclasses.dataclass
class Node:
    """A control node. gave_up: this run may have found the store to be of no use."""

    name: str
    home: Path
    ahead: float
    run: int = 0
    gave_up: bool = False


@dataclasses.dataclass
class Site:
    """Control nodes that share a store. known: what must be in it; listed: and in its index; gone: what must not be."""

    directory: Path
    settings: StoreSettings
    nodes: list[Node]
    jumped: float = 0.0
    down: bool = False
    known: dict[Client, _token.Token] = dataclasses.field(default_factory=dict)
    listed: set[Client] = dataclasses.field(default_factory=set)
    gone: set[str] = dataclasses.field(default_factory=set)
    copies: list[tuple[Path, bytes]] = dataclasses.field(default_factory=list)

    def forget(self, client: Client | None = None) -> None:
        """From now on anything may be in the store, for this client's entry or for all."""
        for who in [client] if client else [*self.known, *self.listed]:
            self.known.pop(who, None)
            self.listed.discard(who)
        if client is None:
            self.gone.clear()


class Soak:
    """One world, and chance."""

    def __init__(self, directory: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.figures: collections.Counter[str] = collections.Counter()
        self.warnings: list[str] = []
        self._said: list[str] = []  # by Ansible's own cache plugins
        self._root = directory / "world"
        self._root.mkdir()
        self._really = time.monotonic
        self._passed = 0.0
        self.server = Server(directory / "server")
        self.server.now = self._right_time
        self.server.homes[CLIENTS[1].client_id] = US2
        self._failed_at = -HOUR
        shared, private = self._root / "shared", self._root / "node-3" / "falconops_auth" / "tokens"
        self.sites = [
            Site(
                shared,
                StoreSettings("ansible.builtin.jsonfile", str(shared), "falconops_auth_"),
                [self._node("node-1", -10.0), self._node("node-2", 10.0)],
            ),
            Site(private, StoreSettings(None, None, "falconops_auth_"), [self._node("node-3", 0.0)]),
        ]
        shared.mkdir()
        self._go_to(self.sites[0], self.sites[0].nodes[0])

    def run(self, *, steps: int | None = None, seconds: float | None = None) -> None:
        """Take so many steps, or as many as so many seconds allow. Raises what goes wrong."""
        begun = time.monotonic()
        deeds = list(self.DEEDS)
        with self._in_charge():
            while steps != 0 and (seconds is None or self._really() - begun < seconds):
                self.figures["steps"] += 1
                self._pass(1.0)
                deed = self.chance.choices(deeds, [self.DEEDS[each] for each in deeds])[0]
                site = self.chance.choice(self.sites)
                self._go_to(site, self.chance.choice(site.nodes))
                started = self._really()
                try:
                    getattr(self, deed)()
                    self._check()
                    assert self._really() - started < PATIENCE / 2, "somebody was blocked"
                except Exception as error:
                    error.add_note(f"step {self.figures['steps']}, {deed} at {self.node}")
                    raise
                steps = None if steps is None else steps - 1
            self._finish()
            self.figures["requests"] = self.server.asked()
            self.figures["hours"] = round(self._passed / HOUR)

    # What can happen, and how often among all.

    DEEDS: t.ClassVar[dict[str, int]] = {
        **{"use": 600, "have_one_of_its_own": 30, "come_as_a_herd": 8, "be_stopped": 40},
        **{"revoke": 25, "revoke_all": 5, "revoke_one_that_is_given": 10, "verify": 25, "list_all": 25},
        **{"let_time_pass": 60, "begin_a_new_run": 40, "set_the_clock": 4},
        **{"change_the_server": 40, "spoil_an_entry": 30, "take_the_store_away": 6},
    }

    def use(self) -> None:
        client = self._anybody()
        self._use(client, self.chance.choice([60, 240, 240, 240, 1200]))

    def have_one_of_its_own(self) -> None:
        client, task = self._anybody(), f"run-{self.node.run} task-{self.chance.randrange(5)}"
        with self._asking(at_most=1):
            self._got(client, 240, own=task)

    def come_as_a_herd(self) -> None:
        client, count = self._anybody(), self.chance.randint(3, 8)
        results = FORK.SimpleQueue()

        def one() -> None:
            try:
                results.put(self._broker(client).token(client, min_ttl=240).token.access_token)
            except FalconError as error:
                results.put(error)

        # After an outage, who did not wait for it may try again.
        at_most = 0 if self._is_known(client, 240) else count if self.server.answer is FAILURES[2] else 1
        with self._asking(at_most=at_most):
            processes = [FORK.Process(target=one) for _process in range(count)]
            for process in processes:
                process.start()
            for _process in processes:
                got = results.get()
                self._check_failure(got) if isinstance(got, FalconError) else self._check_token(got)
            for process in processes:
                process.join()
            assert [process.exitcode for process in processes] == [0] * count
        self.figures["processes in herds"] += count
        self.site.forget(client)

    def be_stopped(self) -> None:
        client, own = self._anybody(), self.chance.choice([None, f"run-{self.node.run} task-9"])
        step, signum = self.chance.choice(list(STEPS)), self.chance.choice(list(SIGNALS.values()))

        def ask() -> None:
            with contextlib.suppress(FalconError):
                self._broker(client).token(client, min_ttl=240, own=own)

        with self._asking(at_most=1):
            code = stopped_at(step, signum, ask)
            assert code in (0, 130, -signum), f"a traceback, most likely: exit code {code} at '{step}'"
        self.figures["processes stopped"] += code != 0
        self.site.forget(client)
        self._use(client, 240)

    def revoke(self) -> None:
        client = self._anybody()
        self._revoke(client, lambda broker: broker.revoke(client))

    def revoke_all(self) -> None:
        client = self._anybody()
        self._revoke(client, lambda broker: broker.revoke_all(client), several=True)

    def revoke_one_that_is_given(self) -> None:
        client = self._anybody()
        token = self._broker(client).cached(client, min_ttl=0)
        if token:
            self._revoke(client, lambda broker: broker.revoke_given(client, token.access_token))

    def verify(self) -> None:
        client = self._anybody()
        token = self._broker(client).alive(client)
        try:
            with self._asking(at_most=0):
                live = self._broker(client).verified(client)
        except FalconError as error:
            self._check_failure(error)
        else:
            assert live == bool(token and self.server.lives(token.access_token))
            if not live:
                self.site.forget(client)

    def list_all(self) -> None:
        client = self._anybody()
        with self._asking(at_most=0):
            found = {token.access_token for _owner, token in self._broker(client).all(client)}
        if not self.node.gave_up:
            same = [who for who in self.site.listed if who.client_id == client.client_id and self._is_known(who, 240)]
            assert {self.site.known[who].access_token for who in same} <= found

    def let_time_pass(self) -> None:
        least, most = self.chance.choice([*[(1, 60)] * 4, *[(60, 600)] * 4, (600, 1800), (1800, 7200)])
        self._pass(self.chance.uniform(least, most))

    def begin_a_new_run(self) -> None:
        self._begin_run(self.node)
        self.node.gave_up = self.site.down

    def set_the_clock(self) -> None:
        """Of the site with one node: one cannot know what is long dead of what another has left in a directory."""
        site = self.sites[1]
        site.jumped = self.chance.choice([each for each in (-HOUR, 0.0, HOUR) if each != site.jumped])
        site.forget()

    def change_the_server(self) -> None:
        self.server.answer = self.chance.choice([None] * 7 + FAILURES)
        self.server.life = self.chance.choice([300, 900, 1799, 1799])
        self.server.left = self.chance.choice([None, None, 10])

    def spoil_an_entry(self) -> None:
        entries = sorted(path for path in self.site.directory.glob("falconops_auth_*")) if not self.site.down else []
        if not entries:
            return
        path, other = self.chance.choice(entries), self.chance.choice(entries)
        if self.chance.random() < 0.5:  # nothing is lost by a copy, until it is put back
            self.site.copies = [*self.site.copies[-20:], (path, path.read_bytes())]
            return
        how = self.chance.choice(["garbage", "half", "other", "template", "gone", "older"])
        if how == "older" and self.site.copies:
            path, content = self.chance.choice(self.site.copies)
            path.write_bytes(content)
        elif how == "gone":
            path.unlink()
        else:
            content = path.read_bytes()
            template = b"\"{{ lookup('pipe', 'touch %s/executed') }}\"" % bytes(self._root)
            made = {"half": content[: len(content) // 2], "other": other.read_bytes(), "template": template}
            path.write_bytes(made.get(how, b"\x00garbage"))
        self.figures["entries spoiled"] += 1
        self.site.forget()

    def take_the_store_away(self) -> None:
        """A file is in its place; or it comes back."""
        site, aside = self.sites[0], self._root / "aside"
        if site.down:
            site.directory.unlink()
            aside.rename(site.directory)
        else:
            site.directory.rename(aside)
            site.directory.write_text("")
            self.figures["stores taken away"] += 1
            for node in site.nodes:
                node.gave_up = True
        site.down = not site.down
        site.forget()

    # One process that asks, and what it must get.

    def _use(self, client: Client, min_ttl: float) -> None:
        known = self.site.known.get(client) if self._is_known(client, min_ttl) else None
        with self._asking(at_most=0 if known else 1):
            got = self._got(client, min_ttl)
        self.figures["uses of a token that must be there"] += known is not None
        assert self.node.gave_up or not got or got.access_token not in self.site.gone, "a revoked token came back"
        if known:
            assert got == known, "the token that is in the store is not the one that was handed out"

    def _got(self, client: Client, min_ttl: float, own: str | None = None) -> _token.Token | None:
        try:
            issued = self._broker(client).token(client, min_ttl=min_ttl, own=own)
        except FalconError as error:
            self._check_failure(error)
            return None
        self.figures["tokens handed out"] += 1
        self._check_token(issued.token.access_token)
        if self.node.gave_up or (own and issued.cached):
            self.site.forget(client)
            return issued.token
        self.site.known[client] = issued.token
        if not issued.cached:
            self.site.listed.add(client)
        return issued.token

    def _is_known(self, client: Client, min_ttl: float) -> bool:
        """Whether the store must have a token for it that no node would renew yet."""
        token = self.site.known.get(client)
        if token is None or self.node.gave_up:
            return False
        good_for = token.expires_at - time.time() - min(min_ttl, token.expires_in / 2)
        return good_for > min(60.0, token.expires_in / 10) + 1

    def _revoke(self, client: Client, revoke: t.Callable[[Broker], t.Any], *, several: bool = False) -> None:
        revoked: t.Any = None
        try:
            with self._asking(at_most=0):
                revoked = revoke(self._broker(client))
        except FalconError as error:
            self._check_failure(error)  # of several, some may have been revoked
        if several:
            self.site.forget()
        elif revoked is not None:
            self.site.forget(client)
        for _owner, token in revoked if isinstance(revoked, list) else ():
            assert not self.server.lives(token.access_token)
            self.figures["tokens revoked"] += 1
            self.site.gone.add(token.access_token)

    @contextlib.contextmanager
    def _asking(self, *, at_most: int) -> t.Iterator[None]:
        before = self.server.asked()
        yield
        asked = self.server.asked() - before
        assert asked <= at_most, f"asked {asked} times, and not {at_most}"
        if asked and self.server.answer:
            self._failed_at = self._passed  # also of a process that was stopped
            self.figures["requests that failed"] += asked

    def _check_failure(self, error: FalconError) -> None:
        """A failure of the server answers, and for half a minute also later ones of the run."""
        assert error.message in {each.message for each in FAILURES}, error.message
        assert self.server.answer or self._passed - self._failed_at < 35, "a failure of long ago answered"
        if self.server.answer:
            self._failed_at = self._passed
        self.figures["failures handed out"] += 1

    def _check_token(self, text: str) -> None:
        assert self.server.lives(text) or self.server.was_revoked(text), "a dead token was handed out"

    # After each step.

    def _check(self) -> None:
        for warning in self.warnings:
            assert warning.startswith(WARNINGS), warning
        self.figures["warnings"] += len(self.warnings)
        for line in [*self.warnings, *self._said]:
            assert MARK not in line and SECRET_MARK not in line
        self.warnings.clear()
        self._said.clear()
        now = time.time()
        for folder, _folders, names in os.walk(self._root):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    content = file.read()
                    if folder.endswith(("/locks", "/limits")):
                        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # or it raises: nobody holds it any more
                assert MARK.encode() not in content and SECRET_MARK.encode() not in content, f"{path} holds a secret"
                assert name != "executed"
                if os.stat(path).st_mtime > END:
                    os.utime(path, (now, now))  # it was written in this step

    def _finish(self) -> None:
        """Three hours later, all that is left in the private files is what lives."""
        if self.sites[0].down:
            self.take_the_store_away()
        self.server.answer = self.server.left = None
        self._pass(3 * HOUR)
        for site in self.sites:
            for node in site.nodes:
                node.run += 1
                self._go_to(site, node)
                for client in CLIENTS:
                    issued = self._broker(client).token(client, min_ttl=240, own="the last task")
                    assert self.server.lives(issued.token.access_token)
                self._check()
                # Of each client two locks, and what each host has told; an entry, two signs that lead to it, an index.
                private = node.home / "falconops_auth"
                assert len(list((private / "locks").iterdir())) <= 2 * len(CLIENTS)
                assert len(list((private / "limits").iterdir())) <= 2
                if site.directory.is_relative_to(private):
                    assert len(list(site.directory.iterdir())) <= 4 * len(CLIENTS)

    # Where and when.

    def _anybody(self) -> Client:
        return dataclasses.replace(
            self.chance.choice(CLIENTS), member_cid=self.chance.choice(MEMBERS), session=self.chance.choice(SESSIONS)
        )

    def _broker(self, client: Client) -> Broker:
        sealer = Sealer.from_secret(client.client_id, client.client_secret)
        warn = self.warnings.append
        lock = Lock(sealer, warn)
        return Broker(
            store=Store(Backend(self.site.settings, warn), sealer, lock, warn),
            lock=lock,
            lock_name=lambda client: sealer.name("lock", client.member_cid, client.session),
            api=self.server,
            run=f"run-{self.node.run}",
            node=self.node.name,
            patience=PATIENCE,
            warn=warn,
        )

    def _node(self, name: str, ahead: float) -> Node:
        node = Node(name, self._root / name, ahead)
        node.home.mkdir()
        self._begin_run(node)
        return node

    def _begin_run(self, node: Node) -> None:
        """Its temporary directory goes when it ends."""
        shutil.rmtree(self._temporary(node), ignore_errors=True)
        node.run += 1
        self._temporary(node).mkdir(parents=True)

    def _temporary(self, node: Node) -> Path:
        return self._root / "tmp" / f"{node.name}-run-{node.run}"

    def _go_to(self, site: Site, node: Node) -> None:
        self.site, self.node = site, node
        os.environ["ANSIBLE_HOME"] = str(node.home)
        C.DEFAULT_LOCAL_TMP = str(self._temporary(node))
        _private.ansible_home.cache_clear()

    def _pass(self, seconds: float) -> None:
        self._passed += seconds

    def _right_time(self) -> float:
        return BEGINNING + self._passed

    @contextlib.contextmanager
    def _in_charge(self) -> t.Iterator[None]:
        """Clocks, and what a run of Ansible has from its environment, are the soak's until the end.

        Within a step they stand still, but for the one that waiting goes by.
        """
        with (
            mock.patch.object(time, "time", lambda: self._right_time() + self.node.ahead + self.site.jumped),
            mock.patch.object(time, "monotonic", lambda: self._really() + self._passed),
            mock.patch.object(_token, "this_boot", lambda: self.node.name),
            mock.patch.object(_token, "since_boot", lambda: HOUR + self._passed),
            mock.patch.object(C, "DEFAULT_LOCAL_TMP", C.DEFAULT_LOCAL_TMP),
            mock.patch.object(C, "CACHE_PLUGIN", "memory"),
            mock.patch.object(Display, "warning", lambda _self, message, *_args, **_kwargs: self._said.append(message)),
            mock.patch.dict(os.environ),
        ):
            yield
        _private.ansible_home.cache_clear()


def main() -> int:
    """Run it for some minutes, and print what happened."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--steps", type=int, help="end after so many steps")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder), arguments.seed)
        try:
            soak.run(steps=arguments.steps, seconds=arguments.minutes * 60)
        finally:
            print(", ".join(f"{name}: {number}" for name, number in soak.figures.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())

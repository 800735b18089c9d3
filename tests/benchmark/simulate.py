# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fleets that are too large for one machine: how often they ask, in a virtual time (`make simulate`).

What is real: the broker, the sealed store, the locks and the pace, with their files. What is a model:

- Time. It passes only while all processes sleep (tests/unit/virtual_time.py): code takes none of it, only waiting does.
- The API. A request reaches it after half of the latency and its answer comes after the other half. It counts the token
  requests of an address over a minute and does not count those that it refuses; `Retryafter` and `Date` are whole
  seconds, as the real one's are. `sliding` takes a request when one of a minute ago leaves the count, `fixed` takes all
  of a minute's at its beginning: which of them the real one does is not documented.
- The store that control nodes share. It answers at once and with what was written last, as a Redis server nearby does.
- A control node. Its clock is off by up to `apart` seconds and keeps its pace. Its runs need a token at random times,
  on average each `every` seconds and independent of those of the other nodes, beginning with a token that is there.
  Nodes that come at the same instant and find no token at all ask once each, since no lock reaches from one node to
  another; that is not simulated, but arithmetic.
- A run of many hosts. `forks` workers take one host after the other; what a host costs besides its token is nothing.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import dataclasses
import email.utils
import io
import json
import math
import os
import random
import tempfile
import time
from pathlib import Path
from unittest import mock
from urllib.parse import parse_qs

from ansible_collections.falconops.auth.plugins.module_utils._oauth2 import request_token
from ansible_collections.falconops.auth.plugins.module_utils._token import Token
from ansible_collections.falconops.auth.plugins.module_utils._wire import Wire
from ansible_collections.falconops.auth.plugins.plugin_utils import _private
from ansible_collections.falconops.auth.plugins.plugin_utils._broker import Broker
from ansible_collections.falconops.auth.plugins.plugin_utils._lock import Lock
from ansible_collections.falconops.auth.plugins.plugin_utils._pace import Pace
from ansible_collections.falconops.auth.plugins.plugin_utils._store import Store
from ansible_collections.falconops.auth.tests.emulator.ratelimit import SlidingWindow
from ansible_collections.falconops.auth.tests.unit.examples import CLIENT, CONNECTION, token
from ansible_collections.falconops.auth.tests.unit.virtual_time import VirtualTime
from ansible_collections.falconops.auth.tests.unit.world import SEALER, World
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

LIFE, LATENCY, MIN_TTL = 1799, 0.3, 240
LIMIT, MINUTE = 300, 60.0


class Api:
    """Gives a new token after a while, and knows when it was asked and which of its tokens live."""

    way = "way"

    def __init__(self, world: VirtualTime) -> None:
        self._world = world
        self.asked: list[float] = []
        self.dies_at: dict[str, float] = {}

    def request(self, client):
        self.asked.append(self._world.now)
        time.sleep(LATENCY / 2)
        text = f"token-{len(self.dies_at)}"
        self.dies_at[text] = self._world.now + LIFE
        time.sleep(LATENCY / 2)
        return dataclasses.replace(token(text), issued_at=time.time())

    def seconds_left(self, there: Token) -> float:
        return self.dies_at[there.access_token] - self._world.now


class SharedStore:
    """A server that several control nodes keep their tokens in, in place of the cache plugin."""

    def __init__(self):
        self._entries = {}

    def get(self, name):
        return self._entries.get(name)

    def set(self, name, text):
        self._entries[name] = text

    def delete(self, name):
        self._entries.pop(name, None)


@dataclasses.dataclass
class Nodes:
    """What many control nodes did.

    Most in a life: requests in any 1,799 seconds, in which a token may be renewed twice; for one token: at one renewal.
    Seconds left: of the tokens that were handed out, by the API's own clock.
    """

    uses: int
    requests: int
    most_in_a_life: int
    most_for_one_token: int
    least_seconds_left: float


def control_nodes(count, *, apart, lives, every, seed=1, clocks=None):
    """So many control nodes on one store, through so many lives of a token."""
    chance = random.Random(seed)
    world, warnings = VirtualTime(), []
    api, backend = Api(world), SharedStore()
    lock = Lock(SEALER, warnings.append)
    store = Store(backend, SEALER, lock, warnings.append)
    left = []

    def node(number):
        # Locks reach no other node.
        broker = Broker(
            **{"store": store, "lock": lock, "lock_name": lambda client: SEALER.name("lock", str(number)), "api": api},
            **{"run": f"run-{number}", "node": f"node-{number}", "patience": 60.0},
            warn=warnings.append,
        )
        while world.now < lives * LIFE:
            left.append(api.seconds_left(broker.token(CLIENT, min_ttl=MIN_TTL).token))
            time.sleep(chance.uniform(0.5, 1.5) * every)

    for number in range(count):
        ahead = clocks[number] if clocks else chance.uniform(-apart / 2, apart / 2)
        world.start(node, number, at=chance.uniform(LATENCY, every) if number else 0.0, clock_ahead=ahead)
    world.run()
    assert warnings == []
    in_a_life, for_one = (
        max(sum(begin <= at < begin + seconds for at in api.asked) for begin in api.asked)
        for seconds in (LIFE, LIFE / 3)
    )
    return Nodes(len(left), len(api.asked), in_a_life, for_one, min(left))


def hosts(count, *, forks, directory):
    """How often one control node asks for so many hosts that start cold."""
    world, api = VirtualTime(), None
    api = Api(world)
    files = World(directory, [])
    left = iter(range(count))
    used = []

    def worker():
        for _host in left:
            used.append(files.token(api=api, patience=60.0).token.access_token)
            time.sleep(0.01)

    for _fork in range(forks):
        world.start(worker)
    world.run()
    assert files.warnings == [] and len(used) == count and len(set(used)) == 1
    return len(api.asked)


class FixedWindow(SlidingWindow):
    """Takes a minute's calls from its beginning to its end."""

    def check(self, key, limit, window, now):
        begin = now - now % window
        while self._hits[key] and self._hits[key][0] < begin:
            self._hits[key].popleft()
        verdict = super().check(key, limit, window, now)
        return verdict if verdict.allowed else dataclasses.replace(verdict, retry_at=begin + window)


class CountingApi(BaseAdapter):
    """What requests takes for the connection to an API that counts."""

    def __init__(self, world, window, answers):
        super().__init__()
        self._world, self._window, self._answers = world, window, answers

    def send(self, request, **_settings):
        time.sleep(LATENCY / 2)
        verdict = self._window.hit("this address", LIMIT, MINUTE, self._world.now)
        status, now = 201 if verdict.allowed else 429, time.time()
        headers = {"X-Ratelimit-Remaining": str(verdict.remaining), "Date": email.utils.formatdate(now, usegmt=True)}
        if not verdict.allowed:
            headers["X-Ratelimit-Retryafter"] = str(math.ceil(now - self._world.now + verdict.retry_at))
        member = parse_qs(request.body)["member_cid"][0]
        self._answers[member].append(status)
        time.sleep(LATENCY / 2)
        body = json.dumps({"access_token": f"token-of-{member}", "expires_in": LIFE}).encode()
        raw = HTTPResponse(io.BytesIO(body), headers=headers, status=status, preload_content=False)
        return HTTPAdapter.build_response(self, request, raw)

    def close(self):
        pass


@dataclasses.dataclass
class Members:
    """What it took to ask for many members. The limit's own time: that of whoever never asks in vain."""

    seconds: float
    limits_own_seconds: float
    refused: int
    most_refusals_of_one: int


def members(count, *, forks, directory, window="sliding"):
    """So many members, cold, in one play, at an API that takes 300 requests in a minute."""
    world, answers = VirtualTime(), collections.defaultdict(list)
    limit = SlidingWindow() if window == "sliding" else FixedWindow()
    files = World(directory, [])
    left = iter(range(count))

    def worker():
        wire = Wire(CONNECTION, Pace())
        wire._session.mount("https://", CountingApi(world, limit, answers))
        api = mock.Mock(request=lambda client: request_token(wire, client))
        for number in left:
            files.token(api=api, client=dataclasses.replace(CLIENT, member_cid=f"{number:032}"), patience=60.0)

    for _fork in range(forks):
        world.start(worker)
    world.run()
    assert files.warnings == [] and all(each.count(201) == 1 for each in answers.values()) and len(answers) == count
    refusals = [each.count(429) for each in answers.values()]
    return Members(world.now, (math.ceil(count / LIMIT) - 1) * MINUTE, sum(refusals), max(refusals))


def main():
    """Simulate the large fleets, and print what they did."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, {"ANSIBLE_HOME": os.path.join(folder, "home")}))
        _private.ansible_home.cache_clear()
        for count, apart in ((2, 180), (10, 180), (100, 180), (1000, 0), (1000, 180)):
            seen = control_nodes(count, apart=apart, lives=8, every=60, seed=arguments.seed)
            print(f"{count} control nodes, clocks {apart} s apart, 8 lives of a token: {seen}", flush=True)
        for count in (1000, 10_000):
            (directory := Path(folder, f"hosts-{count}")).mkdir()
            print(f"{count} hosts: {hosts(count, forks=50, directory=directory)} request", flush=True)
        for window in ("sliding", "fixed"):
            for forks in (5, 50):
                (directory := Path(folder, f"members-{window}-{forks}")).mkdir()
                seen = members(1000, forks=forks, window=window, directory=directory)
                print(f"1000 members, {forks} forks, {window} window: {seen}", flush=True)


if __name__ == "__main__":
    main()

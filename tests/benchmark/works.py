# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured: each piece of work, what it is compared with, and what it may cost.

Times in the worker and counts must meet their limit. A ratio of wall times is a goal: on two cores that others use as
well, single pairs are up to 30 % apart, so that it takes many of them for a median that means something.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from benchmark import ways
from benchmark.place import DEVICES, Play, Script
from emulator.cast import FULL
from emulator.records import host_id

MANY = 15


class Limit(NamedTuple):
    """On ansible-core 2.19 and on the newest; at least: that much, not at most that much."""

    develop: float
    newest: float
    at_least: bool = False

    def on(self, core: str) -> float:
        return self.develop if core.startswith("2.19.") else self.newest

    def met(self, value: float, core: str) -> bool:
        return value >= self.on(core) if self.at_least else value <= self.on(core)


@dataclass(frozen=True)
class Work:
    """One line of the table. way: how it is measured; quick: a part of the first answer."""

    name: str
    play: Play
    reference: tuple[str, Play | Script] | None = None
    limit: Limit | None = None
    hosts: int = 200
    pairs: int = 5
    way: ways.Way = ways.ratio
    quick: bool = False

    @property
    def key(self) -> str:
        """Its name among all others."""
        against = self.reference[0] if self.reference else ""
        return f"{self.name} / {against} / {self.hosts}"

    @property
    def gates(self) -> bool:
        return self.limit is not None and self.way.unit in ("ms", "requests")


def at_most(develop: float, newest: float | None = None) -> Limit:
    return Limit(develop, newest or develop)


# --- the plays ---

TOKEN = Play(("falconops.auth.falcon_token:",), token="warm")
COLD = TOKEN.but(token="cold")
CHAINED = TOKEN.but(credentials="chained")
TIMED = Play(("bench.reference.timed_token:",), token="warm")
TEMPLATED = Play(('falconops.auth.falcon_token: {user_agent: "{{ inventory_hostname }}"}',), token="warm")
ONCE = Play(("falconops.auth.falcon_token:\nrun_once: true",), token="warm")

NO_OP = Play(("bench.reference.nothing:",))
NO_OP_TEMPLATED = Play(('bench.reference.nothing: {user_agent: "{{ inventory_hostname }}"}',))
POST = Play(("bench.reference.post:",))

# What a warm token cannot do without.
RESULT = Play(("bench.reference.result:",))
SEALING = Play(("bench.reference.sealing:",))
TEMPLATES = Play(("bench.reference.templates:",), credentials="chained")
READING = Play(("bench.reference.reading:",), facts="redis")

TWO_LOOKUPS = Play(
    (
        """bench.reference.nothing:
  first: "{{ lookup('bench.reference.timed_token') }}"
  second: "{{ lookup('bench.reference.timed_token') }}"
no_log: true""",
    ),
    token="warm",
)


def a_thousand(lookup: str) -> tuple[str]:
    return (
        f"""bench.reference.nothing: {{value: "{{{{ lookup('{lookup}') }}}}"}}
loop: "{{{{ range(1000) | list }}}}"
no_log: true""",
    )


# The vendor's modules ask for a token by themselves, unless they are handed one.
CREDENTIALS = 'client_id: "{{ falcon_client_id }}", client_secret: "{{ falcon_client_secret }}"'
VENDOR_AUTH = Play((f"crowdstrike.falcon.auth: {{{CREDENTIALS}}}\nno_log: true",))


def four_modules(arguments: str) -> tuple[str, ...]:
    return (f"crowdstrike.falcon.cid_info: {{{arguments}}}",) * 4


BY_LOOKUP = Play(four_modules("""auth: "{{ lookup('falconops.auth.falcon_token', format='auth') }}\""""), token="warm")
ASKED = "falconops.auth.falcon_token:\nrun_once: true\nregister: falcon"
BY_LOOKUP_AFTER_A_TASK = BY_LOOKUP.but(tasks=(ASKED, *BY_LOOKUP.tasks))
REGISTERED = Play((ASKED, *four_modules('auth: "{{ falcon.auth }}"')), token="warm")
BY_THEMSELVES = Play(four_modules(CREDENTIALS))

# All ids in ten pages, by falcon_api and by what others do instead.
PAGE = DEVICES // 10
IDS = Play(
    (
        f"""falconops.auth.falcon_api:
  path: /devices/queries/devices/v1
  params: {{limit: {PAGE}}}
  paginate: true
register: ids
failed_when: ids.count | default(0) != {DEVICES}""",
    ),
    token="warm",
    credentials="scopes",
)
IDS_BY_URI = Play(
    (
        "falconops.auth.falcon_token:\nregister: falcon\nno_log: true",
        f"""ansible.builtin.uri:
  url: "https://api.crowdstrike.com/devices/queries/devices/v1?limit={PAGE}&offset={{{{ item }}}}"
  headers: "{{{{ falcon.headers }}}}"
  ca_path: "{{{{ lookup('env', 'REQUESTS_CA_BUNDLE') }}}}"
loop: "{{{{ range(0, {DEVICES}, {PAGE}) | list }}}}"
register: ids
no_log: true
failed_when: ids.json.resources | default([]) | length != {PAGE}""",
    ),
    token="warm",
    credentials="scopes",
)
IDS_BY_FALCONPY = Script("falconpy_ids.py")

DEVICE = host_id(FULL.cid, 0)
ONE_DEVICE = Play(
    (f"falconops.auth.falcon_api:\n  method: POST\n  path: /devices/entities/devices/v2\n  ids: [{DEVICE}]",),
    token="warm",
    credentials="scopes",
)
ONE_DEVICE_BY_VENDOR = Play(
    (f"crowdstrike.falcon.host_info: {{{CREDENTIALS}, hosts: [{DEVICE}]}}",), credentials="scopes"
)

# --- the references, as the table names them ---

NOTHING = ("an action that does nothing", NO_OP)
NOTHING_CHAINED = ("the same action", NO_OP.but(credentials="chained"))
NOTHING_TEMPLATED = ("the same action with a templated argument", NO_OP_TEMPLATED)
NOTHING_JSONFILE = ("the same action with facts there", NO_OP.but(facts="jsonfile"))
NOTHING_REDIS = ("the same action with facts there", NO_OP.but(facts="redis"))
ONE_POST = ("an action that is one bare ``requests.post``", POST)
PLAIN = ("a warm token", TOKEN)

WORKS = [
    Work("``run()`` in a worker", TIMED, limit=at_most(2.0), way=ways.inside(), quick=True),
    Work(
        "``run()`` in a worker, credentials that chain once",
        TIMED.but(credentials="chained"),
        limit=at_most(4.0),
        way=ways.inside(),
        quick=True,
    ),
    Work("a warm token", TOKEN, NOTHING, at_most(1.10, 1.06), pairs=MANY, quick=True),
    Work("a warm token, credentials that chain once", CHAINED, NOTHING_CHAINED, at_most(1.18, 1.12), pairs=MANY),
    Work("a warm token, one templated argument", TEMPLATED, NOTHING_TEMPLATED, at_most(1.10), pairs=MANY),
    Work(
        "a warm token, facts and tokens in jsonfile",
        TOKEN.but(facts="jsonfile"),
        NOTHING_JSONFILE,
        at_most(1.20, 1.15),
        pairs=MANY,
        quick=True,
    ),
    Work("a warm token, facts and tokens in Redis", TOKEN.but(facts="redis"), NOTHING_REDIS, at_most(1.25), pairs=MANY),
    Work(
        "a warm token, each host beyond 200",
        TOKEN,
        NOTHING,
        at_most(1.13, 1.09),
        hosts=1000,
        pairs=MANY,
        way=ways.slope(200),
    ),
    Work("a cold token", COLD, ONE_POST, at_most(1.10), hosts=1, pairs=MANY),
    Work("a warm token", TOKEN, NOTHING, at_most(1.05), hosts=1, pairs=MANY, quick=True),
    Work("``debug``", Play(("ansible.builtin.debug: {msg: hello}",)), NOTHING),
    Work(
        "a warm token, times faster",
        TOKEN,
        ("``crowdstrike.falcon.auth``", VENDOR_AUTH),
        Limit(18, 18, at_least=True),
        way=ways.times_faster,
    ),
    Work(
        "four modules of ``crowdstrike.falcon``, ``auth`` by lookup",
        BY_LOOKUP,
        ("the same with a token registered once", REGISTERED),
        at_most(1.05),
        hosts=50,  # a run of 200 modules is a mean in itself, so that few pairs do
    ),
    Work(
        "the same, after one task of ours",
        BY_LOOKUP_AFTER_A_TASK,
        ("the same with a token registered once", REGISTERED),
        at_most(1.05),
        hosts=50,
        pairs=3,
    ),
    Work(
        "four modules of ``crowdstrike.falcon``, ``auth`` by lookup",
        BY_LOOKUP,
        ("the same, each of which logs in by itself", BY_THEMSELVES),
        hosts=50,
        pairs=3,
    ),
    Work("``run()`` of the first lookup in a worker", TWO_LOOKUPS, limit=at_most(8.0), way=ways.inside(2), quick=True),
    Work("``run()`` of the second lookup", TWO_LOOKUPS, limit=at_most(0.7), way=ways.inside(4), quick=True),
    Work("loading the lookup in a worker", TWO_LOOKUPS, way=ways.inside(1)),
    Work("loading it, after one task of ours", TWO_LOOKUPS.but(tasks=(ASKED, *TWO_LOOKUPS.tasks)), way=ways.inside(1)),
    Work(
        "a loop of 1,000 lookups",
        Play(a_thousand("falconops.auth.falcon_token"), token="warm"),
        ("as many lookups of a constant", Play(a_thousand("bench.reference.constant"))),
        at_most(1.3),
        hosts=1,
    ),
    Work(
        "the slowest of 12 runs side by side, cold",
        COLD,
        ("the slowest of 12 that do nothing, plus the request", NO_OP),
        at_most(1.3),
        hosts=1,
        way=ways.side_by_side(12),
    ),
    Work(
        "``falcon_api``, 10,000 ids in 10 pages: CPU time beyond Ansible's start, times less",
        IDS,
        ("a loop of ``ansible.builtin.uri``", IDS_BY_URI),
        Limit(10, 10, at_least=True),
        hosts=1,
        way=ways.beyond_start(NO_OP, "times"),
    ),
    Work(
        "``falcon_api``, 10,000 ids in 10 pages, with Ansible's start, times faster",
        IDS,
        ("a loop of ``ansible.builtin.uri``", IDS_BY_URI),
        hosts=1,
        way=ways.times_faster,
    ),
    Work(
        "``falcon_api``, 10,000 ids in 10 pages, cold: CPU time beyond Ansible's start",
        IDS.but(token="cold"),
        ("FalconPy in a script, cold", IDS_BY_FALCONPY),
        at_most(1.3),
        hosts=1,
        pairs=MANY,
        way=ways.beyond_start(NO_OP),
    ),
    Work(
        "``falcon_api``, one resource for each host, times faster",
        ONE_DEVICE,
        ("``crowdstrike.falcon.host_info``", ONE_DEVICE_BY_VENDOR),
        pairs=3,
        way=ways.times_faster,
    ),
    Work("12 runs side by side, cold", COLD, limit=at_most(1), hosts=1, pairs=1, way=ways.requests(12)),
    Work("10,000 hosts, cold", COLD, limit=at_most(1), hosts=10_000, pairs=1, way=ways.requests()),
]

# What is the user's to choose, and what it costs them.
CHOICES = [
    Work("credentials that chain once", CHAINED, PLAIN),
    Work("the secret as a single vaulted value", TOKEN.but(credentials="inline"), PLAIN),
    Work("one templated argument", TEMPLATED, PLAIN),
    Work("facts in jsonfile", TOKEN.but(facts="jsonfile"), PLAIN),
    Work("facts in Redis", TOKEN.but(facts="redis"), PLAIN),
    Work("``run_once: true``", ONCE, PLAIN),
    Work("50 forks instead of 10", TOKEN.but(forks=50), PLAIN),
]

# How much of the above is not ours to save: none of it runs our code, but for the few lines around cryptography.
FLOORS = [
    Work("what falcon_token returns, with nothing done for it", RESULT, NOTHING, pairs=MANY),
    Work("``run()``: derive a key, name an entry, open it, seal the context", SEALING, way=ways.inside()),
    Work("``run()``: the two templates of credentials that chain once", TEMPLATES, way=ways.inside()),
    Work("``run()``: one look into Redis by Ansible's cache plugin", READING, way=ways.inside()),
]

TABLES = {"What must hold": WORKS, "What you choose": CHOICES, "What is not ours to save": FLOORS}
ALL = [work for works in TABLES.values() for work in works]

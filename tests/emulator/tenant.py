# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One customer: what it has, and what calls have done to it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence

from emulator import fql, records
from emulator.messages import Refused
from emulator.records import Record
from emulator.settings import Settings

Make = Callable[[int], Record]


class Collection:
    """Records of one kind. They are made as they are looked at, so that 100,000 hosts cost only their ids."""

    def __init__(
        self, key: str, make: Make, count: Callable[[], int], identify: Callable[[int], str] | None = None
    ) -> None:
        self._key = key
        self._make = make
        self._count = count
        self._identify = identify or (lambda number: str(make(number)[key]))
        self._ids: list[str] = []
        self._numbers: dict[str, int] = {}
        self._selected: dict[tuple[str, str, int], list[str]] = {}

    def ids(self) -> Sequence[str]:
        count = self._count()
        for number in range(len(self._ids), count):
            found = self._identify(number)
            self._ids.append(found)
            self._numbers[found] = number
        return self._ids if len(self._ids) == count else self._ids[:count]

    def number(self, found: str) -> int | None:
        """Of the record with this id; None: there is none."""
        count = len(self.ids())
        number = self._numbers.get(found)
        return number if number is not None and number < count else None

    def get(self, found: str) -> Record | None:
        number = self.number(found)
        return None if number is None else self._make(number)

    def records(self, ids: Iterable[str]) -> list[Record]:
        """The records with these ids, of which there must be some."""
        return [self._make(self._numbers[found]) for found in ids]

    def select(self, filter_: str = "", sort: str = "") -> Sequence[str]:
        """The ids of the records that pass the filter. Kept, since it is asked again for each page."""
        ids = self.ids()
        if not filter_ and not sort:
            return ids
        key = (filter_, sort, len(ids))
        if key not in self._selected:
            chosen = select((self._make(number) for number in range(len(ids))), filter_, sort)
            self._selected[key] = [str(record[self._key]) for record in chosen]
        return self._selected[key]

    def changed(self) -> None:
        """Some record is no longer what it was."""
        self._selected.clear()


def select(found: Iterable[Record], filter_: str, sort: str) -> Iterable[Record]:
    """The records that pass the filter, sorted; Refused if the filter or the sorting makes no sense."""
    chosen = filter(fql.parse_filter(filter_), found)
    if not sort:
        return chosen
    name, backwards = fql.parse_sort(sort)
    return sorted(chosen, key=lambda record: str(fql.look_up(record, name)), reverse=backwards)


class Tenant:
    def __init__(self, cid: str, settings: Callable[[], Settings]) -> None:
        self.cid = cid
        self._settings = settings
        self.hosts = Collection(
            "device_id", self._host, lambda: settings().hosts, lambda number: records.host_id(cid, number)
        )
        self.vulnerabilities = self._fixed("id", records.vulnerability, lambda: settings().vulnerabilities)
        self.alerts = self._fixed("composite_id", records.alert, lambda: settings().alerts)
        self.indicators = self._fixed("id", records.indicator, lambda: settings().indicators)
        self.assets = self._fixed("id", records.asset, lambda: settings().assets)
        self.misconfigurations = self._fixed("resource_id", records.misconfiguration, lambda: settings().ioms)
        self.hidden: set[str] = set()
        self.tags: dict[str, list[str]] = {}  # by host
        self.groups: dict[str, Record] = {}
        self.members: dict[str, set[str]] = {}  # hosts of a static group, by group
        self.samples: dict[str, tuple[str, bytes]] = {}  # name and content by SHA-256
        self.sessions: dict[str, str] = {}  # of real time response: the host by session
        self.jobs: dict[str, Job] = {}  # the commands in them
        self.interrupted: set[tuple[str, int]] = set()  # where a listing has had its empty page
        self._contained: dict[str, Containment] = {}

    def _fixed(self, key: str, make: Callable[[str, int], Record], count: Callable[[], int]) -> Collection:
        return Collection(key, lambda number: make(self.cid, number), count)

    # -- hosts

    def _host(self, number: int) -> Record:
        record = records.host(self.cid, number)
        found = str(record["device_id"])
        record["tags"] = list(self.tags.get(found, ()))
        record["groups"] = [group for group, members in self.members.items() if found in members]
        if found in self._contained:
            record["status"] = self._contained[found].status
        return record

    def select_hosts(self, filter_: str = "", sort: str = "", hidden: bool = False) -> Sequence[str]:
        ids = self.hosts.select(filter_, sort)
        if not self.hidden and not hidden:
            return ids
        return [found for found in ids if (found in self.hidden) is hidden]

    def is_contained(self, found: str) -> bool:
        """Also if it is only under way."""
        return found in self._contained and self._contained[found].wanted

    def contain(self, found: str, wanted: bool) -> None:
        self._contained[found] = Containment(wanted, self._settings().job_polls)
        self.hosts.changed()

    def look_at(self, found: str) -> None:
        """Somebody has been shown the host; time goes on."""
        if found in self._contained:
            self._contained[found].polls -= 1
            self.hosts.changed()

    # -- host groups

    def group(self, found: str) -> Record:
        if found not in self.groups:
            raise Refused(404, f"no host group with ID {found}")
        return self.groups[found]

    def group_members(self, found: str) -> Sequence[str]:
        """The ids of the hosts in a group, in the hosts' order."""
        group = self.group(found)
        if group["group_type"] == "dynamic":
            return self.select_hosts(str(group["assignment_rule"]))
        members = self.members[found]
        return [host for host in self.select_hosts() if host in members]

    # -- real time response

    def start_job(self, session: str, command: str, words: str) -> str:
        found = str(uuid.uuid4())
        self.jobs[found] = Job(session, command, words, self._settings().job_polls)
        return found


class Containment:
    def __init__(self, wanted: bool, polls: int) -> None:
        self.wanted = wanted
        self.polls = polls

    @property
    def status(self) -> str:
        if self.polls > 0:
            return "containment_pending" if self.wanted else "lift_containment_pending"
        return "contained" if self.wanted else "normal"


class Job:
    def __init__(self, session: str, command: str, words: str, polls: int) -> None:
        self.session = session
        self.command = command
        self.words = words
        self.polls = polls

    def poll(self) -> bool:
        """Whether it is done."""
        self.polls -= 1
        return self.polls < 0

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A day of a busy control node: what lies in its private directory is what lives."""

from __future__ import annotations

import os
import time

from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._token import LONGEST_LIFE
from ansible_collections.falconops.auth.plugins.plugin_utils._backend import Backend, StoreSettings
from ansible_collections.falconops.auth.plugins.plugin_utils._broker import Broker
from ansible_collections.falconops.auth.plugins.plugin_utils._lock import Lock
from ansible_collections.falconops.auth.plugins.plugin_utils._pace import Pace
from ansible_collections.falconops.auth.plugins.plugin_utils._seal import Sealer
from ansible_collections.falconops.auth.plugins.plugin_utils._store import Store
from ansible_collections.falconops.auth.tests.unit.examples import ID, SECRET, US1, token

DAY = 24 * 3600
# A tenth of it is enough to see that nothing is left behind.
LASTS = DAY if os.environ.get("FALCONOPS_TEST_ALL") else DAY // 10
HOUR = 3600
# How often somebody looks, and how many pipelines with a session of their own have begun since then.
STEP, PIPELINES = 120, 14


class Clock:
    """The time of the day. Files that were written since the last step are given it as well."""

    def __init__(self, directory):
        self._directory = directory
        self.now = time.time() - 2 * DAY  # so that what is written now can be told from what was given its time

    def time(self):
        return self.now

    def step(self):
        for folder, _folders, files in os.walk(self._directory):
            for path in (os.path.join(folder, name) for name in files):
                if os.stat(path).st_mtime > self.now:
                    os.utime(path, (self.now, self.now))
        self.now += STEP


class Api:
    """Gives a new token each time."""

    issued, way = 0, "way"

    def request(self, client):
        self.issued += 1
        Pace().heard(client.hostname, remaining=10, wait=None)
        return token(f"token-{self.issued}")


def killed_while_writing(directory, number):
    """What a process leaves there that is killed before it has moved its new file to the old one's place."""
    for name in (f"tokens/tmp{number:08}", f"limits/{'0' * 32}.{number}"):
        (directory / name).touch()


def broker_of(client, api, warn):
    sealer = Sealer.from_secret(client.client_id, client.client_secret)
    lock = Lock(sealer, warn)
    return Broker(
        store=Store(Backend(StoreSettings(None, None, "falconops_auth_"), warn), sealer, lock, warn),
        lock=lock,
        lock_name=lambda client: sealer.name("lock", client.member_cid, client.session),
        **{"api": api, "run": "run", "node": "node", "patience": 1.0, "warn": warn},
    )


def test_ten_thousand_tokens_later_there_is_no_more_than_lives(tmp_path, warnings, monkeypatch):
    directory = tmp_path / "home" / "falconops_auth"
    clock, api, sizes = Clock(directory), Api(), []
    monkeypatch.setattr(time, "time", clock.time)
    for step in range(LASTS // STEP):
        for number in range(PIPELINES):
            who = {"client_id": f"{ID[:-2]}{number:02}", "client_secret": f"{SECRET}{number}"}
            client = Client(**who, hostname=US1, session=f"pipeline {step}")
            broker_of(client, api, warnings.append).token(client, min_ttl=240)
        killed_while_writing(directory, step)
        clock.step()
        sizes.append(sum(len(files) for _folder, _folders, files in os.walk(directory)))
    assert api.issued == len(sizes) * PIPELINES
    live = LONGEST_LIFE // STEP * PIPELINES
    # Each with its lock; a client's index with its own; and what was left by those who were killed meanwhile.
    assert max(sizes) == max(sizes[: HOUR // STEP]) < 3 * live
    assert warnings == []

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ids of all hosts by FalconPy, as a script does it that has nothing to do with Ansible."""

from __future__ import annotations

import os

from falconpy import Hosts

hosts = Hosts(client_id=os.environ["FALCON_CLIENT_ID"], client_secret=os.environ["FALCON_CLIENT_SECRET"])
ids: list[str] = []
total = 1
while len(ids) < total:
    body = hosts.query_devices_by_filter(limit=1000, offset=len(ids))["body"]
    ids += body["resources"]
    total = body["meta"]["pagination"]["total"]
assert len(ids) == 10_000

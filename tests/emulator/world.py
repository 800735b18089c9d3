# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Customers and their API clients."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from emulator.clouds import CLOUDS

INSTALLERS_READ = "sensor-installers:read"

HEX_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Customer:
    cid: str
    cloud: str
    children: tuple[str, ...] = ()  # CIDs of the Flight Control members below it
    allowlist: tuple[str, ...] | None = None  # source addresses; None lets every source in

    def __post_init__(self) -> None:
        if self.cloud not in CLOUDS:
            raise ValueError(f"there is no cloud {self.cloud!r}")
        for cid in (self.cid, *self.children):
            if not HEX_ID.fullmatch(cid):
                raise ValueError(f"a CID has 32 lower-case hex digits, {cid!r} has not")

    def admits(self, source: str) -> bool:
        return self.allowlist is None or source in self.allowlist


@dataclass(frozen=True)
class ApiClient:
    client_id: str
    client_secret: str
    cid: str
    scopes: frozenset[str] = frozenset({INSTALLERS_READ})

    def __post_init__(self) -> None:
        if not HEX_ID.fullmatch(self.client_id):
            raise ValueError(f"a client id has 32 lower-case hex digits, {self.client_id!r} has not")


class World:
    def __init__(self, customers: Iterable[Customer], clients: Iterable[ApiClient]) -> None:
        self._customers = {customer.cid: customer for customer in customers}
        self._clients = {client.client_id: client for client in clients}

    def add(self, customer: Customer, client: ApiClient) -> None:
        self._customers[customer.cid] = customer
        self._clients[client.client_id] = client

    def client(self, client_id: str) -> ApiClient | None:
        return self._clients.get(client_id)

    def customer(self, cid: str) -> Customer | None:
        return self._customers.get(cid)

    def home(self, client: ApiClient) -> Customer:
        return self._customers[client.cid]


def ccid(cid: str) -> str:
    """A CID as the console shows it and the sensor wants it: upper case, with a checksum of two characters."""
    return f"{cid.upper()}-{hashlib.sha256(cid.encode()).hexdigest()[:2].upper()}"

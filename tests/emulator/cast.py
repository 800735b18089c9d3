# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The default world: one customer and API client for every situation that a test needs.

Ids and secrets are derived, not typed in: they are long and realistic, always the same, and no secret scanner trips
over them. `python -m emulator.cast` prints them.
"""

from __future__ import annotations

import base64
import hashlib
import json

from emulator.scopes import ALL, HOSTS_READ
from emulator.world import INSTALLERS_READ, ApiClient, Customer, World


def hex_id(label: str) -> str:
    return hashlib.sha256(f"id of {label}".encode()).hexdigest()[:32]


def secret(label: str) -> str:
    digest = hashlib.sha256(f"secret of {label}".encode()).digest()
    return base64.b64encode(digest, altchars=b"_x").decode()[:40]


def _client(label: str, customer: Customer, scopes: frozenset[str] = frozenset({INSTALLERS_READ})) -> ApiClient:
    return ApiClient(hex_id(f"client {label}"), secret(f"client {label}"), customer.cid, scopes)


CHILD_A = hex_id("child A")
CHILD_B = hex_id("child B")

US1_CUSTOMER = Customer(hex_id("us-1"), "us-1", children=(CHILD_A, CHILD_B))
US2_CUSTOMER = Customer(hex_id("us-2"), "us-2")
US3_CUSTOMER = Customer(hex_id("us-3"), "us-3")
EU1_CUSTOMER = Customer(hex_id("eu-1"), "eu-1")
GOV1_CUSTOMER = Customer(hex_id("us-gov-1"), "us-gov-1")
GOV2_CUSTOMER = Customer(hex_id("us-gov-2"), "us-gov-2")
# Lets in one address from the range reserved for documentation, so never the machine the tests run on.
GUARDED_CUSTOMER = Customer(hex_id("guarded"), "us-1", allowlist=("203.0.113.10",))

US1 = _client("us-1", US1_CUSTOMER)
US1_OTHER = _client("us-1 other", US1_CUSTOMER)  # a second client of the same customer
US2 = _client("us-2", US2_CUSTOMER)
US3 = _client("us-3", US3_CUSTOMER)
EU1 = _client("eu-1", EU1_CUSTOMER)
GOV1 = _client("us-gov-1", GOV1_CUSTOMER)
GOV2 = _client("us-gov-2", GOV2_CUSTOMER)
NO_SCOPE = _client("no scope", US1_CUSTOMER, frozenset({HOSTS_READ}))  # none for sensor installers
FULL = _client("full", US1_CUSTOMER, ALL)
NOT_ALLOWED = _client("not allowed", GUARDED_CUSTOMER)

# Well-formed and known to nobody.
UNKNOWN_CLIENT_ID = hex_id("nobody")
UNKNOWN_CID = hex_id("nowhere")
WRONG_SECRET = secret("nobody")

CUSTOMERS = (
    US1_CUSTOMER,
    US2_CUSTOMER,
    US3_CUSTOMER,
    EU1_CUSTOMER,
    GOV1_CUSTOMER,
    GOV2_CUSTOMER,
    GUARDED_CUSTOMER,
)
CLIENTS = {
    "US1": US1,
    "US1_OTHER": US1_OTHER,
    "US2": US2,
    "US3": US3,
    "EU1": EU1,
    "GOV1": GOV1,
    "GOV2": GOV2,
    "NO_SCOPE": NO_SCOPE,
    "NOT_ALLOWED": NOT_ALLOWED,
    "FULL": FULL,
}


def default_world() -> World:
    return World(CUSTOMERS, CLIENTS.values())


def _listing() -> dict[str, dict[str, object]]:
    world = default_world()
    return {
        name: {
            "cloud": world.home(client).cloud,
            "client_id": client.client_id,
            "client_secret": client.client_secret,
            "cid": client.cid,
            "children": list(world.home(client).children),
            "scopes": sorted(client.scopes),
        }
        for name, client in CLIENTS.items()
    }


if __name__ == "__main__":
    print(json.dumps(_listing(), indent=2))

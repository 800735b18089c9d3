# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the unit tests have in common: a client, a connection, and a token.

Nothing of the controller is imported here: `ansible-test` runs the tests of modules without it.
"""

from __future__ import annotations

import time

from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._connection import Connection
from ansible_collections.falconops.auth.plugins.module_utils._token import Token

US1, US2 = "https://api.crowdstrike.com", "https://api.us-2.crowdstrike.com"
ID, OTHER_ID, MEMBER = "0123456789abcdef" * 2, "fedcba9876543210" * 2, "ab" * 16
SECRET, OTHER_SECRET = "oneSecretOf40Characters_0123456789abcdef", "anotherSecretOf40Characters_0123456789ab"
CLIENT = Client(client_id=ID, client_secret=SECRET, hostname=US1)
CONNECTION = Connection(timeout=5, retries=3, proxy=None, ca_path=None, validate_certs=True, user_agent=None)
TOKEN_TEXT = "eyJhbGciOiJSUzI1NiIsImtpZCI6InB1YmxpYzo.payload.signature"
# What modules are given on the machine that a task is delegated to; those for a token that is there, that too.
GIVEN = {"client_id": ID, "client_secret": SECRET, "hostname": US1}
GIVEN_TOKEN = {**GIVEN, "access_token": TOKEN_TEXT}
# What the API says of a request for which there is nothing else to say.
DONE: dict[str, object] = {"meta": {"query_time": 0.01, "powered_by": "csam"}, "errors": []}
ISSUED = {"access_token": TOKEN_TEXT, "expires_in": 1799, "token_type": "bearer"}


def token(text: str = TOKEN_TEXT, *, left: float = 1799, life: int = 1799, hostname: str = US1) -> Token:
    """A token with so many seconds left of its life."""
    return Token(text, "bearer", issued_at=time.time() + left - life, expires_in=life, hostname=hostname)

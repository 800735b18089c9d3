# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access tokens: what they look like, and which of them are live."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass

from emulator.world import ApiClient

_SIGNATURE_BYTES = 256  # as of RS256 with a key of 2048 bits
# Tokens have 1,200 to 1,700 characters; away from the edges, because base64 rounds.
_LENGTHS = range(1220, 1680)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make_jwt(client_id: str, issued: float, expires: float) -> str:
    """A new token. Its content is for show: nothing in it names the cloud, and clients must not read it."""
    header = _part(json.dumps({"alg": "RS256", "kid": f"public:{secrets.token_hex(16)}", "typ": "JWT"}).encode())
    signature = _part(secrets.token_bytes(_SIGNATURE_BYTES))
    claims: dict[str, object] = {
        "aud": [],
        "client_id": client_id,
        "exp": int(expires),
        "iat": int(issued),
        "iss": "https://api.crowdstrike.com/",
        "jti": secrets.token_hex(16),
        "nbf": int(issued),
        "scp": [],
        "sub": client_id,
        "sub_type": "client",
        "ext": "",
    }
    wanted = secrets.choice(_LENGTHS) - len(header) - len(signature) - 2
    missing = wanted * 3 // 4 - len(json.dumps(claims))
    claims["ext"] = secrets.token_hex(missing)[:missing]
    return ".".join((header, _part(json.dumps(claims).encode()), signature))


@dataclass(frozen=True)
class Token:
    sha256: str
    client_id: str
    cid: str  # the customer it acts for: the client's own, or the member it was asked for
    member_cid: str | None
    cloud: str
    issued: float
    expires: float


class TokenStore:
    """The live tokens, by hash: what is not kept in clear cannot leak through a log or a control answer."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}

    def mint(self, client: ApiClient, member_cid: str | None, cloud: str, now: float, life: int, ahead: float) -> str:
        """`ahead` is how far the clock that clients are shown is ahead of `now`."""
        value = make_jwt(client.client_id, now + ahead, now + ahead + life)
        digest = sha256(value)
        cid = member_cid or client.cid
        self._tokens[digest] = Token(digest, client.client_id, cid, member_cid, cloud, now, now + life)
        return value

    def find(self, digest: str, now: float) -> Token | None:
        token = self._tokens.get(digest)
        return token if token and token.expires > now else None

    def revoke(self, digest: str) -> bool:
        return self._tokens.pop(digest, None) is not None

    def kill_all(self) -> int:
        count = len(self._tokens)
        self._tokens.clear()
        return count

    def live(self, now: float) -> list[Token]:
        return [token for token in self._tokens.values() if token.expires > now]

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""Sealing: authenticated encryption of what lies in a store, and names that tell nothing.

The only file that knows cryptography. A client's secret is 40 random characters, so a key derived from it by HKDF is
as good as random; there is no password to slow down an attacker for.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import typing as t

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.hmac import HMAC
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
except ImportError:
    pass  # ansible-core requires it; only ansible-test imports this file without it

_FORMAT = "fa1."
_NONCE_BYTES = 12


class BrokenSeal(Exception):
    """What was to be opened is damaged, of an older format, or was sealed with another key or for another place."""


class Sealer:
    """Seals texts under one key, and gives names that only holders of the key can find.

    key: 64 bytes: the first half names, the second half seals.
    """

    def __init__(self, key: bytes) -> None:
        self._naming_key = key[:32]
        self._cipher = AESGCM(key[32:64])

    @staticmethod
    def random_key() -> bytes:
        """A key that nobody else will ever have."""
        return os.urandom(64)

    @classmethod
    def from_secret(cls, client_id: str, client_secret: str) -> Sealer:
        """The one that every holder of this API client's id and secret comes to."""
        info = b"falconops.auth " + _FORMAT.encode() + client_id.encode()
        return cls(HKDF(algorithm=SHA256(), length=64, salt=None, info=info).derive(client_secret.encode()))

    def name(self, purpose: str, *parts: str | None) -> str:
        """64 hex digits that stand for these parts: a key that every cache plugin and file system takes."""
        text = json.dumps([purpose, *parts])
        mac = HMAC(self._naming_key, SHA256())
        mac.update(text.encode())
        return mac.finalize().hex()

    def seal(self, content: t.Any, *, place: str) -> str:
        """JSON-ready content as ASCII text that can be opened only in the same place."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, json.dumps(content).encode(), _bound(place))
        return _FORMAT + base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: t.Any, *, place: str) -> t.Any:
        """The content that was sealed in this place. Raises BrokenSeal for anything else, whatever it is."""
        try:
            if not isinstance(sealed, str) or not sealed.startswith(_FORMAT):
                raise BrokenSeal
            encoded = sealed[len(_FORMAT) :].encode("ascii")
            raw = base64.urlsafe_b64decode(encoded)
            if base64.urlsafe_b64encode(raw) != encoded:  # base64 has several spellings of the same; one is ours
                raise BrokenSeal
            return json.loads(self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _bound(place)))
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise BrokenSeal from error


def _bound(place: str) -> bytes:
    return f"{_FORMAT}{place}".encode()

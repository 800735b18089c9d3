# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA of the emulator's own, and the certificates that its TLS listener shows."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import trustme

from emulator.clouds import HOSTS

Case = Callable[[], str]


class Certificates:
    def __init__(self) -> None:
        self._ca = trustme.CA(organization_name="Falcon emulator")
        self._contexts: dict[tuple[str, tuple[str, ...]], ssl.SSLContext] = {}

    @property
    def ca_pem(self) -> bytes:
        return self._ca.cert_pem.bytes()

    def listener_context(self, case: Case) -> ssl.SSLContext:
        """A context which takes the certificate that `case()` names at the time of each handshake."""

        def choose(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _unused: ssl.SSLContext) -> None:
            # A stranger gets a good certificate for its own name: TLS must not be what protects a secret from it.
            hosts = HOSTS if name is None or name in HOSTS else (name,)
            connection.context = self._context(case(), hosts)

        context = self._new_context("good", HOSTS)
        context.sni_callback = choose
        return context

    def _context(self, case: str, hosts: tuple[str, ...]) -> ssl.SSLContext:
        key = (case, hosts)
        if key not in self._contexts:
            self._contexts[key] = self._new_context(case, hosts)
        return self._contexts[key]

    def _new_context(self, case: str, hosts: tuple[str, ...]) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._issue(case, hosts).configure_cert(context)
        return context

    def _issue(self, case: str, hosts: tuple[str, ...]) -> trustme.LeafCert:
        if case == "expired":
            now = datetime.now(UTC)
            return self._ca.issue_cert(*hosts, not_before=now - timedelta(days=30), not_after=now - timedelta(days=1))
        if case == "wrong-name":
            return self._ca.issue_cert("wrong-name.example.com")
        if case == "self-signed":
            # From a CA that nobody trusts: to a client that is the same as no CA at all.
            return trustme.CA(organization_name="Nobody").issue_cert(*hosts)
        return self._ca.issue_cert(*hosts)

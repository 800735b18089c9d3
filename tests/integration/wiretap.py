# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody on the way to the API: who hears every byte that passes, or answers in the API's place."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from urllib.parse import urlsplit


class Wiretap:
    """A proxy that passes everything on to another, and keeps what was sent; or that answers everybody the same."""

    def __init__(self, upstream: str = "", *, answer: bytes = b"") -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname, parts.port)
        self._answer = answer
        self._heard: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Wiretap:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        # Closing alone would not wake up who waits there.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    @property
    def heard(self) -> bytes:
        """All that passed, in both directions."""
        return b"".join(self._heard)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _unused = self._listener.accept()
                if self._answer:
                    threading.Thread(target=self._respond, args=(client,), daemon=True).start()
                    continue
                server = socket.create_connection(self._upstream)
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _respond(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            self._heard.append(client.recv(65536))
            client.sendall(self._answer)
            client.shutdown(socket.SHUT_WR)
            while piece := client.recv(65536):
                self._heard.append(piece)

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                self._heard.append(piece)
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)

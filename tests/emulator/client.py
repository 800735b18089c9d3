# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests' handle on an emulator of their own. Standard library only."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from emulator.cast import hex_id, secret
from emulator.world import INSTALLERS_READ, ApiClient

Json = dict[str, Any]

READY_WITHIN = 20.0
_PACKAGE_PARENT = Path(__file__).resolve().parent.parent
# Never through a proxy, whatever the environment says.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class EmulatorError(Exception):
    """The emulator did not start, or did not understand."""


class Emulator:
    """Starts an emulator, and stops it at the end of the `with` block.

    `options` are further command line options, such as `"--token-life", "60"`.
    """

    def __init__(self, python: str = sys.executable, options: Iterable[str] = ()) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="falcon-emulator-"))
        self._errors = self._directory / "stderr"
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [python, "-m", "emulator", "--dir", str(self._directory), *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, "PYTHONPATH": str(_PACKAGE_PARENT), "PYTHONDONTWRITEBYTECODE": "1"},
            )
        try:
            addresses = self._ready()
        except BaseException:
            self.stop()
            raise
        self.pid: int = addresses["pid"]
        self.ca_path: str = addresses["ca_path"]
        self.proxy: str = addresses["proxy"]
        self.tls: str = addresses["tls"]
        self.http_url: str = addresses["http_url"]
        self.control: str = addresses["control"]

    def __enter__(self) -> Emulator:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Stops it, and forgets its directory. Harmless if it is stopped already."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._directory, ignore_errors=True)

    def env(self, proxy_auth: str = "") -> dict[str, str]:
        """What to add to the environment of a process, so that it finds the clouds here.

        Only https goes through the proxy: plain HTTP on loopback stays direct. `proxy_auth` is "user:password".
        """
        proxy = self.proxy.replace("//", f"//{proxy_auth}@") if proxy_auth else self.proxy
        trust = dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"), self.ca_path)
        off = dict.fromkeys(
            ("NO_PROXY", "no_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"), ""
        )  # empty is as good as unset, and hides what the machine's own environment has
        return {"HTTPS_PROXY": proxy, "https_proxy": proxy, **trust, **off}

    # -- what happened

    def requests(self, path: str | None = None, host: str | None = None, **fields: object) -> list[Json]:
        """The log's entries with these values, oldest first; see `emulator.requestlog.RequestEntry` for the fields."""
        wanted = {"path": path, "host": host}
        wanted = {name: value for name, value in wanted.items() if value is not None}
        entries = cast("list[Json]", self._get("/requests"))
        return [entry for entry in entries if all(entry[name] == value for name, value in {**wanted, **fields}.items())]

    def wait_for_requests(
        self,
        count: int,
        timeout: float = 10.0,
        path: str | None = None,
        host: str | None = None,
        **fields: object,
    ) -> list[Json]:
        """Waits until so many requests have reached a listener, answered or not (`done=False`: being in the server)."""
        deadline = time.monotonic() + timeout
        while len(found := self.requests(path, host, **fields)) < count:
            if time.monotonic() > deadline:
                raise EmulatorError(f"{len(found)} of {count} requests came within {timeout} seconds")
            time.sleep(0.02)
        return found

    def connects(self) -> list[Json]:
        """The proxy's log, refused ones, too; see `emulator.requestlog.ConnectEntry` for the fields."""
        return cast("list[Json]", self._get("/connects"))

    def live_tokens(self) -> list[Json]:
        """Each with sha256, client_id, cid, member_cid, cloud, issued, expires."""
        return cast("list[Json]", self._get("/tokens"))

    def is_live(self, token: str) -> bool:
        return bool(self._post("/tokens/live", token=token)["live"])

    # -- what shall happen

    def reset(self) -> None:
        """As newly started: log, faults, tokens, limits, settings, added clients. Cuts waiting requests off."""
        self._post("/reset")

    def configure(self, **settings: object) -> Json:
        """Changes settings, see `emulator.settings.Settings`; returns all of them."""
        return self._post("/settings", **settings)

    def fault(self, kind: str, /, **args: object) -> Json:
        """Adds a fault, see `emulator.faults` for the kinds and their arguments."""
        return self._post("/faults", kind=kind, **args)

    def faults(self) -> list[Json]:
        """Those that have not been met as often as they shall."""
        return cast("list[Json]", self._get("/faults"))

    def release(self) -> None:
        """Lets every request go that a delay, a hang or a drip keeps waiting."""
        self._post("/release")

    def kill_tokens(self) -> int:
        """Makes every token dead, as if revoked; returns how many there were."""
        return int(self._post("/tokens/kill")["killed"])

    def add_client(
        self,
        *,
        cloud: str = "us-1",
        client_id: str | None = None,
        client_secret: str | None = None,
        cid: str | None = None,
        children: Iterable[str] = (),
        scopes: Iterable[str] = (INSTALLERS_READ,),
        allowlist: Iterable[str] | None = None,
    ) -> ApiClient:
        """Adds a client and its customer; what is not given is made up. A customer with the same cid is replaced."""
        label = os.urandom(8).hex()
        client = ApiClient(
            client_id or hex_id(f"client {label}"),
            client_secret or secret(f"client {label}"),
            cid or hex_id(f"customer {label}"),
            frozenset(scopes),
        )
        self._post(
            "/clients",
            client_id=client.client_id,
            client_secret=client.client_secret,
            cid=client.cid,
            cloud=cloud,
            children=list(children),
            scopes=sorted(client.scopes),
            allowlist=None if allowlist is None else list(allowlist),
        )
        return client

    # -- how it is done

    def _ready(self) -> Json:
        stdout = self._process.stdout
        assert stdout is not None
        line = b""
        if select.select([stdout], [], [], READY_WITHIN)[0]:
            line = stdout.readline()
        if not line:
            said = self._errors.read_text(errors="replace").strip() or "it said nothing"
            raise EmulatorError(f"the emulator did not become ready: {said}")
        return cast(Json, json.loads(line))

    def _get(self, path: str) -> object:
        return self._call(urllib.request.Request(self.control + path))

    def _post(self, path: str, /, **body: object) -> Json:
        data = json.dumps(body).encode()
        request = urllib.request.Request(self.control + path, data, {"Content-Type": "application/json"})
        return cast(Json, self._call(request))

    def _call(self, request: urllib.request.Request) -> object:
        try:
            with _direct.open(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise EmulatorError(json.load(error)["error"]) from None

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installers of the sensor: their list, and the files themselves."""

from __future__ import annotations

import re
from functools import cache

from emulator.blob import Blob
from emulator.messages import Call, Reply, problem, some_ids
from emulator.paging import by_number
from emulator.records import Record, moment
from emulator.routing import scoped
from emulator.state import State
from emulator.tenant import select
from emulator.tokens import Token
from emulator.world import INSTALLERS_READ

_BY = "sensor-download-api"
_VERSIONS = ("7.22.17706", "7.21.17405", "7.20.17306")  # the latest first, as real lists have it
_SYSTEMS = (
    # platform, os, version of the os, file name, architecture
    ("linux", "RHEL/CentOS/Oracle", "9", "falcon-sensor-{version}.el9.x86_64.rpm", "x86_64"),
    ("linux", "Ubuntu", "22/24", "falcon-sensor_{version}_amd64.deb", "x86_64"),
    ("linux", "Ubuntu - arm64", "22/24 - arm64", "falcon-sensor_{version}_arm64.deb", "arm64"),
    ("windows", "Windows", "", "FalconSensor_Windows-{version}.exe", "x86_64"),
    ("mac", "macOS", "", "FalconSensorMacOS-{version}.pkg", "universal"),
)
_SMALL = 10_000


def files(first_size: int) -> list[tuple[Record, Blob]]:
    """What can be had. The first one is as large as a test wants it, since their ids are the hashes of all of them."""
    names = [(version, system) for version in _VERSIONS for system in _SYSTEMS]
    sizes = [first_size] + [_SMALL] * (len(names) - 1)
    return [_file(number, *name, size) for number, (name, size) in enumerate(zip(names, sizes, strict=True))]


@cache
def _file(number: int, version: str, system: tuple[str, ...], size: int) -> tuple[Record, Blob]:
    platform, os, os_version, name, architecture = system
    content = Blob(f"{name} {version}", size)
    return {
        "name": name.format(version=version),
        "description": f"Falcon Sensor for {os}",
        "platform": platform,
        "os": os,
        "os_version": os_version,
        "architectures": [architecture],
        "sha256": content.sha256,
        "release_date": moment(-number),
        "version": version,
        "file_size": size,
        "file_type": name.rpartition(".")[2],
    }, content


def combined(state: State, call: Call, token: Token) -> Reply:
    found = list(select(_records(state), call.param("filter"), call.param("sort")))
    page, pagination = by_number(state, call, token, found, default=100, maximum=500, window=None)
    return call.envelope(200, page, _BY, pagination=pagination)


def ids(state: State, call: Call, token: Token) -> Reply:
    found = select(_records(state), call.param("filter"), call.param("sort"))
    hashes = [record["sha256"] for record in found]
    page, pagination = by_number(state, call, token, hashes, default=100, maximum=500, window=None)
    return call.envelope(200, page, _BY, pagination=pagination)


def entities(state: State, call: Call, token: Token) -> Reply:
    wanted = some_ids(call.query.get("ids", ()), 100)
    known = {str(record["sha256"]): record for record in _records(state)}
    errors = [problem(404, f"no installer with id {one}") for one in wanted if one not in known]
    return call.envelope(
        404 if len(errors) == len(wanted) else 200, [known[one] for one in wanted if one in known], _BY, errors
    )


def download(state: State, call: Call, token: Token) -> Reply:
    wanted = call.param("id")
    for record, content in files(state.settings.installer_size):
        if record["sha256"] == wanted:
            headers = {
                "Content-Type": "application/octet-stream",
                "Content-Disposition": f"attachment; filename={record['name']}",
            }
            return _part(call, content, headers) if state.settings.ranges else Reply(200, content, headers)
    return call.error(404, f"no installer with id {wanted}", _BY)


def _part(call: Call, content: Blob, headers: dict[str, str]) -> Reply:
    etag = f'"{content.sha256}"'
    headers |= {"Accept-Ranges": "bytes", "ETag": etag}
    asked = re.fullmatch(r"bytes=(\d+)-", call.headers.get("range", ""))
    if not asked or call.headers.get("if-range", etag) != etag:
        return Reply(200, content, headers)
    start, size = int(asked[1]), len(content)
    if start >= size:
        return Reply(416, b"", {"Content-Range": f"bytes */{size}"})
    return Reply(206, content.after(start), {**headers, "Content-Range": f"bytes {start}-{size - 1}/{size}"})


def _records(state: State) -> list[Record]:
    return [record for record, _unused in files(state.settings.installer_size)]


for _version in ("v1", "v2", "v3"):
    scoped("GET", f"/sensors/combined/installers/{_version}", INSTALLERS_READ)(combined)
    scoped("GET", f"/sensors/queries/installers/{_version}", INSTALLERS_READ)(ids)
    scoped("GET", f"/sensors/entities/installers/{_version}", INSTALLERS_READ)(entities)
    scoped("GET", f"/sensors/entities/download-installer/{_version}", INSTALLERS_READ)(download)

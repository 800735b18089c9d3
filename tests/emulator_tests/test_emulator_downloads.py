# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sensor's installers: which there are, and the bytes."""

from __future__ import annotations

import hashlib

import pytest
from emulator_api import Api
from emulator_calls import error_of

from emulator.blob import Blob, pieces

LIST = "/sensors/combined/installers/v3"
DOWNLOAD = "/sensors/entities/download-installer/v3"


def test_list() -> None:
    api = Api()
    wish = {"filter": "platform:'linux'+os:'*Ubuntu*'+architectures:'x86_64'", "sort": "version|desc"}
    found = api.get(LIST, **wish)["resources"]
    assert [one["version"] for one in found] == ["7.22.17706", "7.21.17405", "7.20.17306"]
    assert found[0]["name"] == "falcon-sensor_7.22.17706_amd64.deb"
    first = api.get(LIST, limit=1, **wish)
    assert (first["resources"], first["meta"]["pagination"]) == (found[:1], {"offset": 1, "limit": 1, "total": 3})
    ids = api.get("/sensors/queries/installers/v3", **wish)["resources"]
    assert ids == [one["sha256"] for one in found]
    entities = api.get("/sensors/entities/installers/v3", ids=[ids[1], "x"])
    assert (entities["resources"], entities["errors"][0]["code"]) == (found[1:2], 404)
    assert api.get("/sensors/entities/installers/v3", status=404, ids="x")["resources"] == []


@pytest.mark.parametrize("size", [0, 1, 100_000, 200_001])
def test_the_id_is_the_hash(size: int) -> None:
    api = Api(installer_size=size)
    ids = {one["sha256"]: one for one in api.get(LIST)["resources"]}
    assert len(ids) == 15
    for found, one in ids.items():
        reply = api.reply("GET", DOWNLOAD, id=found)
        content = reply.body[:]
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (found, one["file_size"])
        assert reply.headers["Content-Type"] == "application/octet-stream"
        assert one["name"] in reply.headers["Content-Disposition"]
    assert size in {one["file_size"] for one in ids.values()}


def test_unknown() -> None:
    reply = Api().reply("GET", DOWNLOAD, id="x" * 64)
    assert error_of(reply)[0] == 404
    assert reply.headers["Content-Type"] == "application/json"


def test_from_the_middle() -> None:
    api = Api(installer_size=150_000)
    found = api.get("/sensors/queries/installers/v3", limit=1)["resources"][0]
    middle = {"range": "bytes=70000-"}
    whole = api.reply("GET", DOWNLOAD, headers=middle, id=found)
    assert (whole.status, len(whole.body), "ETag" in whole.headers) == (200, 150_000, False)  # it has not learnt it
    api.configure(ranges=True)
    etag = api.reply("GET", DOWNLOAD, id=found).headers["ETag"]
    part = api.reply("GET", DOWNLOAD, headers={**middle, "if-range": etag}, id=found)
    assert (part.status, part.headers["Content-Range"]) == (206, "bytes 70000-149999/150000")
    assert part.body[:] == whole.body[70_000:]
    assert api.reply("GET", DOWNLOAD, headers={**middle, "if-range": '"x"'}, id=found).status == 200
    assert api.reply("GET", DOWNLOAD, headers={"range": "bytes=150000-"}, id=found).status == 416


def test_a_blob_is_like_bytes() -> None:
    blob = Blob("x", 200_000)
    whole = blob[:]
    assert b"".join(pieces(blob, 0, len(blob))) == whole
    for start, stop in ((0, 0), (1, 2), (65_535, 65_537), (65_536, 131_072), (199_999, 300_000), (-5, None)):
        assert blob[start:stop] == whole[start:stop]
    assert len({whole[at : at + 100] for at in range(0, 200_000, 65_536)}) == 4
    rest = blob.after(70_000)
    assert (len(rest), rest[:], rest[60_000:70_000]) == (130_000, whole[70_000:], whole[130_000:140_000])
    assert Blob("y", 10)[:] != Blob("x", 10)[:]

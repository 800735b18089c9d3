# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples for analysis: uploaded as a form or as they are, downloaded, deleted."""

from __future__ import annotations

import hashlib

from emulator.messages import Call, Refused, Reply, problem, some_ids
from emulator.routing import scoped
from emulator.scopes import SAMPLES_READ, SAMPLES_WRITE
from emulator.state import State
from emulator.tokens import Token

_PATH = "/samples/entities/samples/v3"
_BY = "samplestore"


@scoped("POST", _PATH, SAMPLES_WRITE)
def upload(state: State, call: Call, token: Token) -> Reply:
    if call.headers.get("content-type", "").startswith("application/octet-stream"):
        name, content = call.param("file_name"), call.body
    elif "sample" in call.files:
        name, content = call.form.get("file_name", ""), call.files["sample"].content
    else:
        raise Refused(400, "invalid request: there is no sample")
    if not name:
        raise Refused(400, "invalid request: file_name is required")
    digest = hashlib.sha256(content).hexdigest()
    state.tenant(token.cid).samples[digest] = (name, content)
    return call.envelope(200, [{"sha256": digest, "file_name": name}], _BY)


@scoped("GET", _PATH, SAMPLES_READ)
def download(state: State, call: Call, token: Token) -> Reply:
    found = call.param("ids")
    if found not in state.tenant(token.cid).samples:
        raise Refused(404, f"no sample with SHA-256 {found}")
    return Reply(200, state.tenant(token.cid).samples[found][1], {"Content-Type": "application/octet-stream"})


@scoped("DELETE", _PATH, SAMPLES_WRITE)
def delete(state: State, call: Call, token: Token) -> Reply:
    samples = state.tenant(token.cid).samples
    wanted = some_ids(call.query.get("ids", ()), 1)
    if wanted[0] not in samples:
        return call.envelope(404, [], _BY, [problem(404, f"no sample with SHA-256 {wanted[0]}")])
    del samples[wanted[0]]
    return call.envelope(200, wanted, _BY)

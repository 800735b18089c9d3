# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands on hosts, which take their time: a session, a command in it, and its state until it is complete."""

from __future__ import annotations

import uuid

from emulator.messages import Call, Refused, Reply
from emulator.records import moment, online
from emulator.routing import scoped
from emulator.scopes import RTR_ADMIN_WRITE, RTR_READ, RTR_WRITE
from emulator.state import State
from emulator.tokens import Token

_SESSIONS = "/real-time-response/entities/sessions/v1"
_BY = "empower-api"
# The more a command can do, the more a client must be allowed to.
_COMMANDS = {"command": RTR_READ, "active-responder-command": RTR_WRITE, "admin-command": RTR_ADMIN_WRITE}


@scoped("POST", _SESSIONS, RTR_READ)
def begin(state: State, call: Call, token: Token) -> Reply:
    tenant, found = state.tenant(token.cid), str(call.json.get("device_id", ""))
    number = tenant.hosts.number(found)
    if number is None:
        raise Refused(404, f"No device found with ID {found}")
    queued = not online(number)
    if queued and not call.json.get("queue_offline"):
        # The code says more than the status, as the real one does.
        return call.envelope(404, [], _BY, [{"code": 40401, "message": "Could not establish sensor comms"}])
    session = str(uuid.uuid4())
    before = list(tenant.sessions.values()).count(found)
    tenant.sessions[session] = found
    resource = {
        "session_id": session,
        "device_id": found,
        "created_at": moment(0),
        "existing_aid_sessions": before + 1,
        "offline_queued": queued,
        "pwd": "C:\\",
        "scripts": [],
    }
    return call.envelope(201, [resource], _BY)


@scoped("DELETE", _SESSIONS, RTR_READ)
def end(state: State, call: Call, token: Token) -> Reply:
    if state.tenant(token.cid).sessions.pop(call.param("session_id"), None) is None:
        raise Refused(400, "invalid session_id")
    return Reply(204)


def start(state: State, call: Call, token: Token) -> Reply:
    wish, tenant = call.json, state.tenant(token.cid)
    session, command = str(wish.get("session_id", "")), str(wish.get("base_command", ""))
    if session not in tenant.sessions:
        raise Refused(400, "invalid session_id")
    if not command or not str(wish.get("command_string", "")).startswith(command):
        raise Refused(400, "command_string must begin with base_command")
    job = tenant.start_job(session, command, str(wish["command_string"]))
    return call.envelope(201, [{"session_id": session, "cloud_request_id": job, "queued_command_offline": False}], _BY)


def check(state: State, call: Call, token: Token) -> Reply:
    found = call.param("cloud_request_id")
    job = state.tenant(token.cid).jobs.get(found)
    if job is None:
        raise Refused(404, f"no command with cloud_request_id {found}")
    if not call.param("sequence_id").isdecimal():
        raise Refused(400, "sequence_id is required")
    done = job.poll()
    resource = {
        "session_id": job.session,
        "task_id": found,
        "base_command": job.command,
        "complete": done,
        "sequence_id": int(call.param("sequence_id")),
        "stdout": f"ran {job.words}" if done else "",
        "stderr": "",
    }
    return call.envelope(200, [resource], _BY)


for _name, _scope in _COMMANDS.items():
    scoped("POST", f"/real-time-response/entities/{_name}/v1", _scope)(start)
    scoped("GET", f"/real-time-response/entities/{_name}/v1", _scope)(check)

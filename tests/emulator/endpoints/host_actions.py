# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done to hosts: contain, hide, tag, and reveal the token with which the sensor can be removed."""

from __future__ import annotations

from emulator.messages import Call, Refused, Reply, problem, some_ids, strings
from emulator.records import record_id
from emulator.routing import scoped
from emulator.scopes import HOSTS_WRITE, SENSOR_POLICIES_WRITE
from emulator.state import State
from emulator.tenant import Tenant
from emulator.tokens import Token

_BY = "device-api"
_PREFIX = "FalconGroupingTags/"
_ACTIONS = ("contain", "lift_containment", "hide_host", "unhide_host")


@scoped("POST", "/devices/entities/devices-actions/v2", HOSTS_WRITE)
def act(state: State, call: Call, token: Token) -> Reply:
    """Done for those it can be done for; each of the others has an error with its id in the text."""
    action, tenant = call.param("action_name"), state.tenant(token.cid)
    if action not in _ACTIONS:
        raise Refused(400, f"invalid action_name: {action}")
    done, errors = [], []
    for found in some_ids(strings(call.json.get("ids"), "ids"), 5000):
        if tenant.hosts.number(found) is None:
            errors.append(problem(404, f"No device found with ID {found}"))
        elif not _act(tenant, action, found):
            errors.append(problem(409, f"Device {found} is already in the state that {action} leads to"))
        else:
            done.append({"id": found, "path": f"/devices/entities/devices/v2?ids={found}"})
    status = 202 if done else int(str(errors[0]["code"]))
    return call.envelope(status, done, _BY, errors)


def _act(tenant: Tenant, action: str, found: str) -> bool:
    """Whether there was something to do."""
    if action in ("contain", "lift_containment"):
        wanted = action == "contain"
        if tenant.is_contained(found) is wanted:
            return False
        tenant.contain(found, wanted)
        return True
    wanted = action == "hide_host"
    if (found in tenant.hidden) is wanted:
        return False
    tenant.hidden ^= {found}
    return True


@scoped("PATCH", "/devices/entities/devices/tags/v1", HOSTS_WRITE)
def tag(state: State, call: Call, token: Token) -> Reply:
    """A flag for each host; `updated` also where the tags were there (or gone) before."""
    wish, tenant = call.json, state.tenant(token.cid)
    action, tags = wish.get("action"), strings(wish.get("tags"), "tags")
    if action not in ("add", "remove"):
        raise Refused(400, f"invalid action: {action}")
    wrong = [tag for tag in tags if not tag.startswith(_PREFIX)]
    if wrong or not tags:
        raise Refused(400, f"invalid tags: each must begin with {_PREFIX}")
    items: list[dict[str, object]] = []
    for found in some_ids(strings(wish.get("device_ids"), "device_ids"), 5000):
        if tenant.hosts.number(found) is None:
            items.append({"device_id": found, "updated": False, "code": 404, "error": "Device not found"})
            continue
        present = tenant.tags.get(found, [])
        kept = [tag for tag in present if tag not in tags]
        tenant.tags[found] = kept if action == "remove" else [*kept, *tags]
        items.append({"device_id": found, "updated": True})
    tenant.hosts.changed()
    return call.envelope(202, items, _BY)


@scoped("POST", "/policy/combined/reveal-uninstall-token/v1", SENSOR_POLICIES_WRITE)
def uninstall_token(state: State, call: Call, token: Token) -> Reply:
    """An answer that is a secret."""
    found = str(call.json.get("device_id", ""))
    if found != "MAINTENANCE" and state.tenant(token.cid).hosts.number(found) is None:
        raise Refused(404, f"No device found with ID {found}")
    secret = record_id(token.cid, f"uninstall token {found}", 0)
    return call.envelope(200, [{"device_id": found, "uninstall_token": secret, "seed_id": 1}], "sensor-update-policy")

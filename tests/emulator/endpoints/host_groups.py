# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host groups, with `meta.writes` that says how many groups a call has changed."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.fql import parse_filter
from emulator.messages import Call, Refused, Reply, problem, some_ids, strings
from emulator.paging import by_number
from emulator.records import Record, moment, record_id
from emulator.routing import scoped
from emulator.scopes import HOST_GROUPS_READ, HOST_GROUPS_WRITE
from emulator.state import State
from emulator.tenant import Tenant, select
from emulator.tokens import Token

_BY = "host-groups"
_TYPES = ("static", "staticByID", "dynamic")


@scoped("GET", "/devices/queries/host-groups/v1", HOST_GROUPS_READ)
def ids(state: State, call: Call, token: Token) -> Reply:
    found = [group["id"] for group in _chosen(state, call, token)]
    page, pagination = by_number(state, call, token, found, default=100, maximum=5000)
    return call.envelope(200, page, _BY, pagination=pagination)


@scoped("GET", "/devices/combined/host-groups/v1", HOST_GROUPS_READ)
def combined(state: State, call: Call, token: Token) -> Reply:
    page, pagination = by_number(state, call, token, _chosen(state, call, token), default=100, maximum=5000)
    return call.envelope(200, page, _BY, pagination=pagination)


@scoped("GET", "/devices/queries/host-group-members/v1", HOST_GROUPS_READ)
def member_ids(state: State, call: Call, token: Token) -> Reply:
    page, pagination = by_number(state, call, token, _members(state, call, token), default=100, maximum=5000)
    return call.envelope(200, page, _BY, pagination=pagination)


@scoped("GET", "/devices/combined/host-group-members/v1", HOST_GROUPS_READ)
def combined_members(state: State, call: Call, token: Token) -> Reply:
    page, pagination = by_number(state, call, token, _members(state, call, token), default=100, maximum=5000)
    return call.envelope(200, state.tenant(token.cid).hosts.records(page), _BY, pagination=pagination)


@scoped("GET", "/devices/entities/host-groups/v1", HOST_GROUPS_READ)
def details(state: State, call: Call, token: Token) -> Reply:
    known, errors = _sorted_out(state.tenant(token.cid), some_ids(call.query.get("ids", ()), 500))
    return call.envelope(200 if known else 404, known, _BY, errors)


@scoped("POST", "/devices/entities/host-groups/v1", HOST_GROUPS_WRITE)
def create(state: State, call: Call, token: Token) -> Reply:
    tenant, made = state.tenant(token.cid), []
    for wish in _wishes(call):
        name, kind = str(wish.get("name", "")), wish.get("group_type", "static")
        if not name or kind not in _TYPES:
            raise Refused(400, "invalid request: a group needs a name and a group_type")
        if any(group["name"] == name for group in tenant.groups.values()):
            raise Refused(400, f"a host group with the name {name} exists already")
        found = record_id(token.cid, "group", len(tenant.members))
        tenant.groups[found] = {
            "id": found,
            "name": name,
            "group_type": kind,
            "description": str(wish.get("description", "")),
            "assignment_rule": _rule(wish.get("assignment_rule", "")),
            "created_by": f"api-client-id:{token.client_id}",
            "created_timestamp": moment(0),
            "modified_by": f"api-client-id:{token.client_id}",
            "modified_timestamp": moment(0),
        }
        tenant.members[found] = set()
        made.append(tenant.groups[found])
    return _written(call, 201, made, len(made))


@scoped("PATCH", "/devices/entities/host-groups/v1", HOST_GROUPS_WRITE)
def update(state: State, call: Call, token: Token) -> Reply:
    tenant, changed, affected = state.tenant(token.cid), [], 0
    for wish in _wishes(call):
        group = tenant.group(str(wish.get("id", "")))
        before = dict(group)
        group.update({name: wish[name] for name in ("name", "description") if name in wish})
        if "assignment_rule" in wish:
            group["assignment_rule"] = _rule(wish["assignment_rule"])
        affected += group != before
        changed.append(group)
    return _written(call, 200, changed, affected)


@scoped("DELETE", "/devices/entities/host-groups/v1", HOST_GROUPS_WRITE)
def delete(state: State, call: Call, token: Token) -> Reply:
    tenant = state.tenant(token.cid)
    known, errors = _sorted_out(tenant, some_ids(call.query.get("ids", ()), 500))
    gone = [str(group["id"]) for group in known]
    for found in gone:
        del tenant.groups[found]
        tenant.members[found] = set()  # kept, so that no later group gets the same id
    tenant.hosts.changed()
    return _written(call, 200 if gone else 404, gone, len(gone), errors)


@scoped("POST", "/devices/entities/host-group-actions/v1", HOST_GROUPS_WRITE)
def act(state: State, call: Call, token: Token) -> Reply:
    tenant, action = state.tenant(token.cid), call.param("action_name")
    if action not in ("add-hosts", "remove-hosts"):
        raise Refused(400, f"invalid action_name: {action}")
    hosts = set(tenant.select_hosts(_hosts_filter(call)))
    changed, affected = [], 0
    for found in some_ids(strings(call.json.get("ids"), "ids"), 500):
        group, before = tenant.group(found), tenant.members[found]
        if group["group_type"] == "dynamic":
            raise Refused(400, f"hosts of the dynamic group {found} cannot be chosen")
        tenant.members[found] = before | hosts if action == "add-hosts" else before - hosts
        affected += tenant.members[found] != before
        changed.append(group)
    tenant.hosts.changed()
    return _written(call, 200, changed, affected)


def _written(
    call: Call, status: int, resources: Sequence[object], affected: int, errors: Sequence[object] = ()
) -> Reply:
    return call.envelope(status, resources, _BY, errors, writes={"resources_affected": affected})


def _chosen(state: State, call: Call, token: Token) -> list[Record]:
    return list(select(state.tenant(token.cid).groups.values(), call.param("filter"), call.param("sort")))


def _members(state: State, call: Call, token: Token) -> list[str]:
    tenant = state.tenant(token.cid)
    chosen = set(tenant.select_hosts(call.param("filter")))
    return [found for found in tenant.group_members(call.param("id")) if found in chosen]


def _sorted_out(tenant: Tenant, wanted: list[str]) -> tuple[list[Record], list[dict[str, object]]]:
    known = [tenant.groups[found] for found in wanted if found in tenant.groups]
    unknown = [found for found in wanted if found not in tenant.groups]
    return known, [problem(404, "no host group with this ID", id=found) for found in unknown]


def _wishes(call: Call) -> list[dict[str, object]]:
    wishes = call.json.get("resources")
    if not isinstance(wishes, list) or not wishes or not all(isinstance(wish, dict) for wish in wishes):
        raise Refused(400, "invalid request: resources must be a list of groups")
    return wishes


def _rule(rule: object) -> str:
    parse_filter(str(rule))  # refused if it makes no sense
    return str(rule)


def _hosts_filter(call: Call) -> str:
    parameters = call.json.get("action_parameters")
    for one in parameters if isinstance(parameters, list) else []:
        if isinstance(one, dict) and one.get("name") == "filter":
            return str(one.get("value", ""))
    raise Refused(400, "invalid request: action_parameters need a filter")

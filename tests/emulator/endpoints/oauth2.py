# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens: POST /oauth2/token and POST /oauth2/revoke."""

from __future__ import annotations

from hmac import compare_digest

from emulator.clouds import CLOUDS
from emulator.messages import Call, Reply, json_reply
from emulator.routing import DENIED, TOO_MANY, Handler, public
from emulator.state import State
from emulator.tokens import sha256
from emulator.world import HEX_ID, ApiClient


@public("POST", "/oauth2/token")
def token(state: State, call: Call) -> Reply:
    return _limited(state, call, _issue)


@public("POST", "/oauth2/revoke")
def revoke(state: State, call: Call) -> Reply:
    return _limited(state, call, _revoke)


def _limited(state: State, call: Call, handler: Handler) -> Reply:
    verdict = state.oauth_call(call)
    reply = handler(state, call) if verdict.allowed else call.error(429, TOO_MANY)
    return reply.with_headers(state.limit_headers(verdict))


def _issue(state: State, call: Call) -> Reply:
    client_id = call.form.get("client_id", "")
    if not HEX_ID.fullmatch(client_id):
        return call.error(400, f"Failed to generate access token for clientID={client_id}.")
    client = state.world.client(client_id)
    if client is None:
        return call.error(403, DENIED)
    home = CLOUDS[state.world.home(client).cloud]
    if home != call.cloud:
        # The secret is not looked at: it is the other cloud's to judge.
        if home.commercial and call.cloud.commercial:
            return Reply(308, headers={"Location": home.base_url + call.path, "X-Cs-Region": home.name})
        return call.error(403, DENIED)
    if not _admitted(state, call, client, call.form.get("client_secret", "")):
        return call.error(403, DENIED)
    member_cid = call.form.get("member_cid")
    if member_cid is not None and member_cid not in state.world.home(client).children:
        return call.error(403, f"Failed to generate access token for customer ID={member_cid}")
    life = state.settings.token_life
    value = state.tokens.mint(client, member_cid, home.name, state.clock(), life, state.settings.clock_offset)
    payload = {"access_token": value, "expires_in": life, "token_type": "bearer"}
    return json_reply(201, payload, {"X-Cs-Region": home.name})


def _revoke(state: State, call: Call) -> Reply:
    if call.basic is None or not HEX_ID.fullmatch(call.basic[0]) or not call.form.get("token"):
        return call.error(400, "Failed to revoke access token: invalid request")
    client_id, secret = call.basic
    client = state.world.client(client_id)
    # A client is known at its own cloud only, and no other redirects it, so this is also what a wrong cloud says.
    if client is None or state.world.home(client).cloud != call.cloud.name:
        return call.error(403, DENIED)
    if not _admitted(state, call, client, secret) or call.form.get("client_id", client_id) != client_id:
        return call.error(403, DENIED)
    digest = sha256(call.form["token"])
    known = state.tokens.find(digest, state.clock())
    if known and known.client_id != client_id:
        return call.error(403, DENIED)
    state.tokens.revoke(digest)
    return call.envelope(200)


def _admitted(state: State, call: Call, client: ApiClient, secret: str) -> bool:
    right = compare_digest(client.client_secret.encode(), secret.encode())
    return right and state.world.home(client).admits(call.source)

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which function answers which call. A new endpoint is a new file in `endpoints/`: it is found by itself."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

from emulator import endpoints
from emulator.messages import Call, Refused, Reply
from emulator.state import State
from emulator.tokens import Token, sha256

Handler = Callable[[State, Call], Reply]
TokenHandler = Callable[[State, Call, Token], Reply]

GATEWAY = "crowdstrike-api-gateway"
DEAD_TOKEN = "access denied, invalid bearer token"
DENIED = "access denied, authorization failed"
TOO_MANY = "API rate limit exceeded."

ROUTES: dict[tuple[str, str], Handler] = {}


def public(method: str, path: str) -> Callable[[Handler], Handler]:
    """An endpoint that sees to its callers' right itself."""

    def register(handler: Handler) -> Handler:
        ROUTES[method, path] = handler
        return handler

    return register


def scoped(method: str, path: str, scope: str) -> Callable[[TokenHandler], Handler]:
    """An endpoint for live tokens of clients that have the scope."""

    def register(handler: TokenHandler) -> Handler:
        return public(method, path)(_guarded(handler, scope))

    return register


def _guarded(handler: TokenHandler, scope: str | None) -> Handler:
    def guarded(state: State, call: Call) -> Reply:
        locked = state.locked_out(call)
        if locked:
            return call.error(429, TOO_MANY, GATEWAY).with_headers(state.limit_headers(locked))
        token = live_token(state, call)
        verdict = state.customer_call(token.cid) if token else state.dead_call(call)
        if not verdict.allowed:
            reply = call.error(429, TOO_MANY, GATEWAY)
        elif token is None:
            reply = call.error(401, DEAD_TOKEN, GATEWAY)
        elif scope is not None and not _has_scope(state, token, scope):
            reply = call.error(403, DENIED, GATEWAY)
        else:
            try:
                reply = handler(state, call, token)
            except Refused as refused:
                reply = call.error(refused.status, refused.message)
        return reply.with_headers({**state.limit_headers(verdict), "X-Cs-Region": call.cloud.name})

    return guarded


def live_token(state: State, call: Call) -> Token | None:
    """A token is good at the cloud that issued it, and unknown elsewhere."""
    token = state.tokens.find(sha256(call.bearer or ""), state.clock())
    return token if token and token.cloud == call.cloud.name else None


def _has_scope(state: State, token: Token, scope: str) -> bool:
    client = state.world.client(token.client_id)
    return client is not None and scope in client.scopes


def _nothing_there(state: State, call: Call, token: Token) -> Reply:
    return call.error(404, "404: Page Not Found", GATEWAY)


_unknown = _guarded(_nothing_there, None)


def answer(state: State, call: Call) -> Reply:
    """The cloud's answer to a call."""
    handler = ROUTES.get((call.method, call.path), _unknown)
    return handler(state, call).with_headers({"X-Cs-Traceid": call.trace_id})


def load_endpoints() -> None:
    for module in pkgutil.iter_modules(endpoints.__path__, endpoints.__name__ + "."):
        importlib.import_module(module.name)

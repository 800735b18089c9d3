# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: it can change in any release.

"""The OAuth2 client-credentials calls of the Falcon API."""

from __future__ import annotations

import re
import time
from urllib.parse import urljoin

from ansible_collections.falconops.auth.plugins.module_utils._client import Client, check_hostname
from ansible_collections.falconops.auth.plugins.module_utils._clouds import cloud_at
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.module_utils._token import Token
from ansible_collections.falconops.auth.plugins.module_utils._wire import Answer, Wire, host_of

_TOKEN_PATH = "/oauth2/token"
# The API redirects once, to the client's own cloud; a second time is a loop.
_MOST_REDIRECTS = 2


def request_token(wire: Wire, client: Client) -> Token:
    """A new token for this client, from its own cloud (POST /oauth2/token).

    The token's hostname is that of the cloud which issued it. Raises FalconError.
    """
    form = {"client_id": client.client_id, "client_secret": client.client_secret}
    if client.member_cid:
        form["member_cid"] = client.member_cid
    for _redirect in range(_MOST_REDIRECTS + 1):
        attempt = f"Asking {client.hostname} for a token of {client} failed"
        try:
            answer = wire.post(client.hostname + _TOKEN_PATH, form)
        except FalconError as error:
            failure = error.message
            break
        if answer.status in (307, 308):
            client = client.at(_redirect_target(answer, attempt))
            continue
        if answer.status in (200, 201):
            return _issued(answer, client, attempt)
        raise _refusal(answer, client, attempt)
    else:
        failure = "it was redirected again and again"
    raise FalconError(f"{attempt}: {failure}.")


def _issued(answer: Answer, client: Client, attempt: str) -> Token:
    try:
        return Token.from_answer(answer.json(), hostname=client.hostname, now=time.time())
    except ValueError as error:
        complaint = str(error)
    raise FalconError(
        f"{attempt}: the answer {answer.status} holds no token that can be used ({complaint}){_trace(answer)}; "
        "is there something between this machine and the API that answers in its place?"
    )


def _redirect_target(answer: Answer, attempt: str) -> str:
    """The API host to go on with. Whoever is sent on there is given the secret: only CrowdStrike's own hosts are."""
    location = answer.headers.get("Location", "")
    try:
        target = check_hostname(host_of(urljoin(answer.url, location)))
    except ValueError:
        target = ""
    if cloud_at(target) or target == host_of(answer.url):
        return target
    if re.fullmatch(r"https://[a-z0-9.-]+(:\d+)?", target):
        advice = f"if that is right, say so yourself with 'hostname: {target}'"
    else:
        advice = "nothing was sent there"
    raise FalconError(
        f"{attempt}: it redirected to {_plain(target) or 'nowhere'}, which is not a host of CrowdStrike's and was not "
        f"sent the secret{_trace(answer)}; {advice}.",
        refused=True,
    )


def _refusal(answer: Answer, client: Client, attempt: str) -> FalconError:
    """What a status other than success means, and what can be done about it."""
    cloud = client.cloud or client.hostname
    causes = {
        400: "check client_id",
        401: "check client_id and client_secret",
        403: "check that client_id and client_secret belong together"
        + (f", that member {client.member_cid} is a child of this customer" if client.member_cid else "")
        + f", that the client lives in {cloud} (a government cloud must be named) and that this machine's address is "
        "on its IP allowlist, if it has one",
        404: "check hostname",
        429: "too many tokens were asked for from this address (the API allows 300 a minute); try again in "
        + (f"{answer.wait:.0f} seconds" if answer.wait and answer.wait < 86400 else "a minute"),
    }
    if answer.status >= 500:
        advice = "the server has a fault; try again later"
    else:
        advice = causes.get(answer.status, "check hostname, proxy and what else stands between here and the API")
    return FalconError(
        f"{attempt} with {answer.status}{_said(answer, client)}{_trace(answer)}; {advice}.",
        refused=400 <= answer.status < 500 and answer.status not in (408, 429),
    )


def _said(answer: Answer, client: Client) -> str:
    """The server's own words, made harmless: they may be anybody's, and may repeat what was sent."""
    body = answer.json()
    errors = body.get("errors") if isinstance(body, dict) else None
    messages = [
        entry["message"]
        for entry in (errors if isinstance(errors, list) else [])
        if isinstance(entry, dict) and isinstance(entry.get("message"), str)
    ]
    if not messages:
        return " and no words of the API" if answer.body else " and an empty answer"
    words = "; ".join(messages).replace(client.client_secret, "***")
    return f" ({_plain(words)})"


def _plain(text: str) -> str:
    """Printable, on one line, and short."""
    text = "".join(char if char.isprintable() else " " for char in text[:300]).strip()
    # What stands in a result may be templated by somebody later.
    return text.replace("{{", "{ {").replace("{%", "{ %")


def _trace(answer: Answer) -> str:
    return f" [X-Cs-Traceid {answer.trace_id}]" if answer.trace_id else ""

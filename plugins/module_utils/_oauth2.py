# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: it can change in any release.

"""The OAuth2 client-credentials calls of the Falcon API."""

from __future__ import annotations

import contextlib
import re
import time
from urllib.parse import urljoin

from ansible_collections.falconops.auth.plugins.module_utils._client import Client, check_hostname
from ansible_collections.falconops.auth.plugins.module_utils._clouds import may_go
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.module_utils._exchange import Answer, Request
from ansible_collections.falconops.auth.plugins.module_utils._token import Token
from ansible_collections.falconops.auth.plugins.module_utils._wire import Wire, basic, bearer, host_of
from ansible_collections.falconops.auth.plugins.module_utils._words import errors_of, harmless, said, trace

# The API redirects once, to the client's own cloud; a second time is a loop.
_MOST_REDIRECTS = 2
# A cheap call that any live token may send: without the scope for it the answer is 403, and 401 means a dead token.
_PROBE_PATH = "/sensors/queries/installers/ccid/v1"


def request_token(wire: Wire, client: Client) -> Token:
    """A new token for this client, from its own cloud (POST /oauth2/token).

    The token's hostname is that of the cloud which issued it. Raises FalconError.
    """
    form = {"client_id": client.client_id, "client_secret": client.client_secret}
    if client.member_cid:
        form["member_cid"] = client.member_cid
    answer, client, attempt = _posted(wire, client, "/oauth2/token", form, "Asking {host} for a token of {client}")
    if answer.status in (200, 201):
        return _issued(answer, client, attempt)
    raise _refusal(answer, client, attempt)


def revoke_token(wire: Wire, client: Client, access_token: str) -> None:
    """Make a token of this client dead (POST /oauth2/revoke).

    The client's host must be the one that issued it. A token that the API no longer knows is dead, too. Raises
    FalconError.
    """
    form = {"client_id": client.client_id, "token": access_token}
    answer, client, attempt = _posted(
        wire, client, "/oauth2/revoke", form, "Revoking a token of {client} at {host}", authorised=True
    )
    if answer.status in (200, 201):
        _check_origin(answer, attempt)
    if answer.status not in (200, 201) or errors_of(answer.json()):
        raise _refusal(answer, client, attempt, access_token)


def is_live(wire: Wire, client: Client, access_token: str) -> bool:
    """Whether the API at the client's host still takes this token. Raises FalconError if it cannot be told."""
    attempt = f"Asking {client.hostname} whether a token is alive"
    url = client.hostname + _PROBE_PATH
    try:
        answer = wire.send(Request("GET", url, account=client.account, auth=bearer(access_token)))
    except FalconError as error:
        failure = error.message
    else:
        if answer.status in (200, 403):
            _check_origin(answer, attempt)
        if answer.status in (200, 401, 403):
            return answer.status != 401
        failure = f"it answered {answer.status}{trace(answer)}; try again later"
    raise FalconError(f"{attempt} failed: {failure}.")


def _posted(
    wire: Wire, client: Client, path: str, form: dict[str, str], what: str, *, authorised: bool = False
) -> tuple[Answer, Client, str]:
    """The API's answer to a form, the client at the cloud that gave it, and the start of a sentence on its failure."""
    auth = basic(client.client_id, client.client_secret) if authorised else None
    for _redirect in range(_MOST_REDIRECTS + 1):
        attempt = what.format(host=client.hostname, client=client)
        try:
            answer = wire.send(Request("POST", client.hostname + path, form=form, auth=auth))
        except FalconError as error:
            failure = error.message
            break
        if answer.status not in (307, 308):
            return answer, client, attempt
        client = client.at(_redirect_target(answer, attempt, client.client_secret, form.get("token", "")))
    else:
        failure = "it was redirected again and again; check hostname"
    raise FalconError(f"{attempt} failed: {failure}.")


def _check_origin(answer: Answer, attempt: str) -> None:
    """Refuse what a portal or a proxy has said: it is good news to them alone."""
    body = answer.json()
    if isinstance(body, dict) and (isinstance(body.get("meta"), dict) or isinstance(body.get("errors"), list)):
        return
    if not answer.body and answer.trace_id:  # the API leaves a body out now and then
        return
    what = "an HTML page" if answer.kind == "text/html" else "nothing that the API says"
    raise FalconError(
        f"{attempt} failed: it was answered with {answer.status} and {what}{trace(answer)}; is there something between "
        "this machine and the API that answers in its place?"
    )


def _issued(answer: Answer, client: Client, attempt: str) -> Token:
    try:
        return Token.from_answer(answer.json(), hostname=client.hostname, now=time.time())
    except ValueError as error:
        complaint = str(error)
    raise FalconError(
        f"{attempt} failed: the answer {answer.status} holds no token that can be used ({complaint}){trace(answer)}; "
        "is there something between this machine and the API that answers in its place?"
    )


def _redirect_target(answer: Answer, attempt: str, *secrets: str) -> str:
    """The API host to go on with. Whoever is sent on there is given the secret: only CrowdStrike's own hosts are."""
    named = target = ""
    with contextlib.suppress(ValueError):
        named = host_of(urljoin(answer.url, answer.headers.get("Location", "")))
        target = check_hostname(named)
    if may_go(host_of(answer.url), target):
        return target
    shown = harmless(target or named, *secrets) or "nowhere"
    if shown == target and re.fullmatch(r"https://[a-z0-9.-]+(:\d+)?", target):
        advice = f"if that is right, say so yourself with 'hostname: {target}'"
    else:
        advice = "nothing was sent there"
    raise FalconError(
        f"{attempt} failed: it redirected to {shown}, which is not a host of CrowdStrike's "
        f"and was not sent the secret{trace(answer)}; {advice}.",
        refused=True,
    )


def _refusal(answer: Answer, client: Client, attempt: str, access_token: str = "") -> FalconError:
    """What a status other than success means, and what can be done about it."""
    cloud = client.cloud or client.hostname
    if access_token:
        belonging = "check that the token is one of this client's, and that client_id and client_secret belong together"
    else:
        belonging = "check that client_id and client_secret belong together"
    causes = {
        400: "check client_id",
        401: "check client_id and client_secret",
        403: belonging
        + (f", that member {client.member_cid} is a child of this customer" if client.member_cid else "")
        + f", that the client lives in {cloud} (a government cloud must be named) and that this machine's address is "
        "on its IP allowlist, if it has one",
        404: "check hostname",
        429: "too many requests came from this address (the API allows 300 a minute); try again in "
        + answer.wait_in_words,
    }
    if answer.status >= 500:
        advice = "the server has a fault; try again later"
    else:
        advice = causes.get(answer.status, "check hostname, proxy and what else stands between here and the API")
    words = said(answer, client.client_secret, access_token)
    return FalconError(
        f"{attempt} failed with {answer.status}{words}{trace(answer)}; {advice}.",
        refused=400 <= answer.status < 500 and answer.status not in (408, 429),
        lasting=answer.status == 429,
    )

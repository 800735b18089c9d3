# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""Items of a task's loop: ansible-core prints them beside the result, and they may hold the secret."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping
from contextlib import suppress

from ansible_collections.falconops.auth.plugins.plugin_utils._options import ENVIRONMENT, VARIABLES, plain

# Arguments that are secrets, by all of their names.
_SECRETS = ("client_secret", "falcon_client_secret", "access_token")


def tells_a_secret(task: t.Any, variables: Mapping[str, t.Any], templar: t.Any, known: t.Sequence[str]) -> bool:
    """Whether what ansible-core prints of the loop holds a secret that the task was given, or what is called one.

    known: the secret that the task has come to use, if it came so far. At -v the item is printed whole whatever its
    label says, and with loop_control.extended all the others as well.
    """
    printed = [variables.get(task.loop_control.loop_var or "item"), variables.get("ansible_loop")]
    try:
        secrets = (
            [*known, *_of_arguments(task)] if known else [*_of_arguments(task), *_of_variables(variables, templar)]
        )
        return any(_tells(plain(each), list(filter(None, secrets))) for each in printed)
    except Exception:
        return True  # an item that cannot be read may be anything


def _of_arguments(task: t.Any) -> Iterator[t.Any]:
    given = [*map(task.args.get, _SECRETS), *_of_clients(task.args.get("clients"))]
    given += [overlay.get(ENVIRONMENT["client_secret"]) for overlay in task.environment or ()]
    yield from map(_readable, given)


def _of_variables(variables: Mapping[str, t.Any], templar: t.Any) -> Iterator[t.Any]:
    """They stand as they were written, and each secret by itself may be one that cannot be read."""
    clients = variables.get(VARIABLES["clients"])
    clients = _readable(clients, templar.template) if isinstance(clients, str) else clients
    for raw in (variables.get(VARIABLES["client_secret"]), *_of_clients(clients)):
        yield _readable(raw, templar.template)


def _of_clients(clients: t.Any) -> list[t.Any]:
    """The secrets in a dict of stored clients, whatever else it may be."""
    if not isinstance(clients, Mapping):
        return []
    return [client.get("client_secret") for client in clients.values() if isinstance(client, Mapping)]


def _readable(value: t.Any, render: t.Callable[[t.Any], t.Any] = lambda value: value) -> t.Any:
    """A value, rendered and decrypted; None if it cannot be."""
    with suppress(Exception):
        return plain(render(value))
    return None


def _tells(value: t.Any, secrets: list[t.Any]) -> bool:
    if isinstance(value, dict):
        return any("secret" in name.lower() or _tells(each, secrets) for name, each in value.items())
    if isinstance(value, list):
        return any(_tells(each, secrets) for each in value)
    return any(str(secret) in str(value) for secret in secrets)

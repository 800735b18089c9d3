# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""The context: what a successful falcon_token was given, remembered for its host and for this run.

It lies in a fact, where every later task and lookup finds it, and where a persistent fact cache keeps it beyond the
run. So it is sealed, with a key that is made when this file is first imported. Ansible imports action plugins in its
main process before it forks a worker, so every worker inherits the key, nobody else ever has it, and it is never
written anywhere: in the next run, or in anybody else's hands, the whole context is void.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.plugin_utils._options import plain
from ansible_collections.falconops.auth.plugins.plugin_utils._seal import BrokenSeal, Sealer

FACT = "falcon_context"

_KEY = Sealer.random_key()


def context_fact(client: Client) -> dict[str, t.Any]:
    """The fact that remembers this client: its choice in the clear, its credentials sealed, both authenticated."""
    choice = {
        "client": client.name,
        "cloud": client.cloud,
        "hostname": client.hostname,
        "member_cid": client.member_cid,
        "session": client.session,
    }
    return {FACT: {**choice, "sealed": Sealer(_KEY).seal(vars(client), place=_place(choice))}}


def cleared_fact() -> dict[str, t.Any]:
    """The fact after a revocation: nothing is remembered, and that is no accident."""
    return {FACT: {}}


def was_cleared(variables: t.Mapping[str, t.Any]) -> bool:
    """Whether a revocation has cleared the context."""
    fact = (variables.get("ansible_facts") or {}).get(FACT)
    return isinstance(fact, dict) and not fact


def remembered_client(variables: t.Mapping[str, t.Any]) -> Client | None:
    """The client of the context among a host's facts; None when there is none, or it is not of this run."""
    fact = (variables.get("ansible_facts") or {}).get(FACT)
    if not isinstance(fact, dict):
        return None
    fact = plain(fact)
    sealed = fact.pop("sealed", None)
    try:
        return Client(**Sealer(_KEY).open(sealed, place=_place(fact)))
    except (BrokenSeal, TypeError, ValueError):
        return None


def _place(choice: t.Mapping[str, t.Any]) -> str:
    return json.dumps(choice, sort_keys=True)

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A case of who asks: what is given where, and the client that comes of it or a part of the sentence."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.falconops.auth.plugins.module_utils._argspec import TOKEN_MODULE_SPEC
from ansible_collections.falconops.auth.plugins.module_utils._client import Client
from ansible_collections.falconops.auth.plugins.module_utils._clouds import CLOUDS
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils._credentials import client_of
from ansible_collections.falconops.auth.plugins.plugin_utils._options import Options
from ansible_collections.falconops.auth.tests.unit.controller import loader_with, templar_of
from ansible_collections.falconops.auth.tests.unit.examples import MEMBER, OTHER_SECRET, SECRET

A, B, C = "a" * 32, "b" * 32, "c" * 32
MEMBER2 = "cd" * 16
OWN_URL = "https://api.example"
IN_CONTEXT = {"client_id": C, "hostname": CLOUDS["us-2"].url, "member_cid": MEMBER, "session": "s"}


class Case(t.NamedTuple):
    """expected: some of the client's fields, or a part of the sentence."""

    title: str
    expected: dict[str, t.Any] | str
    args: dict[str, t.Any] = {}
    vars: dict[str, t.Any] = {}
    context: dict[str, t.Any] | None = None
    env: dict[str, str] = {}

    def check(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in self.env.items():
            monkeypatch.setenv(name, value)
        remembered = None
        if self.context is not None:
            remembered = Client(**{"client_secret": SECRET, "hostname": CLOUDS["us-1"].url, **self.context})
        if isinstance(self.expected, str):
            with pytest.raises(FalconError) as caught:
                resolve(self.args, self.vars, remembered)
            assert self.expected in caught.value.message
            assert SECRET not in caught.value.message and OTHER_SECRET not in caught.value.message
        else:
            client = resolve(self.args, self.vars, remembered)
            assert {name: getattr(client, name) for name in self.expected} == self.expected


def resolve(
    args: dict[str, t.Any], variables: dict[str, t.Any], remembered: Client | None = None, loader: t.Any = None
) -> Client:
    """The client that comes of these arguments and variables, for the host web1."""
    loader = loader or loader_with()
    given = {"inventory_hostname": "web1", **variables}
    templar = templar_of(given, loader)
    options = Options(TOKEN_MODULE_SPEC, door="task", arguments=args, variables=given, templar=templar)
    return client_of(options, remembered, loader).client


def who(client_id: t.Any, **more: t.Any) -> dict[str, t.Any]:
    """Id and secret, and more."""
    return {"client_id": client_id, "client_secret": SECRET, **more}


def variables(**values: t.Any) -> dict[str, t.Any]:
    """Options as variables."""
    return {"falcon_session_name" if name == "session" else f"falcon_{name}": values[name] for name in values}


def environment(**values: str) -> dict[str, str]:
    """Options as environment variables."""
    return {f"FALCON_{name.upper()}": value for name, value in values.items()}

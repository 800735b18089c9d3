# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a user gives, as any option of any door and at any level: a success or a sentence, and nothing is sent."""

from __future__ import annotations

import itertools
import json
import os
import typing as t
from pathlib import Path
from unittest import mock

import pytest
from ansible import constants as C
from ansible.errors import AnsibleLookupError
from ansible.parsing.vault import VaultSecret
from ansible.plugins.loader import action_loader, lookup_loader
from ansible.utils.display import Display
from ansible_collections.falconops.auth.plugins.action import falcon_client_file
from ansible_collections.falconops.auth.plugins.module_utils import _argspec
from ansible_collections.falconops.auth.plugins.module_utils._exchange import Answer, Request
from ansible_collections.falconops.auth.plugins.plugin_utils import _options
from ansible_collections.falconops.auth.tests.unit import careless
from ansible_collections.falconops.auth.tests.unit.controller import (
    VAULT_PASSWORD,
    loader_with,
    templar_of,
    vault_opened_with,
)
from ansible_collections.falconops.auth.tests.unit.examples import ID, ISSUED, SECRET
from ansible_collections.falconops.auth.tests.unit.tasks import Run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LONG = bool(os.environ.get("FALCONOPS_TEST_ALL"))
SPECS = {
    "falcon_token": _argspec.TOKEN_MODULE_SPEC,
    "falcon_token_info": _argspec.INFO_SPEC,
    "falcon_token_revoke": _argspec.REVOKE_SPEC,
    "falcon_token_file": _argspec.TOKEN_FILE_SPEC,
    "falcon_session_gate": _argspec.SESSION_GATE_SPEC,
    "falcon_api": _argspec.API_SPEC,
    "falcon_client_file": falcon_client_file.SPEC,
}
LOOKUPS = {"falcon_token": _argspec.TOKEN_LOOKUP_SPEC, "falcon_api": _argspec.API_LOOKUP_SPEC}
PAIR = {"client_id": ID, "client_secret": SECRET}


class FakeWire:
    """An API that grants whatever it is asked for, and what it was asked."""

    def __init__(self) -> None:
        self.sent: list[Request] = []

    def send(self, request: Request) -> Answer:
        self.sent.append(request)
        body = ISSUED if request.url.endswith("/oauth2/token") else {"resources": [], "meta": {}}
        if request.sink:
            request.sink(None)
            request.sink(b"{}")
            request.sink(b"")
        return Answer(request.url, 200, {}, json.dumps(body).encode())


class User:
    """What a user gives, in a directory of their own."""

    _tasks = itertools.count()

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wire = FakeWire()
        self.said: list[str] = []
        self.given: dict[str, t.Any] = {}

    def run(self, door: str, kind: str) -> str:
        """The sentence of a failure, or nothing after a success."""
        variables = {
            "inventory_hostname": "web1",
            "ansible_facts": {},
            "playbook_dir": str(self.folder),
            "ansible_play_batch": ["web1"],
            **careless.VARIABLES,
            **self.given["variables"],
        }

        def say(_display, message, *args, **kwargs):
            self.said.append(message)

        with (
            mock.patch.dict(os.environ, self.given["environment"]),
            mock.patch.object(Display, "warning", say),
            mock.patch.object(Display, "v", say),
            mock.patch(
                "ansible_collections.falconops.auth.plugins.module_utils._wire.wire_of_process", lambda *_: self.wire
            ),
            vault_opened_with(VAULT_PASSWORD),
        ):
            self._write_ini()
            return (self._task if kind == "module" else self._lookup)(door, variables)

    def _task(self, door: str, variables: dict[str, t.Any]) -> str:
        run = Run(action_loader.get(f"falconops.auth.{door}", class_only=True))
        run.variables = variables
        how = {"uuid": f"task {next(self._tasks)}", "check": self.given["check"]}
        action = run.action(self.given["arguments"], environment=[self.given["keyword"]], **how)
        action._loader.set_vault_secrets([("default", VaultSecret(VAULT_PASSWORD))])
        action._task.diff = self.given["check"]
        result = action.run(task_vars=variables)
        assert SECRET not in json.dumps(result.get("diff"))
        json.dumps(result)
        return str(result["msg"]) if result.get("failed") else ""

    def _lookup(self, door: str, variables: dict[str, t.Any]) -> str:
        loader = loader_with(VAULT_PASSWORD)
        plugin = lookup_loader.get(f"falconops.auth.{door}", loader=loader, templar=templar_of(variables, loader))
        try:
            plugin.run(self.given["terms"], variables=variables, **self.given["arguments"])
        except AnsibleLookupError as error:
            assert error.__cause__ is None and error.__context__ is None
            return str(error)
        return ""

    def _write_ini(self) -> None:
        _options.ini_section.cache_clear()
        C.CONFIG_FILE = None
        if self.given["ini"]:
            lines = [f"{name} = {value}" for name, value in self.given["ini"].items()]
            (self.folder / "ansible.cfg").write_text("\n".join(["[falconops_auth]", *lines]), errors="surrogateescape")
            C.CONFIG_FILE = str(self.folder / "ansible.cfg")


@pytest.fixture
def user(tmp_path, monkeypatch):
    """Make a new user; what they write stays in a directory deep below the test's own."""
    folder = tmp_path / "a" / "b" / "c"
    (folder / "a_folder").mkdir(parents=True)
    (folder / "tasks.yml").touch()
    (tmp_path / "ansible-local-1").mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setattr(C, "CONFIG_FILE", None)
    return lambda: User(folder)


SECRET_VARIABLES = ("FALCON_CLIENT_SECRET", "FALCON_PROXY", "HTTPS_PROXY")
IN_ENVIRONMENT = st.sets(
    st.sampled_from([*sorted(_options.ENVIRONMENT.values()), "HTTPS_PROXY", "REQUESTS_CA_BUNDLE"]), max_size=2
).flatmap(
    lambda names: st.fixed_dictionaries(
        {
            name: careless.one_of(
                *(text for text in careless.TEXTS if "\0" not in text and "\ud800" not in text),
                ID,
                *([SECRET, f" {SECRET}", f"http://me:{SECRET}@[::1"] if name in SECRET_VARIABLES else []),
            )
            for name in sorted(names)
        }
    )
)
KEYWORD = st.dictionaries(
    st.sampled_from(["FALCON_SESSION", "FALCON_TIMEOUT", "A=B", "", "a\0b", 7]),
    careless.one_of(*careless.TEXTS, *careless.OTHERS[:14]),
    max_size=1,
)
INI = st.dictionaries(
    st.sampled_from(sorted(_options.INI)),
    st.sampled_from(
        [each for each in careless.WRITABLE if "\n" not in each and "\ud800" not in each] + ["no", "%(x)s"]
    ),
    max_size=2,
)
DOORS = [("module", name) for name in SPECS] + [("lookup", name) for name in LOOKUPS] * 2


@st.composite
def what_is_given(draw):
    kind, door = draw(st.sampled_from(DOORS))
    spec = (SPECS if kind == "module" else LOOKUPS)[door]
    arguments, variables = draw(careless.given(spec)), draw(careless.given(_argspec.SHARED_SPEC))
    if draw(st.integers(0, 9)):
        # Mostly somebody asks, so that there is more to go wrong.
        arguments = {**({} if "client" in {*arguments, *variables} else PAIR), **arguments}
    if door == "falcon_session_gate":
        arguments.setdefault("state", draw(st.sampled_from(["named", "entered", "left"])))
    if door == "falcon_client_file":
        arguments = {"name": "a", "clients_file": "a_clients_file", **arguments}
    if door == "falcon_token_file":
        arguments.setdefault("dest", "a_file")
    if door == "falcon_api" and kind == "module":
        arguments.setdefault("path", "/devices/queries/devices/v1")
    for name in variables:
        if draw(st.integers(0, 2)) == 0:
            secret = careless.SECRET_TEMPLATES if name in careless.SECRET_OPTIONS else ()
            variables[name] = draw(careless.one_of(*careless.TEMPLATES, *secret))
    terms = draw(st.lists(careless.one_of("a", "b", *careless.TEXTS, *careless.OTHERS), max_size=1))
    return kind, door, {
        "arguments": arguments,
        "variables": {_options.VARIABLES[name]: variables[name] for name in variables},
        "environment": draw(IN_ENVIRONMENT),
        "keyword": draw(KEYWORD) if draw(st.integers(0, 9)) == 0 else {},
        "ini": draw(INI) if draw(st.integers(0, 4)) == 0 else {},
        "check": draw(st.booleans()),
        "terms": terms if door == "falcon_token" else terms or ["/devices/queries/devices/v1"],
    }  # fmt: skip


def check_sentence(text):
    assert "has a fault" not in text, text
    assert text.isprintable(), text
    assert len(text) <= 1500, (len(text), text[:3000])
    assert SECRET not in text, text


@settings(
    max_examples=2000 if LONG else 400,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(case=what_is_given())
def test_whatever_is_given_is_a_success_or_a_sentence(user, case):
    kind, door, given = case
    one = user()
    one.given = careless.picked(given)
    failure = one.run(door, kind)
    check_sentence(failure)
    # What was wrong may show in the answer alone: a file that cannot be written, a query, a checksum.
    if failure and not failure.startswith(("The token could not be written to", "query", "What came for")):
        assert one.wire.sent == [], failure
    for text in one.said:
        assert "has a fault" not in text and SECRET not in text, text
    assert not any(SECRET in path.read_text(errors="replace") for path in one.folder.rglob("*") if path.is_file())

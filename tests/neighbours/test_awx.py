# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files for AWX in docs/awx: its rules accept them, its injector fills them, its builder takes them."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration.harness import CHECKOUT, User
from neighbours.awx import inject
from neighbours.credential_types import objections

DOCS = CHECKOUT / "docs" / "awx"
ENVIRONMENT, FILE = (
    yaml.safe_load((DOCS / f"credential_type_{form}.yml").read_text()) for form in ("environment", "file")
)
BIN = Path(sys.executable).parent


@pytest.mark.parametrize("form", [ENVIRONMENT, FILE], ids=["environment", "file"])
def test_awx_accepts_the_credential_type(form: Any) -> None:
    assert objections(form) == []


def spoiled(*path: Any, by: Any) -> Callable[[], Any]:
    """The environment's type with another value at this place."""

    def spoil() -> Any:
        document = copy.deepcopy(ENVIRONMENT)
        place = document
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = by
        return document

    return spoil


@pytest.mark.parametrize(
    "document",
    [
        spoiled("kind", by="vault"),
        spoiled("inputs", "fields", 0, "id", by="1st"),
        spoiled("inputs", "fields", 0, "id", by="client_secret"),
        spoiled("inputs", "fields", 0, "id", by="tower"),
        spoiled("inputs", "fields", 1, "ask_at_runtime", by=True),
        spoiled("inputs", "fields", 1, "type", by="boolean"),
        spoiled("inputs", "fields", 2, "default", by="us-9"),
        spoiled("inputs", "required", by=["client_id", "nothing"]),
        spoiled("injectors", "env", "FALCON_CLOUD", by="{{ clowd }}"),
        spoiled("injectors", "env", "FALCON_CLOUD", by="{{ cloud"),
        spoiled("injectors", "env", "FALCON_CLOUD", by="{{ cloud | b64encode }}"),
        spoiled("injectors", "env", "FALCON_CLOUD", by="{{ tower.filename }}"),
        spoiled("injectors", "env", "FALCON_CLOUD", by="über"),
        spoiled("injectors", "env", "ANSIBLE_CACHE_PLUGIN", by="jsonfile"),
        spoiled("injectors", "env", "PATH", by="{{ cloud }}"),
        spoiled("injectors", "file", by={"template": "a", "template.b": "c"}),
    ],
)
def test_what_awx_refuses_is_found(document: Callable[[], Any]) -> None:
    assert objections(document()) != []


SECRET = "an-api-client-secret-0123456789-abcdefgh"


def test_the_environment_type_fills_what_we_read(tmp_path: Path) -> None:
    given = {
        "client_id": "0" * 32,
        "client_secret": SECRET,
        "cloud": "eu-1",
        "cache_connection": "host:6379:0:password",
    }
    env, shown = inject(ENVIRONMENT, given, tmp_path)
    assert env == {
        "FALCON_CLIENT_ID": "0" * 32,
        "FALCON_CLIENT_SECRET": SECRET,
        "FALCON_CLOUD": "eu-1",
        "FALCON_CACHE_CONNECTION": "host:6379:0:password",
        # Left blank is empty, which is as good as not given.
        **dict.fromkeys(("FALCON_HOSTNAME", "FALCON_MEMBER_CID", "FALCON_CACHE_PLUGIN"), ""),
    }
    # What AWX keeps of it and shows.
    assert shown["FALCON_CLIENT_SECRET"] == shown["FALCON_CACHE_CONNECTION"] == "**********"
    assert not list(tmp_path.rglob("tmp*"))
    # A URL comes instead of a cloud.
    env, _shown = inject(ENVIRONMENT, {**given, "hostname": "https://gateway.example"}, tmp_path)
    assert (env["FALCON_CLOUD"], env["FALCON_HOSTNAME"]) == ("", "https://gateway.example")


def test_the_file_type_has_no_client_in_the_environment(tmp_path: Path) -> None:
    text = yaml.safe_dump({"production": {"client_id": "0" * 32, "client_secret": SECRET}})
    store = {"cache_plugin": "community.general.redis", "cache_connection": "host:6379:0:password"}
    env, shown = inject(FILE, {"clients": text, "client": "production", **store}, tmp_path)
    path = Path(env.pop("FALCON_CLIENTS_FILE"))
    assert env == {
        "FALCON_CLIENT": "production",
        "FALCON_CACHE_PLUGIN": "community.general.redis",
        "FALCON_CACHE_CONNECTION": "host:6379:0:password",
    }
    assert SECRET not in str(shown)
    assert shown["FALCON_CACHE_CONNECTION"] == "**********"
    assert path.read_text() == text
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_builder_takes_our_metadata_and_our_definition(user: User) -> None:
    """Which images it makes of them is the machine's business that has an engine for containers."""
    builder = str(BIN / "ansible-builder")
    told = user.command(builder, "introspect", str(user.ansible.collections)).wait().ok()
    needed = [line.split()[0] for line in (CHECKOUT / "requirements.txt").read_text().splitlines() if ">=" in line]
    assert len(needed) == 2
    assert all(f"{name}  # from collection falconops.auth" in told.stdout for name in needed)
    done = subprocess.run(
        [
            builder,
            "create",
            "-f",
            DOCS / "execution-environment.yml",
            "-c",
            "context",
            "--output-filename",
            "Containerfile",
        ],
        cwd=user.project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    context = user.project / "context"
    assert "FROM " in (context / "Containerfile").read_text()
    assert "falconops.auth" in (context / "_build" / "requirements.yml").read_text()

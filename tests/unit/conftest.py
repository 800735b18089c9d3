# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make this checkout importable as ansible_collections.falconops.auth for a plain `pytest tests/unit`."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import hypothesis
import pytest


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Before anything is collected."""
    make_importable()


def make_importable() -> None:
    """Install ansible's collection loader, unless ansible-test has done so before us."""
    if any(type(finder).__name__ == "_AnsibleCollectionFinder" for finder in sys.meta_path):
        return
    root = Path(tempfile.mkdtemp(prefix="falconops-unit-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    collection = root / "ansible_collections" / "falconops" / "auth"
    collection.parent.mkdir(parents=True)
    collection.symlink_to(Path(__file__).resolve().parents[2])
    sys.path.insert(0, str(root))

    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader([str(root)])


# The same cases each time, however busy the machine; `make test-all` looks for new ones.
hypothesis.settings.register_profile(
    "unit",
    deadline=None,
    derandomize=not os.environ.get("FALCONOPS_TEST_ALL"),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("unit")


@pytest.fixture(autouse=True)
def own_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test an Ansible home, a run and an environment of its own, and facts that are kept in memory."""
    for name in list(os.environ):
        if name.upper().startswith("FALCON_") or name.upper().endswith(("_PROXY", "CA_BUNDLE")) or name == "NETRC":
            monkeypatch.delenv(name)
    monkeypatch.setenv("ANSIBLE_HOME", str(tmp_path / "home"))
    try:
        from ansible import constants as C
        from ansible_collections.falconops.auth.plugins.plugin_utils import _options, _private
    except ImportError:
        return  # ansible-test runs the tests of modules without the controller
    monkeypatch.setattr(C, "DEFAULT_LOCAL_TMP", str(tmp_path / "ansible-local-1"))
    monkeypatch.setattr(C, "CACHE_PLUGIN", "memory")
    monkeypatch.setattr(C, "CONFIG_FILE", None)
    _options.ini_section.cache_clear()
    _private.ansible_home.cache_clear()


@pytest.fixture
def warnings() -> list[str]:
    """Collect what the user is warned of; `warnings.append` is the function to warn with."""
    return []


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Collect the pauses that are made, without making them."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect what Ansible shows the user: warnings, and lines at -v."""
    from ansible.utils.display import Display

    lines: list[str] = []
    monkeypatch.setattr(Display(), "verbosity", 1)
    monkeypatch.setattr(Display, "warning", lambda self, msg, *args, **kwargs: lines.append(msg))
    monkeypatch.setattr(Display, "v", lambda self, msg, *args, **kwargs: lines.append(msg))
    return lines

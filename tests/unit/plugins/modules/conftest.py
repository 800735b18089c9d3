# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the modules share: an API by name, and the module that a test file tells in MODULE."""

from __future__ import annotations

import pytest
import responses


@pytest.fixture
def server():
    """The API, where every answer that a test has prepared must be fetched."""
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def run(request, monkeypatch, capsys, tmp_path):
    """Run the module with these arguments; its result comes back."""
    # Not at the top: pytest may read this file before the collection can be imported.
    from ansible_collections.falconops.auth.tests.unit.modules import runner

    return runner(request.module.MODULE, monkeypatch, capsys, tmp_path)

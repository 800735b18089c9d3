# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the action plugins share: tasks of the one that a test file names PLUGIN, and of falcon_token."""

from __future__ import annotations

import pytest


@pytest.fixture
def run(request, said):
    """Run a task of the plugin that is tested."""
    # Not at the top: pytest may read this file before the collection can be imported.
    from ansible_collections.falconops.auth.tests.unit.tasks import Run

    return Run(request.module.PLUGIN.ActionModule)


@pytest.fixture
def get(run):
    """Get a token in the same play."""
    from ansible_collections.falconops.auth.plugins.action.falcon_token import ActionModule

    return run.of(ActionModule)

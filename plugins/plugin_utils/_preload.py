# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""What is made ready once, in Ansible's main process, so that no worker has to.

Ansible forks a worker for each host and task, and action plugins are imported before the fork: what is loaded and used
here once, every worker inherits. Where this file is imported later (a lookup in a worker), nothing is lost by it.

Each line is worth more than a millisecond for each host. What asks the API is not among them: of a whole fleet one
process asks, and only that one loads requests.
"""

from __future__ import annotations

import contextlib
import os

from ansible.plugins.loader import lookup_loader
from ansible.template import Templar
from ansible_collections.falconops.auth.plugins.module_utils._token import this_boot
from ansible_collections.falconops.auth.plugins.plugin_utils import _backend
from ansible_collections.falconops.auth.plugins.plugin_utils._options import ENVIRONMENT, ini_section
from ansible_collections.falconops.auth.plugins.plugin_utils._private import ansible_home
from ansible_collections.falconops.auth.plugins.plugin_utils._seal import Sealer

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19, every text is
    trust_as_template = str


def prepare() -> None:
    """Make it ready. What goes wrong here goes wrong again, and is told, where it is needed."""
    with contextlib.suppress(Exception):
        _prepare()


def _prepare() -> None:
    # Classes of plugins: their documentation is parsed when they are first loaded.
    _backend.load(*filter(None, [os.environ.get(ENVIRONMENT["cache_plugin"]), ini_section().get("cache_plugin")]))
    lookup_loader.get("falconops.auth.falcon_token", class_only=True)
    # What credentials are that refer to a vaulted variable. For the first of all templates, Jinja builds its lexer.
    Templar(loader=None).template(trust_as_template("{{ true }}"))
    # What is the same throughout the run.
    ansible_home()
    this_boot()
    # Not its import but its first use is what makes cryptography slow.
    sealer = Sealer.from_secret("", "")
    sealer.open(sealer.seal(None, place=sealer.name("")), place=sealer.name(""))

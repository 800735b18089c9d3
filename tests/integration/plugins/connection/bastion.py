# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another machine, as far as Ansible can tell: the local connection under another name."""

from __future__ import annotations

DOCUMENTATION = """
name: bastion
short_description: the local connection under another name
description: For tests of delegation.
extends_documentation_fragment:
  - connection_pipelining
options:
  become_success_timeout:
    description: As of the local connection.
    type: int
    default: 10
  become_strip_preamble:
    description: As of the local connection.
    type: bool
    default: true
"""

from ansible.plugins.connection.local import Connection as Local


class Connection(Local):
    transport = "bastion"

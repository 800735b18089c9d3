# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sensor's installation needs."""

from __future__ import annotations

from emulator.messages import Call, Reply
from emulator.routing import scoped
from emulator.state import State
from emulator.tokens import Token
from emulator.world import INSTALLERS_READ, ccid


@scoped("GET", "/sensors/queries/installers/ccid/v1", INSTALLERS_READ)
def customer_id(state: State, call: Call, token: Token) -> Reply:
    return call.envelope(200, resources=[ccid(token.cid)], powered_by="sensor-download-api")

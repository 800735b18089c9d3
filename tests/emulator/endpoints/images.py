# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image assessment: the one call of the API that is made with HEAD."""

from __future__ import annotations

from emulator.messages import Call, Reply
from emulator.routing import scoped
from emulator.scopes import CONTAINER_IMAGES_READ
from emulator.state import State
from emulator.tokens import Token


@scoped("HEAD", "/image-assessment/entities/image-inventory/v1", CONTAINER_IMAGES_READ)
def inventory(state: State, call: Call, token: Token) -> Reply:
    return Reply(200, headers={"Content-Type": "application/json", "X-Cs-Image-Inventory": "ready"})

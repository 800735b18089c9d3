# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""The way to the API."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Connection:
    """How to reach the API. timeout: seconds for connecting, and for each answer; retries: repeats of a failed try."""

    timeout: int
    retries: int
    proxy: str | None = dataclasses.field(repr=False)
    ca_path: str | None
    validate_certs: bool
    user_agent: str | None

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clouds and their host names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cloud:
    name: str
    host: str
    commercial: bool = True  # only commercial clouds send a client on to its own cloud

    @property
    def base_url(self) -> str:
        return f"https://{self.host}"


CLOUDS: dict[str, Cloud] = {
    cloud.name: cloud
    for cloud in (
        Cloud("us-1", "api.crowdstrike.com"),
        Cloud("us-2", "api.us-2.crowdstrike.com"),
        Cloud("us-3", "api.us-3.crowdstrike.com"),
        Cloud("eu-1", "api.eu-1.crowdstrike.com"),
        Cloud("us-gov-1", "api.laggar.gcw.crowdstrike.com", commercial=False),
        Cloud("us-gov-2", "api.us-gov-2.crowdstrike.mil", commercial=False),
    )
}
BY_HOST: dict[str, Cloud] = {cloud.host: cloud for cloud in CLOUDS.values()}
HOSTS: tuple[str, ...] = tuple(BY_HOST)

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: it can change in any release.

"""The one table of the Falcon clouds."""

from __future__ import annotations

import typing as t


class Cloud(t.NamedTuple):
    """One Falcon cloud.

    name: as users write it; url: base of every API call; known_to_falconpy: whether the vendor's client takes
    the name, also version 1.5.0, the oldest that crowdstrike.falcon works with (it takes the URL of any other cloud);
    must_be_named: whether no other cloud sends its clients there.
    """

    name: str
    url: str
    known_to_falconpy: bool
    must_be_named: bool = False


_TABLE = (
    Cloud("us-1", "https://api.crowdstrike.com", True),
    Cloud("us-2", "https://api.us-2.crowdstrike.com", True),
    Cloud("us-3", "https://api.us-3.crowdstrike.com", False),
    Cloud("eu-1", "https://api.eu-1.crowdstrike.com", True),
    Cloud("us-gov-1", "https://api.laggar.gcw.crowdstrike.com", True, must_be_named=True),
    Cloud("us-gov-2", "https://api.us-gov-2.crowdstrike.mil", False, must_be_named=True),
)

CLOUDS = {cloud.name: cloud for cloud in _TABLE}
DEFAULT_CLOUD = "us-1"


def may_go(asked: str, target: str) -> bool:
    """Whether who asked one host may go on with another, which is given the secret then: CrowdStrike's own alone."""
    return target == asked or cloud_at(target) is not None


def cloud_at(url: str) -> Cloud | None:
    """The cloud whose base URL this is, or None for a host that is not in the table."""
    return next((cloud for cloud in _TABLE if cloud.url == url), None)

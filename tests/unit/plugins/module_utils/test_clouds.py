# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.falconops.auth.plugins.module_utils._clouds import CLOUDS, DEFAULT_CLOUD, cloud_at

# As CrowdStrike publishes them.
PUBLISHED = {
    "us-1": "https://api.crowdstrike.com",
    "us-2": "https://api.us-2.crowdstrike.com",
    "us-3": "https://api.us-3.crowdstrike.com",
    "eu-1": "https://api.eu-1.crowdstrike.com",
    "us-gov-1": "https://api.laggar.gcw.crowdstrike.com",
    "us-gov-2": "https://api.us-gov-2.crowdstrike.mil",
}


def test_the_table_is_as_published():
    assert {name: cloud.url for name, cloud in CLOUDS.items()} == PUBLISHED
    assert DEFAULT_CLOUD == "us-1"


def test_falconpy_knows_all_clouds_but_the_newest():
    # 1.5.0 takes us-gov-2 for the name of a host; so does every release with a cloud that is newer than itself.
    assert [name for name, cloud in CLOUDS.items() if not cloud.known_to_falconpy] == ["us-3", "us-gov-2"]


@pytest.mark.parametrize(("name", "url"), PUBLISHED.items())
def test_a_cloud_is_found_by_its_url(name, url):
    cloud = cloud_at(url)
    assert cloud is not None and cloud.name == name


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://api.crowdstrike.com",
        "https://api.crowdstrike.com/",
        "https://api.crowdstrike.com:8443",
        "https://api.crowdstrike.com.evil.example",
        "https://evil.example/https://api.crowdstrike.com",
    ],
)
def test_no_other_url_is_a_cloud(url):
    assert cloud_at(url) is None

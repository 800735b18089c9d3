# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API client may be allowed to do."""

from __future__ import annotations

from emulator.world import INSTALLERS_READ

ALERTS_READ = "alerts:read"
CLOUD_ASSETS_READ = "cloud-security-api-assets:read"
CONTAINER_IMAGES_READ = "falcon-container-image:read"
CSPM_READ = "cspm-registration:read"
FLIGHT_CONTROL_READ = "flight-control:read"
HOSTS_READ = "hosts:read"
HOSTS_WRITE = "hosts:write"
HOST_GROUPS_READ = "host-groups:read"
HOST_GROUPS_WRITE = "host-groups:write"
INDICATORS_READ = "indicators:read"
RTR_ADMIN_WRITE = "real-time-response-admin:write"
RTR_READ = "real-time-response:read"
RTR_WRITE = "real-time-response:write"
SAMPLES_READ = "sample-uploads:read"
SAMPLES_WRITE = "sample-uploads:write"
SENSOR_POLICIES_WRITE = "sensor-update-policies:write"
VULNERABILITIES_READ = "vulnerabilities:read"

ALL = frozenset(
    {
        ALERTS_READ,
        CLOUD_ASSETS_READ,
        CONTAINER_IMAGES_READ,
        CSPM_READ,
        FLIGHT_CONTROL_READ,
        HOSTS_READ,
        HOSTS_WRITE,
        HOST_GROUPS_READ,
        HOST_GROUPS_WRITE,
        INDICATORS_READ,
        INSTALLERS_READ,
        RTR_ADMIN_WRITE,
        RTR_READ,
        RTR_WRITE,
        SAMPLES_READ,
        SAMPLES_WRITE,
        SENSOR_POLICIES_WRITE,
        VULNERABILITIES_READ,
    }
)

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `test_falconpy.py` runs in a process of its own: the vendor's FalconPy, unmodified. Prints JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

from falconpy import OAuth2, SensorDownload


def summary(answer: Any) -> dict[str, Any]:  # noqa: ANN401 - FalconPy's types are wider than what it gives
    body = answer["body"]
    errors = [error["message"] for error in body.get("errors") or []]
    return {"status": answer["status_code"], "errors": errors, "resources": body.get("resources")}


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    steps = arguments.pop("steps")
    auth = OAuth2(**arguments)
    done: dict[str, Any] = {}
    for step in steps:
        if step == "login":
            done[step] = summary(auth.login())
        elif step == "call":
            # Not sooner: a service class logs in when it is made, unless somebody has done so.
            sensors = SensorDownload(auth_object=auth)
            done[step] = summary(sensors.get_sensor_installer_ccid())
        elif step == "revoke":
            # By hand, because `logout` forgets the token and the next call would ask for a new one.
            done[step] = summary(auth.revoke(token=auth.token_value, alter_state=True))
        elif step == "call again":
            done[step] = summary(sensors.get_sensor_installer_ccid())
    return {**done, "base_url": auth.base_url}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.stdin.read()))))

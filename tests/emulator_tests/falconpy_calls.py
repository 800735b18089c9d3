# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `test_falconpy_calls.py` runs in a process of its own: methods of FalconPy's service classes. Prints JSON.

Each call is [name of the result, class, method, arguments]. An argument that is text and begins with "$" is the value
at that place in an earlier result, as in "$session.resources.0.session_id".
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

import falconpy

Results = dict[str, Any]


def summary(answer: Any) -> Results:  # noqa: ANN401 - FalconPy's types are wider than what it gives
    if isinstance(answer, bytes):
        return {"status": 200, "size": len(answer), "sha256": hashlib.sha256(answer).hexdigest()}
    body = answer["body"] if isinstance(answer["body"], dict) else {"body": str(answer["body"])}
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    return {"status": answer["status_code"], "headers": headers, **body}


def filled(value: Any, results: Results) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return [filled(item, results) for item in value]
    if not isinstance(value, str) or not value.startswith("$"):
        return value
    found: Any = results
    for part in value[1:].split("."):
        found = found[int(part)] if isinstance(found, list) else found[part]
    return found


def main(arguments: Results) -> Results:
    calls = arguments.pop("calls")
    auth = falconpy.OAuth2(**arguments)
    auth.login()
    results: Results = {}
    for name, service, method, keywords in calls:
        call = getattr(getattr(falconpy, service)(auth_object=auth), method)
        results[name] = summary(call(**{key: filled(value, results) for key, value in keywords.items()}))
    return results


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.stdin.read()))))

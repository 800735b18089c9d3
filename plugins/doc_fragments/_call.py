# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""Options that say what is asked for."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  path:
    description:
      - Path of the operation, as the API's reference gives it. It begins with a slash, and is always asked at the host that
        issued the token.
    type: str
    required: true
    version_added: 1.0.0
  method:
    description: HTTP method.
    type: str
    choices: [GET, HEAD, POST, PUT, PATCH, DELETE]
    default: GET
    version_added: 1.0.0
  params:
    description: Query parameters. A list repeats its name, and what is null is left out.
    type: dict
    version_added: 1.0.0
  body:
    description:
      - Body of the request, in the form that O(body_format) says. C(HEAD) has none, and C(GET) has one for the few
        operations that want it.
    type: raw
    version_added: 1.0.0
  body_format:
    description:
      - What O(body) is.
      - V(json) is a dictionary or list, sent as JSON.
      - V(form) is a dictionary, sent as an HTML form is.
      - V(multipart) is a dictionary of parts. A file is a dictionary with C(src), its path on the control node, or with
        C(filename) and C(content); anything else is a text.
      - V(raw) is a text, sent as it is.
    type: str
    default: json
    choices: [json, form, multipart, raw]
    version_added: 1.0.0
  headers:
    description:
      - HTTP headers beside those that the call has by itself. C(Authorization), C(Proxy-Authorization), C(Host), C(Cookie),
        C(Content-Length) and C(Transfer-Encoding) are not among them.
    type: dict
    version_added: 1.0.0
  ids:
    description:
      - Ids, sent as C(ids) in the query of C(GET), C(HEAD) and C(DELETE), and in the body of all others. As many as you like
        for what only reads, which asks for O(batch_size) of them at a time.
    type: list
    elements: str
    version_added: 1.0.0
  batch_size:
    description:
      - So many of O(ids) in one request, from 1 to 5000. Without it, what only reads sends 100 in a query, or fewer if they are
        long, and 500 in a body; what may change something is not split.
    type: int
    version_added: 1.0.0
  paginate:
    description:
      - Go on until there are no more pages, whichever of its ways the API has to name the next one.
      - Without it, and with more items than the answer holds, there is a warning.
    type: bool
    default: false
    version_added: 1.0.0
  max_items:
    description: Stop after so many items, from 1 to 10000000. Not with O(ids) of what may change something.
    type: int
    version_added: 1.0.0
  query:
    description:
      - A JMESPath expression over the result. What it finds comes back in C(result). It is checked before anything is sent.
    type: str
    version_added: 1.0.0
  read_only:
    description:
      - Whether the call only reads. This decides about C(changed), check mode, and whether it may be sent twice.
      - Without it, C(GET) and C(HEAD) only read, and so does a C(POST) whose path has a part C(aggregates), C(GET),
        C(queries) or C(combined), or is known to read; but none that has to do with Real Time Response, uninstall tokens or
        GraphQL.
    type: bool
    version_added: 1.0.0
  allow_partial:
    description:
      - Do not fail if only a part was done, of one request or of all O(batch_size) ones. C(errors) tells what was not.
    type: bool
    default: false
    version_added: 1.0.0
  ignore_codes:
    description: Statuses and codes of errors that are no failure, such as V([404]) for what may be gone already.
    type: list
    elements: int
    version_added: 1.0.0
  max_wait:
    description: The longest time in seconds to wait at once when the API's rate limit is reached, from 0 to 3600.
    type: int
    default: 90
    version_added: 1.0.0
requirements:
  - jmespath >= 1.0 (Python library, on the control node, only for O(query))
"""

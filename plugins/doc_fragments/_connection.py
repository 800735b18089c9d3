# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""Options of the connection to the API."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  timeout:
    description:
      - Seconds that connecting, and then the answer, may take, from 1 to 300. A file that is downloaded may take longer, if
        10 kB of it come within each such time.
      - For modules, if it is not given, the variable V(falcon_timeout) or the environment variable E(FALCON_TIMEOUT)
        is used.
    type: int
    default: 10
    version_added: 1.0.0
  retries:
    description:
      - How often a request is repeated after a fault of the server, a broken connection or a full rate limit, from 0 to
        10. A refusal is never repeated.
      - For modules, if it is not given, the variable V(falcon_retries) or the environment variable E(FALCON_RETRIES)
        is used.
    type: int
    default: 3
    version_added: 1.0.0
  proxy:
    description:
      - URL of the proxy. Without it E(HTTPS_PROXY) and E(NO_PROXY) count, as for other programs. An address of this machine
        that begins with V(http://) is asked without a proxy, so that nothing leaves the machine in the clear.
      - For modules, if it is not given, the variable V(falcon_proxy) or the environment variable E(FALCON_PROXY) is
        used.
    type: str
    version_added: 1.0.0
  ca_path:
    description:
      - A file or directory of the CA certificates to trust. Without it E(REQUESTS_CA_BUNDLE) and E(CURL_CA_BUNDLE)
        count, as for other programs that use the Python library requests, then the CAs that come with that library.
      - For modules, if it is not given, the variable V(falcon_ca_path) or the environment variable E(FALCON_CA_PATH)
        is used.
    type: path
    version_added: 1.0.0
  validate_certs:
    description:
      - Whether to check the server's TLS certificate. Whoever sets this to V(false) may send the secret to anybody.
      - For modules, if it is not given, the variable V(falcon_validate_certs) or the environment variable
        E(FALCON_VALIDATE_CERTS) is used.
    type: bool
    default: true
    version_added: 1.0.0
  user_agent:
    description:
      - What to send as C(User-Agent) before the name and version of this collection, such as V(mycompany/1.0).
      - For modules, if it is not given, the variable V(falcon_user_agent) or the environment variable
        E(FALCON_USER_AGENT) is used.
    type: str
    version_added: 1.0.0
requirements:
  - requests >= 2.28 (Python library, where the API is asked, which is the control node or the machine that a task is
    delegated to)
"""

    PLUGIN = r"""
options:
  timeout:
    vars: [{name: falcon_timeout, version_added: 1.0.0}]
    env: [{name: FALCON_TIMEOUT, version_added: 1.0.0}]
  retries:
    vars: [{name: falcon_retries, version_added: 1.0.0}]
    env: [{name: FALCON_RETRIES, version_added: 1.0.0}]
  proxy:
    vars: [{name: falcon_proxy, version_added: 1.0.0}]
    env: [{name: FALCON_PROXY, version_added: 1.0.0}]
  ca_path:
    vars: [{name: falcon_ca_path, version_added: 1.0.0}]
    env: [{name: FALCON_CA_PATH, version_added: 1.0.0}]
  validate_certs:
    vars: [{name: falcon_validate_certs, version_added: 1.0.0}]
    env: [{name: FALCON_VALIDATE_CERTS, version_added: 1.0.0}]
  user_agent:
    vars: [{name: falcon_user_agent, version_added: 1.0.0}]
    env: [{name: FALCON_USER_AGENT, version_added: 1.0.0}]
"""

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: it can change in any release.

"""Who asks for a token, and the checks of what describes it.

A check takes the value that a user gave and returns it in its normal form, or raises ValueError with the end of a
sentence that begins with the option's name. No check repeats a secret.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t
from urllib.parse import urlsplit

from ansible_collections.falconops.auth.plugins.module_utils._clouds import CLOUDS, cloud_at

_HEX32 = re.compile(r"[0-9a-f]{32}")
_CID_CHECKSUM = re.compile(r"-[0-9a-f]{2}\Z")
_SESSION = re.compile(r"[A-Za-z0-9._:@/+-]{1,128}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\]")


@dataclasses.dataclass(frozen=True)
class Client:
    """An API client at one cloud, for one member and one session: what a token belongs to.

    client_id: 32 hex digits; hostname: base URL of the API; member_cid: 32 hex digits of a Flight Control child, or
    None for the client's own customer; session: keeps tokens of the same client apart; name: of a stored client.
    """

    client_id: str
    client_secret: str = dataclasses.field(repr=False)
    hostname: str
    member_cid: str | None = None
    session: str | None = None
    name: str | None = None

    @property
    def cloud(self) -> str | None:
        """Name of the cloud, or None for a host that is not in the table."""
        cloud = cloud_at(self.hostname)
        return cloud.name if cloud else None

    @property
    def account(self) -> str:
        """Whose requests with a token the API counts together, as far as can be told: a customer's."""
        return f"{self.client_id} {self.member_cid or ''}"

    def at(self, hostname: str) -> Client:
        """The same client at another host of the API."""
        return self if hostname == self.hostname else dataclasses.replace(self, hostname=hostname)

    def __str__(self) -> str:
        """As messages name it."""
        who = f"client '{self.name}' ({self.client_id})" if self.name else f"client {self.client_id}"
        who = f"{who}, member {self.member_cid}" if self.member_cid else who
        return f"{who}, session {self.session}" if self.session else who


def check_client_id(value: str) -> str:
    """An API client's id: 32 hex digits, as the Falcon console shows it."""
    value = value.strip().lower()
    if not _HEX32.fullmatch(value):
        raise ValueError("must be the 32 hexadecimal digits of an API client's id")
    return value


def check_client_secret(value: str) -> str:
    """An API client's secret, whose exact shape is the vendor's to change."""
    if not value:
        raise ValueError("is empty")
    if "{{" in value or "{%" in value:
        raise ValueError("is a template that was not rendered; is it unsafe, or in a file that holds values only?")
    if not _is_one_word(value):
        raise ValueError("holds white space or control characters; perhaps a line break after it")
    if not value.isascii():
        raise ValueError("holds characters that no API client's secret has")
    return value


def check_member_cid(value: str) -> str:
    """A customer id: 32 hex digits, with or without the checksum that the Falcon console appends."""
    value = _CID_CHECKSUM.sub("", value.strip().lower())
    if not _HEX32.fullmatch(value):
        raise ValueError("must be the 32 hexadecimal digits of a customer id, with or without its checksum '-XX'")
    return value


def check_cloud(value: str) -> str:
    """A cloud's name; its base URL comes back."""
    try:
        return CLOUDS[value].url
    except KeyError:
        raise ValueError(f"must be one of {', '.join(CLOUDS)}; for another host give its URL as hostname") from None


def check_hostname(value: str) -> str:
    """The base URL of the API, lower case, without a default port or a trailing slash."""
    example = "such as https://api.us-2.crowdstrike.com"
    value = value.strip()
    if not _is_one_word(value):
        raise ValueError("holds white space or control characters")
    try:
        parts = urlsplit(value)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise ValueError(f"must be the full URL of an API host, {example}") from None
    if parts.scheme.lower() not in ("https", "http") or not host:
        raise ValueError(f"must be the full URL of an API host, {example}")
    if parts.path not in ("", "/") or parts.query or parts.fragment or "?" in value or "#" in value:
        raise ValueError(f"must be a URL without a path or a query, {example}")
    if "@" in parts.netloc:
        raise ValueError("must be a URL without a user or a password; those are client_id and client_secret")
    host = f"[{host}]" if ":" in host else host
    if not _HOST.fullmatch(host):
        raise ValueError(f"must be the full URL of an API host, {example}")
    scheme = parts.scheme.lower()
    if scheme == "http" and not _is_loopback(host):
        raise ValueError("must begin with https://, since it is sent the secret; http:// is for loopback only")
    default_port = 443 if scheme == "https" else 80
    return f"{scheme}://{host}" if port in (None, default_port) else f"{scheme}://{host}:{port}"


def check_session(value: str) -> str:
    """A session's name, such as a pipeline's id."""
    if not _SESSION.fullmatch(value):
        raise ValueError("must be 1 to 128 letters, digits and characters of . _ : @ / + -")
    return value


# What a stored client may say, and what each must be.
STORED_CHECKS: dict[str, t.Callable[[str], str]] = {
    "client_id": check_client_id,
    "client_secret": check_client_secret,
    "cloud": check_cloud,
    "hostname": check_hostname,
    "member_cid": check_member_cid,
}


def _is_one_word(value: str) -> bool:
    """Whether it holds neither white space nor control characters; of all white space only the blank is printable."""
    return " " not in value and value.isprintable()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False

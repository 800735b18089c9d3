# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: it can change in any release.

"""What a server said, as it may stand in a sentence of ours: harmless, on one line, and short."""

from __future__ import annotations

import base64
import functools
import html
import json
import re
import typing as t
from urllib.parse import quote

from ansible_collections.falconops.auth.plugins.module_utils._exchange import Answer

# As many letters and digits of a secret in a row, and what was said repeats it.
_PIECE = 12


def said(answer: Answer, *secrets: str) -> str:
    """The server's own words: they may be anybody's, and may repeat what was sent."""
    body = answer.json()
    messages = [entry["message"] for entry in errors_of(body) if isinstance(entry.get("message"), str)]
    if not messages and isinstance(body, dict):  # some services behind the API have another form
        messages = [text for text in (body.get("message"), body.get("error")) if isinstance(text, str) and text][:1]
    if body is None and answer.kind == "text/plain":
        messages = [text for text in [(answer.text or "").strip()] if text and text[0] not in "<[{"]
    if not messages:
        return " and no words of the API" if answer.body else " and an empty answer"
    return f" ({harmless('; '.join(messages), *secrets)})"


def errors_of(body: t.Any) -> list[dict[str, t.Any]]:
    """The errors in an answer's body, of whatever shape: one that is no list, or a text, counts too."""
    errors = body.get("errors") if isinstance(body, dict) else None
    entries = errors if isinstance(errors, list) else [errors] if errors else []
    return [entry if isinstance(entry, dict) else {"message": entry} for entry in entries if entry is not None]


def harmless(text: str, *secrets: str) -> str:
    """Printable, on one line, and short; nothing of it if it repeats one of the secrets in another form or in part."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    text = "".join(char if char.isprintable() else " " for char in text[:300]).strip()
    if any(_repeats(text, secret) for secret in filter(None, secrets)):
        return "***"
    # What stands in a result may be templated by somebody later.
    return text.replace("{{", "{ {").replace("{%", "{ %")


def _repeats(text: str, secret: str) -> bool:
    """Whether a piece of it stands there: in the clear, as forms write it, or in base64 as HTTP Basic does."""
    heard = _squeezed(text)
    for form in map(_squeezed, spellings(secret)):
        size = min(len(form), _PIECE)
        if size and any(form[start : start + size] in heard for start in range(len(form) - size + 1)):
            return True
    return False


def scrubbed(content: bytes, secret: str) -> bytes:
    """The same without this secret, however it is written."""
    for each in spellings(secret):
        content = content.replace(each.encode(), b"***")
    return content


@functools.lru_cache(maxsize=8)
def spellings(secret: str) -> tuple[str, ...]:
    """What repeats all of it: as it is, or as URLs, forms, JSON, HTML, HTTP Basic and dumps write it."""
    in_json = json.dumps(secret)[1:-1]
    written = [secret, html.escape(secret), in_json, in_json.replace("/", "\\/")]
    for digits in ("%02x", "%02X"):
        written.append("".join(digits % ord(char) for char in secret))
        written.append("".join(char if quote(char, safe="") == char else f"%{digits % ord(char)}" for char in secret))
        written.append("".join(char if char.isalnum() else f"\\u00{digits % ord(char)}" for char in secret))
    # In base64 a text looks different at each of three positions, and its edges depend on what stands beside it.
    shifted = [base64.b64encode(b"\0" * shift + secret.encode()).decode()[4:-4] for shift in range(3)]
    shifted += [each.translate(str.maketrans("+/", "-_")) for each in shifted]
    written += [each for each in shifted if len(each) >= _PIECE]
    return tuple(sorted({*written} - {""}, key=len, reverse=True))  # no form is taken for a part of it


def _squeezed(text: str) -> str:
    """Its letters and digits alone: nothing that stands between them hides them."""
    return re.sub("[^a-z0-9]+", "", text.lower())


def trace(answer: Answer) -> str:
    """What CrowdStrike's support asks for."""
    return f" [X-Cs-Traceid {answer.trace_id}]" if answer.trace_id else ""

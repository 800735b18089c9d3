# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX accepts as a credential type. No package of AWX's has its rules, so they stand here in our words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from awx_plugins.interfaces._temporary_private_inject_api import ENV_BLOCKLIST
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jsonschema import Draft4Validator

TEXT = {"type": "string"}
FIELD = {
    "type": "object",
    "required": ["id", "label"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "pattern": "^[a-zA-Z_]+[a-zA-Z0-9_]*$"},
        "label": TEXT,
        "help_text": TEXT,
        "type": {"enum": ["string", "boolean"]},
        "format": {"enum": ["ssh_private_key", "url"]},
        "choices": {"type": "array", "minItems": 1, "items": TEXT, "uniqueItems": True},
        "multiline": {"type": "boolean"},
        "secret": {"type": "boolean"},
        "default": {"type": ["string", "boolean"]},
    },
}
SCHEMA = {
    "type": "object",
    "required": ["name", "kind", "inputs", "injectors"],
    "additionalProperties": False,
    "properties": {
        "name": TEXT,
        "description": TEXT,
        # What the API takes; others are AWX's own.
        "kind": {"enum": ["cloud", "net"]},
        "inputs": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "fields": {"type": "array", "items": FIELD},
                "required": {"type": "array", "items": TEXT},
            },
        },
        "injectors": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "file": {"type": "object", "patternProperties": {r"^template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?$": TEXT}},
                "env": {"type": "object", "patternProperties": {"^[a-zA-Z_]+[a-zA-Z0-9_]*$": TEXT}},
                "extra_vars": {"type": "object"},
            },
        },
    },
}
for _injector in ("file", "env"):
    SCHEMA["properties"]["injectors"]["properties"][_injector]["additionalProperties"] = False  # type: ignore[index]
# Where a field that is no text has nothing to say.
OF_TEXT = {"choices", "multiline", "format", "secret"}


def objections(document: Any) -> list[str]:
    """Why AWX would refuse this type; [] if it takes it."""
    found = [error.message for error in Draft4Validator(SCHEMA).iter_errors(document)]
    return found or [*_of_fields(document["inputs"]), *_of_templates(document)]


def _of_fields(inputs: dict[str, Any]) -> Iterator[str]:
    fields = inputs.get("fields", [])
    ids = [field["id"] for field in fields]
    if len(set(ids)) < len(ids) or "tower" in ids:
        yield "ids are not unique, or one is 'tower'"
    if unknown := set(inputs.get("required", [])) - set(ids):
        yield f"required but no field: {sorted(unknown)}"
    for field in fields:
        text = field.get("type", "string") == "string"
        if not text and OF_TEXT & set(field):
            yield f"{field['id']} is no text"
        if "default" in field and isinstance(field["default"], str) != text:
            yield f"{field['id']} has a default of another type"
        if field.get("default", "") not in field.get("choices", [field.get("default", "")]):
            yield f"{field['id']} has a default that cannot be chosen"


def _of_templates(document: dict[str, Any]) -> Iterator[str]:
    injectors = document["injectors"]
    files = injectors.get("file", {})
    if len(files) > 1 and "template" in files:
        yield "one file or several, not both"
    ids = [field["id"] for field in document["inputs"].get("fields", [])]
    several = {name.partition(".")[2]: "/path" for name in files}
    tower = {"filename": "/path" if "template" in files else several} if files else {}
    known = {**dict.fromkeys(ids, "EXAMPLE"), "tower": tower}
    sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    for name, template in {**files, **injectors.get("env", {})}.items():
        try:
            sandbox.from_string(template).render(known)
        except TemplateError as error:
            yield f"{name}: {error}"
    for name, template in injectors.get("env", {}).items():
        if name.startswith("ANSIBLE_") or name in ENV_BLOCKLIST:
            yield f"{name} is not for credentials"
        if not template.isascii():
            yield f"{name} is not ASCII"

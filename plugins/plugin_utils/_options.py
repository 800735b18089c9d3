# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""Where the value of each option comes from.

Argument, then variable, then context, then environment, then ansible.cfg, then default. Types and defaults stand in
the argument specs; here is where else a value may stand, and by which name.
"""

from __future__ import annotations

import configparser
import enum
import functools
import os
import re
import typing as t
from collections.abc import Mapping

from ansible import constants as C
from ansible.errors import AnsibleUndefinedVariable
from ansible.module_utils.common.validation import (
    check_type_bool,
    check_type_dict,
    check_type_int,
    check_type_list,
    check_type_path,
)
from ansible.parsing.vault import AnsibleVaultError
from ansible_collections.falconops.auth.plugins.module_utils._argspec import RANGES, SHARED_SPEC, Spec
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError

INI_SECTION = "falconops_auth"

# The variable of an option is falcon_ and its name, but for the one that a role of ours would take for its own.
VARIABLES = {name: f"falcon_{name}" for name in SHARED_SPEC} | {"session": "falcon_session_name"}
ENVIRONMENT = {name: f"FALCON_{name.upper()}" for name in SHARED_SPEC if name not in ("clients", "min_ttl")}
# Beside these, our roles have variables of their own.
_OURS = frozenset(VARIABLES.values())
_OF_ROLES = ("falcon_client_", "falcon_session_")
INI = {name: name for name in SHARED_SPEC if name.startswith("cache")}


class Level(enum.IntEnum):
    """Where values stand; the lowest number wins."""

    ARGUMENT = 0
    VARIABLE = 1
    CONTEXT = 2
    ENVIRONMENT = 3
    INI = 4
    DEFAULT = 5


_UNDEFINED = re.compile(r"'\w+' is undefined")
# It becomes a part of file names, and of keys of every other store.
_PREFIX = re.compile(r"[A-Za-z0-9._-]{1,64}")
LEVELS = tuple(Level)
_GIVEN = (Level.ARGUMENT, Level.VARIABLE)


class Found(t.NamedTuple):
    """A value, and where it was found. rendered: false for a mapping as it stands in a variable."""

    name: str
    value: t.Any
    level: Level
    origin: str
    rendered: bool = True

    def __repr__(self) -> str:
        """Without the value, which may be a secret."""
        return f"Found({self.name}, {self.origin})"

    @property
    def empty(self) -> bool:
        """Whether it counts as not given, as the value of an unset CI variable."""
        return self.value is None or self.value == ""

    def checked(self, check: t.Callable[[t.Any], t.Any]) -> t.Any:
        """The value in its normal form. Raises FalconError with the sentence that a check's ValueError ends."""
        try:
            return check(self.value)
        except ValueError as error:
            complaint = str(error)
        raise self.wrong(complaint)

    def wrong(self, complaint: str) -> FalconError:
        """The error that says what is wrong with it."""
        return FalconError(f"{self.name} ({self.origin}) {complaint}.")


class Options:
    """The options of one task, or of one evaluation of a lookup.

    door: "task" or "lookup", as messages name it; arguments: rendered, as Ansible hands them to plugins;
    variables: as they stand, unrendered; templar: Ansible's, to render them.
    """

    def __init__(
        self,
        spec: Spec,
        *,
        door: str,
        arguments: t.Mapping[str, t.Any],
        variables: dict[str, t.Any],
        templar: t.Any,
    ) -> None:
        self.variables = variables
        self._spec = spec
        self._door = door
        self._templar = templar
        self._arguments = self._named(arguments)
        # Most options stand nowhere, and each is looked for on every level, for each host: so that is found out first.
        self._standing = {
            Level.ARGUMENT: frozenset(self._arguments),
            Level.VARIABLE: frozenset(name for name, variable in VARIABLES.items() if variable in variables),
            Level.CONTEXT: frozenset[str](),  # its client and choice are looked at where they are needed
            Level.ENVIRONMENT: frozenset(name for name, variable in ENVIRONMENT.items() if variable in os.environ),
            Level.INI: frozenset(name for name, key in INI.items() if key in ini_section()),
            Level.DEFAULT: frozenset[str](),
        }
        self._anywhere = frozenset[str]().union(*self._standing.values())
        self._seen: tuple[dict[str, Found], ...] = tuple({} for _level in LEVELS)
        self._refuse_facts()

    @property
    def host(self) -> str:
        """The host that the task or the template is for."""
        return str(self.variables.get("inventory_hostname", "localhost"))

    def value(self, name: str) -> t.Any:
        """An option's value, for those that do not depend on the client."""
        found = self.find(name)
        if found.value is None and self._spec[name].get("required"):
            raise FalconError(f"{name} is missing or empty, and must be given to the {self._door}.")
        if name in RANGES and found.value is not None:
            low, high = RANGES[name]
            if not low <= found.value <= high:
                raise found.wrong(f"must be a number from {low} to {high}")
        if "choices" in self._spec[name] and found.value not in (None, *self._spec[name]["choices"]):
            raise found.wrong(f"must be one of {', '.join(self._spec[name]['choices'])}")
        if name in _CHECKS and found.value is not None:
            return found.checked(_CHECKS[name])
        return found.value

    def find(self, name: str) -> Found:
        """An option's value and origin, down to its default."""
        for level in LEVELS if name in self._anywhere else ():
            found = self.at(level, name)
            if found and not found.empty:
                return found
        return Found(name, self._spec[name].get("default"), Level.DEFAULT, "default")

    def at(self, level: Level, name: str) -> Found | None:
        """What stands at one level, of its option's type; None if nothing does.

        An empty value is not a value, but it ends the search: nothing is taken from below the variables.
        """
        if name not in self._standing[level] or (level > Level.VARIABLE and self._ended(name)):
            return None
        seen = self._seen[level]
        if name not in seen:
            seen[name] = self._look(level, name)
        return seen[name]

    def given(self, *names: str) -> bool:
        """Whether an argument or a variable gives one of these options, be it an empty one."""
        return any(self.at(level, name) is not None for level in _GIVEN for name in names)

    def origins(self) -> dict[str, str]:
        """Where each option stands that stands anywhere, at its highest level. Nothing is rendered for it."""
        highest = {name: level for level in reversed(LEVELS) for name in self._standing[level]}
        return {name: self._origin(level, name) for name, level in sorted(highest.items())}

    def render(self, raw: t.Any) -> t.Any:
        """A variable's value, rendered and decrypted by Ansible, in plain Python types."""
        is_template = not isinstance(raw, str) or any(mark in raw for mark in ("{{", "{%", "{#"))
        return plain(self._templar.template(raw) if is_template else raw)

    def _look(self, level: Level, name: str) -> Found:
        rendered, origin = True, self._origin(level, name)
        if level == Level.ARGUMENT:
            raw = self._arguments[name]
        elif level == Level.VARIABLE:
            raw = self.variables[VARIABLES[name]]
            # Of a dict of stored clients only the one that is asked for is rendered, and decrypted.
            rendered = isinstance(raw, str) or not isinstance(raw, Mapping)
            raw = readable(functools.partial(self.render, raw), f"{name} ({origin})") if rendered else raw
        elif level == Level.ENVIRONMENT:
            raw = os.environ[ENVIRONMENT[name]]
        else:
            raw = ini_section()[INI[name]]
        return self._typed(Found(name, raw, level, origin, rendered))

    def _origin(self, level: Level, name: str) -> str:
        if level == Level.ARGUMENT:
            return f"argument of the {self._door}"
        if level == Level.VARIABLE:
            return f"variable {VARIABLES[name]}"
        if level == Level.ENVIRONMENT:
            return f"environment variable {ENVIRONMENT[name]}"
        return f"[{INI_SECTION}] of {C.CONFIG_FILE}"

    def _ended(self, name: str) -> bool:
        found = [self.at(level, name) for level in _GIVEN]
        return any(each and each.empty for each in found)

    def _named(self, arguments: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        if not arguments:
            return {}
        names = {alias: name for name, entry in self._spec.items() for alias in (name, *entry.get("aliases", ()))}
        unknown = sorted(str(each) for each in arguments if each not in names)
        if unknown:
            raise FalconError(
                f"Unsupported argument of the {self._door}: {', '.join(unknown)}; "
                f"there are {', '.join(sorted(self._spec))}."
            )
        return {
            names[given]: readable(functools.partial(plain, value), f"{names[given]} (argument of the {self._door})")
            for given, value in arguments.items()
        }

    def _refuse_facts(self) -> None:
        """A managed host's module can return facts of any name, and they beat the variables of groups."""
        facts = self.variables.get("ansible_facts") or {}
        planted = sorted(name for name in facts if name in _OURS or name.startswith(_OF_ROLES))
        if planted:
            raise FalconError(
                f"{', '.join(planted)} stands among the facts of host {self.host}, which a managed host can set, and "
                "no option is taken from there; find the module or the cacheable set_fact that put it there, or clear "
                "it with 'meta: clear_facts'."
            )

    def _typed(self, found: Found) -> Found:
        if found.empty:
            return found
        kind, elements = self._spec[found.name]["type"], self._spec[found.name].get("elements")
        try:
            value = _TYPES[kind](found.value)
            if elements:
                value = [_TYPES[elements](each) for each in value]
        except (TypeError, ValueError, OverflowError, RecursionError):
            what = f", and each {_TYPE_NAMES[elements]}" if elements else ""
            raise found.wrong(f"must be {_TYPE_NAMES[kind]}{what}") from None
        if not all(_can_be_written(each, path=kind == "path") for each in (value if elements else [value])):
            raise found.wrong("holds a NUL character, or bytes that are no text")
        return found._replace(value=value)


def plain(value: t.Any) -> t.Any:
    """The value in plain Python types, decrypted: Ansible's own carry tags, or are read only when they are used."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    # A single vaulted value is decrypted when it is made a string; anything else is of a type that no option has.
    return str.__str__(str(value)) if hasattr(value, "_ciphertext") else value


def readable(read: t.Callable[[], t.Any], what: str) -> t.Any:
    """What is read, where Ansible may find that it cannot be rendered or decrypted. Raises FalconError."""
    try:
        return read()
    except Exception as error:
        # A failing filter may raise anything, on some versions of ansible-core.
        reason = _why(error)
    raise FalconError(f"{what} {reason}.")


def _why(error: BaseException) -> str:
    """The cause of a failed template in words that are known to repeat no value."""
    cause: BaseException | None = error
    while cause is not None:
        words = str(getattr(cause, "message", None) or cause).partition("\n")[0].rstrip(".")
        if isinstance(cause, AnsibleUndefinedVariable):
            # A missing key is named as well, and that is what another variable holds.
            return f"could not be rendered: {words if _UNDEFINED.match(words) else 'something in it is undefined'}"
        # From a template, ansible-core 2.19 and later raise an error of their own that is no AnsibleVaultError.
        if isinstance(cause, AnsibleVaultError) or "Vault" in type(cause).__name__:
            words = words.rpartition("undecryptable variable: ")[2].split(" on ")[0].rstrip(".")
            return f"could not be decrypted: {words}; give its vault password"
        cause = cause.__cause__
    return f"could not be rendered ({type(error).__name__}); see what its template gives by itself"


def _can_be_written(value: t.Any, *, path: bool) -> bool:
    """Whether a text is one. A path may hold bytes of another encoding, as the environment gives them."""
    if not isinstance(value, str):
        return True
    try:
        return b"\0" not in (os.fsencode(value) if path else value.encode())
    except UnicodeEncodeError:
        return False


def _printable(value: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise ValueError("must be printable ASCII")
    return value


def _prefix(value: str) -> str:
    if not _PREFIX.fullmatch(value):
        raise ValueError("must be 1 to 64 letters, digits and characters of . _ -")
    return value


def _mapping(value: t.Any) -> t.Any:
    mapping = check_type_dict(value)
    if not isinstance(mapping, Mapping):  # it takes a set, written as Python, for one
        raise TypeError
    return mapping


def _text(value: t.Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise TypeError
    return str(value)


_CHECKS: dict[str, t.Callable[[t.Any], t.Any]] = {"user_agent": _printable, "cache_prefix": _prefix}
_TYPES: dict[str, t.Callable[[t.Any], t.Any]] = {
    "str": _text,
    "int": check_type_int,
    "bool": check_type_bool,
    "path": lambda value: check_type_path(_text(value)),
    "dict": _mapping,
    "list": check_type_list,
    "raw": lambda value: value,
}
_TYPE_NAMES = {
    "str": "a string",
    "int": "a whole number",
    "bool": "true or false",
    "path": "a path",
    "dict": "a mapping",
    "list": "a list",
}


@functools.lru_cache(maxsize=1)
def ini_section() -> dict[str, str]:
    """Our section of the ansible.cfg that Ansible has chosen to read."""
    parser = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=(";",))
    if C.CONFIG_FILE:
        with open(C.CONFIG_FILE, encoding="utf-8", errors="surrogateescape") as file:
            parser.read_file(file)
    return dict(parser[INI_SECTION]) if parser.has_section(INI_SECTION) else {}

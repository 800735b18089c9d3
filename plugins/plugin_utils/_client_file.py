# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""Stored clients: what one says, and the file of them, which the role falcon_client keeps."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import stat
import typing as t
from collections.abc import Iterator, Mapping

import yaml
from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultLib, is_encrypted, match_encrypt_secret, parse_vaulttext_envelope
from ansible_collections.falconops.auth.plugins.module_utils._client import STORED_CHECKS
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils._file import path_of, replace_file
from ansible_collections.falconops.auth.plugins.plugin_utils._lock import locked
from ansible_collections.falconops.auth.plugins.plugin_utils._options import Found, plain, readable
from ansible_collections.falconops.auth.plugins.plugin_utils._private import Warn

# Far more than all clients of anybody; encrypted, it is four times as large as in the clear.
_LARGEST = 1_000_000
# Changing the file takes the others less than a second each.
_PATIENCE = 60.0
# Shorter than any secret, and without the colon after which a space was forgotten.
_NAME = re.compile(r"[\w.@/ -]{1,31}")
_HEADER = """\
# API clients of CrowdStrike Falcon, kept by the role falconops.auth.falcon_client.
# What is changed by hand stays, but for comments like this one.
"""


class Vault(t.NamedTuple):
    """What a file is encrypted with; label: the vault id that stands in it."""

    label: str
    secret: t.Any


class Content(t.NamedTuple):
    """What a file of stored clients holds; vault: None if it is not encrypted as a whole."""

    clients: t.Mapping[str, t.Any]
    text: str
    vault: Vault | None


def read_clients(path: Found, loader: t.Any) -> Content:
    """The clients in a file, which may be encrypted as a whole or value by value. Raises FalconError.

    loader: Ansible's, which knows the vault passwords. It does not read the file itself: what it has read, and
    decrypted, it keeps in its memory.
    """
    content = _bytes(path, path_of(path.value, loader))
    text, vault = _decrypted(path, content, loader) if is_encrypted(content) else (content, None)
    return _parsed(path, text, vault, loader)


def stored_values(name: Found, what: str, values: t.Any) -> dict[str, Found]:
    """What a stored client says, by option. what: names it in messages. Raises FalconError."""
    known = ", ".join(STORED_CHECKS)
    if not isinstance(values, dict):
        raise FalconError(f"{what} must be a mapping with {known}.")
    unknown = set(values).difference(STORED_CHECKS)
    if unknown:
        names = ", ".join(tellable(unknown))
        told = f"the unknown key {names}" if names else "an unknown key that is not shown, since it may hold a secret"
        raise FalconError(
            f"{what} has {told}; there are {known}{'' if names else ', each with a space after its colon'}."
        )
    for key, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (str, int, type(None))):
            raise FalconError(f"{what}: {key} must be a string.")
    return {
        key: Found(key, str(value), name.level, f"stored client '{name.value}'")
        for key, value in values.items()
        if value not in (None, "")
    }


def tellable(names: t.Iterable[t.Any]) -> list[str]:
    """Those of the names in a file of clients that may be told: without the space after a colon, a secret is in one."""
    return sorted(name for name in map(str, names) if _NAME.fullmatch(name))


@contextlib.contextmanager
def kept_file(path: Found, loader: t.Any, vault_id: str | None, warn: Warn) -> Iterator[ClientFile]:
    """The file, while no other run of the same user changes it. Raises FalconError.

    The lock is not the file itself, which is replaced, and not beside it, in a directory that may be kept by git: it
    is a file of that name's hash among the locks below Ansible's home.
    """
    name = hashlib.sha256(os.fsencode(os.path.realpath(path_of(path.value, loader)))).hexdigest()
    with locked(name, warn, seconds=_PATIENCE) as handle:
        if handle is None:
            raise _wrong(
                path, "is being changed by another run that does not come to an end, so nothing was changed; end it"
            )
        yield ClientFile(path, loader, vault_id)


class ClientFile:
    """A file of stored clients that is encrypted as a whole, and is on no disk in any other form.

    It is changed as YAML, not as values: what is not touched stays as it is, single vaulted values and anchors
    included. vault_id: what to encrypt it with; None for what it is encrypted with already, else for what
    ansible-vault would take.
    """

    def __init__(self, path: Found, loader: t.Any, vault_id: str | None) -> None:
        self._path = path
        self._file = path_of(path.value, loader)
        self._secrets = loader._vault.secrets or []
        self._vault_id = vault_id
        self._vault: Vault | None = None
        self._root = yaml.MappingNode("tag:yaml.org,2002:map", [])
        self.clients: t.Mapping[str, t.Any] = {}
        if os.path.exists(self._file):
            self.clients, text, self._vault = read_clients(path, loader)
            if self._vault is None:
                raise _wrong(path, "is not encrypted as a whole, so nothing was changed; use 'ansible-vault encrypt'")
            self._root = self._nodes(text)

    def client(self, name: str) -> t.Any:
        """What stands under this name, decrypted and in plain types, whatever it is; None if nothing does."""
        if name not in self.clients:
            return None
        what = f"The stored client '{name}' in clients_file {self._path.value}"
        return readable(functools.partial(plain, self.clients[name]), what) or {}

    @property
    def rekeyed(self) -> bool:
        """Whether it is encrypted with another vault id than the one that was asked for."""
        return bool(self._vault and self._vault_id and self._vault.label != self._vault_id)

    def put(self, name: str, client: t.Mapping[str, str] | None) -> None:
        """Store a client under this name, in the place of the one that has it. None: remove that one."""
        pairs: list[tuple[yaml.Node, yaml.Node]] = self._root.value
        place = next((at for at, (key, _client) in enumerate(pairs) if key.value == name), len(pairs))
        new = _mapping(yaml.safe_dump({name: dict(client)}, sort_keys=False)).value if client else []
        pairs[place:] = [*new, *(pair for pair in pairs[place:] if pair[0].value != name)]

    def write(self, *, only_try: bool = False) -> None:
        """Replace the file. Raises FalconError, and then the old one stands as it was.

        only_try: find out whether it could be encrypted, no more.
        """
        text = _HEADER + yaml.serialize(self._root, Dumper=yaml.SafeDumper, allow_unicode=True)
        label, secret = self._encrypting()
        content = VaultLib([(label, secret)]).encrypt(text, secret, vault_id=label)
        if only_try:
            return
        try:
            replace_file(self._file, content, mode=0o600)
            return
        except OSError as error:
            reason = error.strerror
        raise _wrong(self._path, f"cannot be written ({reason}), so nothing was changed; check its directory")

    def _nodes(self, text: str) -> yaml.MappingNode:
        try:
            return _mapping(text)
        except yaml.YAMLError as error:
            complaint = f"is JSON that is no YAML{_line_of(error)}, so nothing was changed; write it as YAML"
        raise _wrong(self._path, complaint)

    def _encrypting(self) -> Vault:
        if not self._secrets:
            raise _wrong(
                self._path, "needs a vault password, so nothing was changed; give one as for any file of Ansible Vault"
            )
        if self._vault and not self.rekeyed:
            return self._vault
        vault_id = self._vault_id or C.DEFAULT_VAULT_ENCRYPT_IDENTITY
        try:
            found = match_encrypt_secret(self._secrets, encrypt_vault_id=vault_id)
        except AnsibleError:
            known = ", ".join(dict.fromkeys(str(each) for each, _secret in self._secrets))
            complaint = f"cannot be encrypted with the unknown vault id '{vault_id}', so nothing was changed; there are"
        else:
            return Vault(*found)
        raise _wrong(self._path, f"{complaint} {known}")


def _bytes(path: Found, file: str) -> bytes:
    complaint = f"is no regular file of at most {_LARGEST // 1_000_000} MB, so it was not read"
    try:
        # What is no regular file may keep its reader waiting; and a size is not to be believed, as below /proc.
        if stat.S_ISREG(os.stat(file).st_mode):
            with open(file, "rb") as handle:
                content = handle.read(_LARGEST + 1)
            if len(content) <= _LARGEST:
                return content
    except (OSError, ValueError):
        complaint = "does not exist or cannot be read; check its path and permissions"
    raise _wrong(path, complaint)


def _decrypted(path: Found, content: bytes, loader: t.Any) -> tuple[bytes, Vault]:
    try:
        text, _used, secret = loader._vault.decrypt_and_get_vault_id(content)
        # As 'ansible-vault edit' does: the label stays, and so does the password, whatever it is called in this run.
        return text, Vault(parse_vaulttext_envelope(content)[3], secret)
    except AnsibleError as error:
        reason = str(error).splitlines()[0].rstrip(".")
    raise _wrong(path, f"cannot be decrypted: {reason}; give its vault password")


def _parsed(path: Found, content: bytes, vault: Vault | None, loader: t.Any) -> Content:
    try:
        text = content.decode()
        clients = loader.load(text, show_content=False)
        if isinstance(clients, Mapping):
            return Content({str(name): client for name, client in clients.items()}, text, vault)
        complaint = "must hold a mapping of client names to client_id, client_secret and the like"
    except (AnsibleError, ValueError) as error:
        # The text of a YAML error shows the lines around it, which may be the secret.
        complaint = f"cannot be read as YAML{_line_of(error)}"
    raise _wrong(path, complaint)


def _mapping(text: str) -> yaml.MappingNode:
    """A mapping as YAML sees it before it makes values of it, each client on lines of its own."""
    root = t.cast("yaml.MappingNode", yaml.compose(text, Loader=yaml.SafeLoader))
    root.flow_style = False
    return root


def _line_of(error: BaseException | None) -> str:
    while error is not None:
        mark = getattr(error, "problem_mark", None)
        if mark is not None:
            return f" (line {mark.line + 1})"
        error = error.__cause__ or error.__context__
    return ""


def _wrong(path: Found, complaint: str) -> FalconError:
    return FalconError(f"The clients_file {path.value} ({path.origin}) {complaint}.")

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's own loader, templar and vault, for the tests of what runs on a control node."""

from __future__ import annotations

import contextlib
import typing as t
from pathlib import Path

from ansible import template
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.template import Templar

VAULT_PASSWORD = b"the password of the unit tests"


def trust_as_template(value: t.Any) -> t.Any:
    """A string that Ansible renders. ansible-core before 2.19 renders every string."""
    return template.trust_as_template(value) if hasattr(template, "trust_as_template") else value


def loader_with(*passwords: bytes, basedir: Path | None = None) -> DataLoader:
    """Ansible's loader, with vault passwords."""
    loader = DataLoader()
    loader.set_vault_secrets([("default", VaultSecret(password)) for password in passwords])
    if basedir:
        loader.set_basedir(str(basedir))
    return loader


def templar_of(variables: dict[str, t.Any], loader: DataLoader | None = None) -> Templar:
    """Ansible's templar for these variables."""
    return Templar(loader=loader or DataLoader(), variables=variables)


def vaulted(text: str) -> str:
    """The text as `ansible-vault encrypt_string` gives it."""
    secret = VaultSecret(VAULT_PASSWORD)
    return VaultLib([("default", secret)]).encrypt(text, secret).decode()


def vaulted_yaml(text: str) -> str:
    """The text as a single vaulted value in YAML."""
    return "!vault |\n" + "".join(f"    {line}\n" for line in vaulted(text).splitlines())


@contextlib.contextmanager
def vault_opened_with(*passwords: bytes) -> t.Iterator[None]:
    """Let single vaulted values be read with these passwords only, as in a run of ansible-playbook."""
    try:
        from ansible.parsing.vault import VaultSecretsContext
    except ImportError:
        yield  # ansible-core before 2.19 asks the loader that has read the value
        return
    before = VaultSecretsContext._current
    VaultSecretsContext._current = VaultSecretsContext([("default", VaultSecret(password)) for password in passwords])
    try:
        yield
    finally:
        VaultSecretsContext._current = before

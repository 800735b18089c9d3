# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stored clients: the rules as a table, and the file that may hold them."""

from __future__ import annotations

import os

import pytest
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.tests.unit.cases import (
    IN_CONTEXT,
    MEMBER2,
    OWN_URL,
    A,
    B,
    Case,
    environment,
    resolve,
    variables,
    who,
)
from ansible_collections.falconops.auth.tests.unit.controller import (
    VAULT_PASSWORD,
    loader_with,
    vault_opened_with,
    vaulted,
    vaulted_yaml,
)
from ansible_collections.falconops.auth.tests.unit.examples import MEMBER, OTHER_SECRET, SECRET

STORED = {
    "plain": {"client_id": B, "client_secret": OTHER_SECRET},
    "gov": {"client_id": B, "client_secret": OTHER_SECRET, "cloud": "us-gov-1", "member_cid": MEMBER},
    "own-host": {"client_id": B, "client_secret": OTHER_SECRET, "hostname": OWN_URL, "cloud": ""},
    "half": {"client_id": B},
    "both": {"client_id": B, "client_secret": SECRET, "cloud": "us-1", "hostname": OWN_URL},
    "nowhere": {"client_id": B, "client_secret": SECRET, "cloud": SECRET},
    "odd": {"client_id": B, "client_secret": SECRET, "region": "us"},
    "typed": {"client_id": B, "client_secret": [SECRET]},
    "text": SECRET,
}


def stored(**values):
    return variables(clients=STORED, **values)


CASES = [
    Case("stored", who(B, client_secret=OTHER_SECRET, name="plain"), args={"client": "plain"}, vars=stored()),
    Case("stored by environment", who(B, client_secret=OTHER_SECRET), vars=stored(), env=environment(client="plain")),
    Case(
        "its own values",
        who(B, client_secret=OTHER_SECRET, cloud="us-gov-1", member_cid=MEMBER),
        vars=stored(client="gov"),
    ),
    Case("its own host", who(B, client_secret=OTHER_SECRET, hostname=OWN_URL), vars=stored(client="own-host")),
    Case(
        "its own values beat what is lower",
        who(B, client_secret=OTHER_SECRET, cloud="us-gov-1", member_cid=MEMBER),
        args={"client": "gov"},
        vars=stored(cloud="us-1", member_cid=MEMBER2),
    ),
    Case(
        "what is higher beats its own values",
        who(B, client_secret=OTHER_SECRET, hostname=OWN_URL, member_cid=MEMBER2),
        args={"hostname": OWN_URL, "member_cid": MEMBER2},
        vars=stored(client="gov"),
    ),
    Case(
        "what is at its own level beats its own values",
        who(B, client_secret=OTHER_SECRET, cloud="us-gov-2", member_cid=MEMBER),
        args={"client": "gov", "cloud": "us-gov-2"},
        vars=stored(),
    ),
    Case(
        "what is at its own level, as variables",
        who(B, client_secret=OTHER_SECRET, cloud="us-gov-2"),
        vars=stored(client="gov", cloud="us-gov-2"),
    ),
    Case(
        "a variable beats the own values of a client that the environment names",
        who(B, client_secret=OTHER_SECRET, cloud="us-1", member_cid=MEMBER),
        vars=stored(cloud="us-1"),
        env=environment(client="gov"),
    ),
    Case(
        "its own host against the default of a role",
        who(B, client_secret=OTHER_SECRET, hostname=OWN_URL),
        args={"client": "own-host"},
        vars=stored(cloud="us-1"),
    ),
    Case(
        "a secret above its name",
        who(B, client_secret=SECRET, name="plain"),
        args={"client_secret": SECRET},
        vars=stored(client="plain"),
    ),
    Case(
        "a secret below its name",
        who(B, client_secret=OTHER_SECRET),
        args={"client": "plain"},
        vars=stored(client_secret=SECRET),
    ),
    Case("an id below its name", who(B, client_secret=OTHER_SECRET), args={"client": "plain"}, vars=stored(**who(A))),
    Case("an id above its name", who(A), args=who(A), vars=stored(client="plain")),
    Case("name and id at one level", "client_id (argument of the task) both say who asks", args=who(A, client="plain")),
    Case("name and secret at one level", "both say who asks", args={"client": "plain", "client_secret": SECRET}),
    Case(
        "unknown name",
        "There is no stored client 'x' (argument of the task); known are both, gov",
        args={"client": "x"},
        vars=stored(),
    ),
    Case("no stored clients", "no clients are known, since neither clients nor clients_file", args={"client": "x"}),
    Case("half a client", "The stored client 'half' has no client_secret", vars=stored(client="half")),
    Case(
        "a bad cloud in it, although another one beats it",
        "cloud (stored client 'nowhere') must be one of us-1",
        args={"client": "nowhere", "cloud": "us-1"},
        vars=stored(),
    ),
    Case("both in it", "The stored client 'both' has both cloud and hostname", vars=stored(client="both")),
    Case(
        "unknown key",
        "has the unknown key region; there are client_id, client_secret, cloud",
        vars=stored(client="odd"),
    ),
    Case(
        "a secret in a key, without the space after its colon",
        "has an unknown key that is not shown, since it may hold a secret; there are client_id",
        args={
            "client": "spaceless",
            "clients": {"spaceless": {"client_id": A, f"client_secret:{SECRET}": None}},
        },
    ),
    Case(
        "a secret as a name",
        "known are names that are not shown, since they may hold a secret",
        args={"client": "x", "clients": {SECRET: {"client_id": A}}},
    ),
    Case("wrong type in it", "client_secret must be a string", vars=stored(client="typed")),
    Case("not a mapping", "must be a mapping with client_id, client_secret", vars=stored(client="text")),
    Case(
        "clients of another type",
        "clients (variable falcon_clients) must be a mapping",
        vars=variables(clients=[1], client="x"),
    ),
    Case(
        "a stored client leaves the context",
        who(B, member_cid=None, client_secret=OTHER_SECRET),
        args={"client": "plain"},
        vars=stored(),
        context=IN_CONTEXT,
    ),
    Case("a name of digits", who(B, name="7"), args={"client": 7, "clients": {7: who(B)}}),
]


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_which_stored_client(case, monkeypatch):
    case.check(monkeypatch)


@pytest.fixture
def playbook_dir(tmp_path):
    """The directory that a relative path is relative to."""
    (tmp_path / "playbook" / "vault").mkdir(parents=True)
    return tmp_path / "playbook"


@pytest.fixture
def from_file(playbook_dir, monkeypatch):
    """The client 'production' of a clients file with this content, in a run with these vault passwords."""

    def read(content, *passwords, client="production", **args):
        (playbook_dir / "vault" / "clients.yml").write_text(content)
        monkeypatch.chdir("/")
        loader = loader_with(*passwords, basedir=playbook_dir)
        with vault_opened_with(*passwords):
            return resolve({"client": client, "clients_file": "vault/clients.yml", **args}, {}, loader=loader)

    return read


PRODUCTION = f"production: {{client_id: {B}, client_secret: {OTHER_SECRET}, cloud: us-gov-1}}\n"
SINGLE = f"production:\n  client_id: {B}\n  client_secret: {{}}  cloud: us-2\n"


def sentence(read, *args, **kwargs):
    with pytest.raises(FalconError) as caught:
        read(*args, **kwargs)
    assert OTHER_SECRET not in caught.value.message
    assert "\n" not in caught.value.message
    return caught.value.message


def test_a_file_relative_to_the_playbook(from_file):
    client = from_file(PRODUCTION)
    assert (client.client_id, client.client_secret, client.cloud) == (B, OTHER_SECRET, "us-gov-1")
    assert client.name == "production"


def test_a_file_that_is_encrypted_as_a_whole(from_file):
    assert from_file(vaulted(PRODUCTION), VAULT_PASSWORD).client_secret == OTHER_SECRET


def test_a_file_with_single_encrypted_values(from_file):
    assert from_file(SINGLE.format(vaulted_yaml(OTHER_SECRET)), VAULT_PASSWORD).client_secret == OTHER_SECRET


@pytest.mark.parametrize("passwords", [(), (b"wrong",)])
@pytest.mark.parametrize("single", [True, False])
def test_the_wrong_vault_password_or_none(from_file, passwords, single):
    content = SINGLE.format(vaulted_yaml(OTHER_SECRET)) if single else vaulted(PRODUCTION)
    message = sentence(from_file, content, *passwords)
    assert "could not be decrypted: " in message if single else "cannot be decrypted: " in message
    assert message.endswith("; give its vault password.")
    assert "$ANSIBLE_VAULT" not in message


def test_one_client_is_read_although_another_cannot_be_decrypted(from_file):
    other = SINGLE.format(vaulted_yaml("x")).replace("production", "other")
    assert from_file(other + PRODUCTION).client_secret == OTHER_SECRET


def test_the_variable_comes_before_the_file(from_file):
    clients = {"production": who(A)}
    assert from_file(PRODUCTION, clients=clients).client_id == A
    assert from_file(PRODUCTION, clients={"other": who(A)}).client_id == B
    message = sentence(from_file, PRODUCTION, client="x", clients=clients)
    assert message == ("There is no stored client 'x' (argument of the task); known are production.")


def test_a_name_of_digits_in_a_file(from_file):
    assert from_file(PRODUCTION.replace("production", "2026"), client=2026).client_id == B


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("- a\n", "must hold a mapping of client names to client_id, client_secret and the like."),
        ("", "must hold a mapping"),
        (OTHER_SECRET, "must hold a mapping"),
        (f"a: 1\nb: [{OTHER_SECRET}\nc: 2\n", "cannot be read as YAML (line "),
        (f"a: {OTHER_SECRET}: x\n", "cannot be read as YAML (line 1)"),
        (f"a:\n\t{OTHER_SECRET}: x\n", "cannot be read as YAML (line 2)"),
        (f"a: !unknown {OTHER_SECRET}\n", "cannot be read as YAML (line 1)"),
        (f"a: @{OTHER_SECRET}\n", "cannot be read as YAML (line 1)"),
        (f"production: {OTHER_SECRET}\n", "in clients_file"),
        (f"production: {{secret: {OTHER_SECRET}}}\n", "has the unknown key secret"),
        (f"production: {{client_secret:{OTHER_SECRET}}}\n", "an unknown key that is not shown, since it may hold"),
        (
            f"falcon_client_id: {B}\nfalcon_client_secret: {OTHER_SECRET}\n",
            "what is there is no client: each is a name",
        ),
        (f"{{falcon_client_id: {B}, falcon_client_secret:{OTHER_SECRET}}}\n", "what is there is no client"),
        (f"production: {{client_id: {B}, client_secret: true}}\n", "client_secret must be a string"),
        (f"production: {{client_id: {B}, client_secret: 1.5}}\n", "client_secret must be a string"),
    ],
)
def test_a_file_of_something_else(from_file, content, complaint):
    assert complaint in sentence(from_file, content)


def test_a_file_that_is_no_text(from_file, playbook_dir):
    (playbook_dir / "vault" / "binary").write_bytes(b"\xff\xfe\x00")
    assert "vault/binary (argument of the task) cannot be read" in sentence(
        from_file, "", clients_file=str(playbook_dir / "vault" / "binary")
    )


@pytest.mark.parametrize("path", ["vault/none.yml", "/none.yml"])
def test_a_file_that_is_not_there(from_file, path):
    expected = f"The clients_file {path} (argument of the task) does not exist or cannot be read; check its path and"
    assert sentence(from_file, "", clients_file=path) == f"{expected} permissions."


@pytest.mark.parametrize("path", ["vault"])
def test_a_path_that_is_no_file(from_file, path):
    assert "The clients_file" in sentence(from_file, "", clients_file=path)


def test_a_file_is_read_only_if_that_comes_to_an_end(from_file, playbook_dir):
    os.mkfifo(playbook_dir / "vault" / "pipe")
    padded = f"{PRODUCTION}# {'x' * 1_000_000}"
    assert from_file(padded[:1_000_000]).client_id == B
    expected = "The clients_file {} (argument of the task) is no regular file of at most 1 MB, so it was not read."
    assert sentence(from_file, padded[:1_000_001]) == expected.format("vault/clients.yml")
    for path in ("vault/pipe", "/dev/zero"):
        assert sentence(from_file, "", clients_file=path) == expected.format(path)


def test_no_more_is_read_of_a_file_that_grows(from_file, playbook_dir, monkeypatch):
    """Or that has no size before it is read, such as those below /proc."""
    size = os.stat(playbook_dir)
    monkeypatch.setattr(os, "stat", lambda path, **how: os.stat_result((0o100600, *size[1:6], 0, *size[7:10])))
    assert "is no regular file of at most 1 MB" in sentence(from_file, f"{PRODUCTION}# {'x' * 1_000_000}")


@pytest.mark.parametrize("content", [None, "garbage: [", f"- {OTHER_SECRET}"])
def test_a_file_that_nobody_is_looked_for_in_does_not_matter(from_file, content):
    """Whoever gives id and secret, or a client that is found before it, does not want the file."""
    path = "vault/clients.yml" if content else "vault/none.yml"
    alone = from_file(content or "", client=None, clients_file=path, client_id=A, client_secret=SECRET)
    assert (alone.client_id, alone.name) == (A, None)
    assert from_file(content or "", clients_file=path, clients={"production": who(A)}).client_id == A
    assert "The clients_file" in sentence(from_file, content or "", clients_file=path)


def test_a_path_with_a_variable_of_the_environment(from_file, playbook_dir, monkeypatch):
    monkeypatch.setenv("CLIENTS_DIR", str(playbook_dir))
    assert from_file(PRODUCTION, clients_file="$CLIENTS_DIR/vault/clients.yml").client_id == B

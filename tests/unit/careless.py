# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users give as options, by mistake or not, made from the argument specs: for hypothesis to choose from."""

from __future__ import annotations

import datetime
import typing as t

from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.falconops.auth.plugins.module_utils._argspec import RANGES, Spec
from ansible_collections.falconops.auth.tests.unit.controller import (
    VAULT_PASSWORD,
    loader_with,
    trust_as_template,
    vault_opened_with,
)
from ansible_collections.falconops.auth.tests.unit.examples import ID, MEMBER, SECRET, TOKEN_TEXT
from hypothesis import strategies as st


def _vaulted(text: str, *, password: bytes = VAULT_PASSWORD) -> t.Any:
    """A value as Ansible has it that stands vaulted in a file of variables."""
    secret = VaultSecret(password)
    encrypted = VaultLib([("default", secret)]).encrypt(text, secret).decode()
    block = "".join(f"    {line}\n" for line in encrypted.splitlines())
    with vault_opened_with(VAULT_PASSWORD):
        return loader_with(VAULT_PASSWORD).load(f"value: !vault |\n{block}")["value"]


def _deep(levels: int) -> list[t.Any]:
    value: list[t.Any] = []
    for _level in range(levels):
        value = [value]
    return value


def _looped() -> list[t.Any]:
    value: list[t.Any] = []
    value.append(value)
    return value


class Pick:
    """A value of a list, which hypothesis neither hashes nor shows: some can be neither."""

    def __init__(self, value: t.Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        try:
            return f"Pick({repr(self.value)[:60]})"
        except Exception:
            return f"Pick({type(self.value).__name__})"


def picked(given: t.Any) -> t.Any:
    """The same with the values that were picked."""
    if isinstance(given, Pick):
        return given.value
    if isinstance(given, dict):
        return {picked(name): picked(given[name]) for name in given}
    return [picked(each) for each in given] if isinstance(given, list) else given


def one_of(*values: t.Any) -> st.SearchStrategy[t.Any]:
    """One of these, as a Pick."""
    return st.integers(0, len(values) - 1).map(lambda number: Pick(values[number]))


# A user may write any of these where anything may stand. No path begins with a slash that root could write below.
TEXTS = [
    "", " ", "\0", "a\0b", "\n", "two\nlines", "tab\there", "\x1b[31mred\x07", "\u202egnp.exe", "\u2028", "\ud800",
    "\udc80", "h\u00e4ppy", "\U0001f600", "\u0661" * 32, "x" * 300, "x" * 1_000_000, "\u00e4\n" * 400_000,
    "../../elsewhere", "..", ".", "a/b", "~nobody/x", "$HOME/x", "${NOT_SET}/x", "/proc/self/environ", "/proc/none/x",
    "/dev/null/x", "-rf", "CON", "%s%n%d", "a;id", "$(id)", "`id`", "' OR 1=1 --", "<b>", "null", "None", "~", "true",
    "0x10", "1e400", "NaN", "Infinity", "-0", "007", "12345678901234567890", "[", "{", "{'a'", "{'a': 1}", "a=b",
    "a=b c='", "[1, 2", "{{ 7 * 7 }}", "{{ lookup('pipe', 'id') }}", "{{", "{% for", "{#", "}}", "{{ '{{ x }}' }}",
    "!vault |", "!!python/object", "$ANSIBLE_VAULT;1.1;AES256\n3161", "$ANSIBLE_VAULT;9.9;ROT13\n00",
    "__omit_place_holder__0123", "https://", "https://[",
]  # fmt: skip
# These are rendered where they stand in variables.
TEMPLATES = [
    trust_as_template(text)
    for text in (
        "{{ 7 * 7 }}", "{{ not_defined_anywhere }}", "{{ a_secret.nothing }}", "{{ 1 / 0 }}",
        "{{ a_secret | no_filter }}", "{{ [1] | first | int(base='x') }}", "{{", "{% for %}", "{{ undef() }}",
        "{{ none }}", "{{ omit }}", "{{ range(3) }}", "{{ locked }}",
        "{{ lookup('falconops.auth.falcon_token') }}", "{{ falcon_member_cid }}{{ falcon_session_name }}",
        "{{ a_secret | from_json }}", "{{ lookup('ansible.builtin.file', a_secret) }}", "{{ a_secret | b64decode }}",
    )
]  # fmt: skip
# For what may be a secret, or hold one.
SECRET_TEMPLATES = [
    trust_as_template(text)
    for text in (
        "{{ a_secret }}", "{{ a_secret }} ", "{{ [a_secret] }}", "{{ {'a': a_secret} }}", "{{ vaulted }}",
        "{{ vaulted }}x",
    )
]  # fmt: skip
VAULTED, VAULTED_NAME = _vaulted(SECRET), _vaulted("a")
LOCKED = _vaulted("never read", password=b"another password")
VARIABLES = {"a_secret": SECRET, "vaulted": VAULTED, "locked": LOCKED}
OTHERS = [
    None, True, False, 0, -1, 1, 12345, 10**30, 10**5000, 1.5, -0.0, float("nan"), float("inf"), 1e300, b"bytes",
    b"\xff", [], ["a"], [None], [[]], {}, {"a": 1}, {"a": {"b": []}}, {1: 2, "x": None, None: 3, (1, 2): 4}, ("a",),
    {"a", "b"}, frozenset(), datetime.date(2026, 1, 1), datetime.datetime(2026, 1, 1, 12), datetime.timedelta(1), 1j,
    range(3), object(), _deep(3000), {"a": _deep(3000)}, ["x" * 1000] * 1000, Exception("an exception"), _looped(),
    wrap_var("{{ 7 * 7 }}"), wrap_var(["{{ 7 * 7 }}"]), VAULTED_NAME, LOCKED, [LOCKED],
    {"a": LOCKED}, {"a": wrap_var("x")},
]  # fmt: skip
ANYTHING = (
    one_of(*TEXTS)
    | one_of(*OTHERS)
    | st.text(st.characters(exclude_characters="/~"), max_size=20)
    | st.integers()
    | st.floats()
)
# The secret in a wrong shape, where a secret may be expected.
SECRETS = [
    SECRET, f" {SECRET}", f"{SECRET}\n", f"{SECRET}\0", f"{SECRET}{{{{", f"\u00e4{SECRET}", [SECRET], {SECRET: SECRET},
    {"value": SECRET}, ("a", SECRET), SECRET.encode(), f"{{{SECRET}", f"a={SECRET}", f'{{"a": "{SECRET}"}}',
    f"{{'{SECRET}'}}", wrap_var(SECRET), VAULTED, [[SECRET]], {1: SECRET}, f"https://me:{SECRET}@proxy.example:3128",
    f"socks5://{SECRET}", f"redis://:{SECRET}@127.0.0.1:9", f"http://{SECRET}@[::1", f"127.0.0.1:9:0:{SECRET}",
    f"https://{SECRET}:x@api.example",
]  # fmt: skip
STORED = st.dictionaries(
    st.sampled_from(["client_id", "client_secret", "cloud", "hostname", "member_cid", "x", 1, None]),
    one_of(ID, SECRET, "us-1", *SECRETS, *OTHERS, *TEXTS),
    max_size=4,
)
CLIENTS = st.dictionaries(st.sampled_from(["a", "b", 1, None, "x\ny", ID]), STORED | ANYTHING, max_size=3)
# Values that are right, so that a case is not always refused for its first option.
RIGHT: dict[str, list[t.Any]] = {
    "client": ["a"],
    "clients": [{"a": {"client_id": ID, "client_secret": SECRET}}],
    "client_id": [ID, f" {ID.upper()} ", wrap_var(ID)],
    "client_secret": [SECRET, VAULTED, wrap_var(SECRET)],
    "cloud": ["us-1", "us-gov-1"],
    "hostname": ["https://api.us-2.crowdstrike.com", "https://api.example:8443/"],
    "member_cid": [MEMBER, f"{MEMBER.upper()}-AB", ""],
    "session": ["of-a-test", "a/b"],
    "proxy": ["http://proxy.example:3128"],
    "user_agent": ["mycompany/1.0"],
    "cache_plugin": ["jsonfile", "memory", "ansible.builtin.jsonfile", "no_such_plugin"],
    "cache_connection": ["a_folder"],
    "cache_prefix": ["a_prefix_"],
    "access_token": [TOKEN_TEXT],
    "query": ["token", "length(@)", "[?", "@.x.y", "join(`1`, @)"],
    "dest": ["a_file"],
    "path": [
        "/devices/queries/devices/v1",
        "devices",
        "//evil.example/x",
        "/oauth2/token",
        "/a/../b",
        "/a b",
        "/\u00e4",
    ],
    "params": [{"limit": 5, "ids": ["a", "b"]}],
    "headers": [{"X-A": "b"}, {"Authorization": "x"}, {"Host": "evil.example"}, {"X-A": "b\r\nX-B: c"}],
    "body": [{"a": 1}, ["a"], "text"],
    "ids": [["a", "b"]],
    "ignore_codes": [[404]],
    "mode": ["0640", 0o640],
    "checksum": ["sha256:" + "ab" * 32],
    "tasks": ["tasks.yml"],
    "name": ["a", "two words", 7],
    "clients_file": ["a_clients_file"],
    "vault_id": ["default"],
}
SECRET_OPTIONS = ("client_secret", "clients", "proxy", "access_token", "cache_connection", "hostname")
# Files that the doors write, and folders: nothing may be chosen for them that would be somebody else's.
WRITTEN = ("dest", "cache_connection")
WRITABLE = [
    "", " ", ".", "a_file", "a_folder/a_file", "no/such/folder/x", "a\0b", "new\nline", "x" * 300, "\ud800",
    "h\u00e4ppy", "-", "{{ 7 * 7 }}", "/proc/none/x", "a_file/x", "a_folder/",
]  # fmt: skip


def values(name: str, entry: t.Mapping[str, t.Any]) -> st.SearchStrategy[t.Any]:
    """What may be given as this option: of the right kind a few, the others of any."""
    right = list(RIGHT.get(name, ()))
    right += list(entry.get("choices", ()))
    if entry["type"] == "int":
        low, high = RANGES.get(name, (0, 10))
        right += [low, high, low - 1, high + 1, str(low), f" {high} ", float(high)]
    if entry["type"] == "bool":
        right += [True, False, "yes", "off", "maybe", 2, ""]
    if name in WRITTEN:
        odd: st.SearchStrategy[t.Any] = one_of(*WRITABLE, *(each for each in OTHERS if each.__class__ is not str))
    else:
        odd = ANYTHING
    if name in SECRET_OPTIONS:
        odd = odd | one_of(*(each for each in SECRETS if name not in WRITTEN or "/" not in repr(each)))
    if name == "clients":
        odd = odd | CLIENTS
    return (one_of(*right) | one_of(*right) | odd) if right else odd


def given(spec: Spec) -> st.SearchStrategy[dict[str, t.Any]]:
    """Some of the options of a door, of which most are odd."""
    names = st.sets(st.sampled_from(sorted(spec)), max_size=4)
    return names.flatmap(lambda some: st.fixed_dictionaries({name: values(name, spec[name]) for name in sorted(some)}))

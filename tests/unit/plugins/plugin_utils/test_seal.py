# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
import re
import string

import pytest
from ansible_collections.falconops.auth.plugins.plugin_utils._seal import BrokenSeal, Sealer
from ansible_collections.falconops.auth.tests.unit.examples import ID, OTHER_ID, OTHER_SECRET, SECRET, TOKEN_TEXT
from hypothesis import given
from hypothesis import strategies as st

SEALER = Sealer.from_secret(ID, SECRET)
SEALED = SEALER.seal({"access_token": TOKEN_TEXT}, place="here")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
ANYTHING = JSON | st.binary() | st.text().map("fa1.".__add__) | st.binary().map(lambda raw: f"fa1.{encoded(raw)}")


def encoded(raw):
    return base64.urlsafe_b64encode(raw).decode()


def opened(sealed, *, sealer=SEALER, place="here"):
    """What comes out, or None for a broken seal."""
    try:
        return sealer.open(sealed, place=place)
    except BrokenSeal:
        return None


@given(content=JSON, place=st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_sealed_is_opened_by_every_holder_of_the_secret(content, place):
    sealed = SEALER.seal(content, place=place)
    assert json.loads(json.dumps(sealed)) == sealed and sealed.isascii()
    assert Sealer.from_secret(ID, SECRET).open(sealed, place=place) == content


def test_two_seals_of_the_same_content_differ():
    assert SEALER.seal(TOKEN_TEXT, place="here") != SEALER.seal(TOKEN_TEXT, place="here")


def test_nothing_of_the_content_or_the_place_shows():
    place = "https://api.crowdstrike.com"
    sealed = SEALER.seal({"access_token": TOKEN_TEXT, "client_id": ID}, place=place)
    raw = base64.urlsafe_b64decode(sealed.removeprefix("fa1."))
    for text in (TOKEN_TEXT, ID, place, "access_token", SECRET):
        assert text not in sealed
        assert text.encode() not in raw


@pytest.mark.parametrize(
    "sealer",
    [
        Sealer.from_secret(ID, OTHER_SECRET),
        Sealer.from_secret(OTHER_ID, SECRET),
        Sealer.from_secret(ID, SECRET + " "),
        Sealer.from_secret(ID, ""),
        Sealer(Sealer.random_key()),
    ],
)
def test_nobody_else_opens_it(sealer):
    assert opened(SEALED) == {"access_token": TOKEN_TEXT}
    assert opened(SEALED, sealer=sealer) is None
    assert opened(sealer.seal("forged", place="here")) is None


def test_random_keys_differ():
    assert opened(Sealer(Sealer.random_key()).seal("x", place="here"), sealer=Sealer(Sealer.random_key())) is None


@pytest.mark.parametrize("place", ["", "there", "here ", "Here"])
def test_it_opens_nowhere_else(place):
    assert opened(SEALED, place=place) is None


@pytest.mark.parametrize("start", ["", "fa0.", "fa2.", "FA1.", " fa1.", "fa1.fa1."])
def test_another_format_is_a_broken_seal(start):
    assert opened(start + SEALED[4:]) is None


@given(data=st.data())
def test_one_changed_bit_breaks_the_seal(data):
    raw = bytearray(base64.urlsafe_b64decode(SEALED[4:]))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert opened(f"fa1.{encoded(raw)}") is None


def test_one_changed_character_breaks_the_seal():
    sealed = SEALER.seal("x", place="here")
    assert sealed.endswith("=")
    intact = []
    for position, char in enumerate(sealed):
        for other in f"{string.ascii_letters}{string.digits}-_+/= \nä":
            if other != char:
                changed = sealed[:position] + other + sealed[position + 1 :]
                intact += [(position, other)] if opened(changed) else []
    assert intact == []


@given(cut=st.integers(0, len(SEALED) - 1))
def test_a_cut_or_prolonged_text_is_a_broken_seal(cut):
    assert opened(SEALED[:cut]) is None
    assert opened(SEALED + SEALED[cut:]) is None


@given(garbage=ANYTHING)
def test_garbage_of_any_type_is_a_broken_seal_and_nothing_else(garbage):
    with pytest.raises(BrokenSeal):
        SEALER.open(garbage, place="here")


PARTS = [
    (),
    ("None",),
    (None,),
    ("",),
    ("a", "b"),
    ("ab",),
    ("a", "b", None),
    ("b", "a"),
    ('a", "b',),
    ("https://api.crowdstrike.com", None, None),
    ("https://api.crowdstrike.com", "None", None),
    ("https://api.crowdstrike.com", None, "None"),
]


def test_names_tell_parts_apart_and_tell_nothing():
    sealers = (SEALER, Sealer.from_secret(ID, OTHER_SECRET))
    names = [sealer.name(purpose, *parts) for sealer in sealers for purpose in ("token", "lock") for parts in PARTS]
    assert len(set(names)) == 2 * 2 * len(PARTS)
    assert all(re.fullmatch("[0-9a-f]{64}", name) for name in names)


def test_every_holder_of_the_secret_comes_to_the_same_name():
    assert Sealer.from_secret(ID, SECRET).name("token", "a", None) == SEALER.name("token", "a", None)

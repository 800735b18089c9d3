# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError


@pytest.mark.parametrize("text", ["There is no client 'a'.", "There is no client 'h\u00e4ppy \u2603'.", "x" * 1200])
def test_a_sentence_stays_as_it_is(text):
    error = FalconError(text)
    assert error.message == str(error) == text


@pytest.mark.parametrize(
    ("given", "shown"),
    [("two\nlines", "two lines"), ("\x1b[31mred\x07", " [31mred "), ("\ud800\u202e\0", "   "), ("a\u2028b", "a b")],
)
def test_what_it_repeats_is_made_printable(given, shown):
    assert FalconError(f"There is no client '{given}'.").message == f"There is no client '{shown}'."


def test_what_it_repeats_is_cut_and_the_advice_at_the_end_is_kept():
    message = FalconError(f"There is no client '{'x' * 1_000_000}'; give another one.").message
    assert message.startswith("There is no client 'xxx") and message.endswith("xxx'; give another one.")
    assert " ... " in message and len(message) < 1300

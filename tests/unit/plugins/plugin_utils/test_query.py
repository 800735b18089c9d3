# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys

import pytest
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils._query import Query

RESULT = {"token": True, "tokens": [{"member_cid": None}, {"member_cid": "ab"}]}


def failure_of(call, *args):
    with pytest.raises(FalconError) as caught:
        call(*args)
    assert caught.value.__cause__ is None
    return caught.value.message


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("token", True),
        ("tokens[].member_cid", ["ab"]),
        ("tokens[*].member_cid", ["ab"]),
        ("tokens[*].[member_cid]", [[None], ["ab"]]),
        ("nothing.at.all", None),
        ("length(tokens)", 2),
        ("{a: token}", {"a": True}),
    ],
)
def test_what_an_expression_finds(expression, found):
    assert Query(expression).of(RESULT) == found


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ("", "it is empty"),
        ("tokens[", "'tokens[' breaks off at its end"),
        ("tokens[].{a: ", "'tokens[].{a: ' breaks off at its end"),
        ("a ]b", "'a ]b' breaks at character 3, before ']b'"),
        ("a..b", "'a..b' breaks at character 3, before '.b'"),
        ("a#b", "'a#b' breaks at character 2, before '#b'"),
    ],
)
def test_where_an_expression_breaks(expression, place):
    assert failure_of(Query, expression) == f"query is not a JMESPath expression: {place}."


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("length(`7`)", "the function length() wants string or array or object, and was given number"),
        ("abs(token)", "the function abs() wants number, and was given boolean"),
        ("join(',', tokens)", "the function join() wants array-string, and was given dict"),
        ("sort(tokens)", "the function sort() wants array-string or array-number, and was given dict"),
        ("sort_by(tokens, &member_cid)", "the function sort_by() wants string or number, and was given "),
        ("nonsense(@)", "Unknown function: nonsense()"),
        ("length(token, token)", "Expected 1 argument for function length(), received 2"),
        ("contains('abc', nothing)", "a value in it is of a type, or missing, so that this makes no sense"),
        ("join(`1`, tokens)", "the function join() wants string, and was given number"),
    ],
)
def test_what_cannot_be_applied_is_told_without_what_is_there(expression, complaint):
    query = Query(expression)
    message = failure_of(query.of, RESULT)
    assert message.startswith(f"query '{expression}' cannot be applied to the result: {complaint}")
    assert message.endswith(".") and not message.endswith("..")
    assert "ab" not in message.replace(expression, "").replace("abs(", "")


def test_without_jmespath_one_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "jmespath", None)
    monkeypatch.setattr("sys.executable", "/opt/ansible/bin/python")
    assert failure_of(Query, "token") == (
        "The option query needs the Python library jmespath, which /opt/ansible/bin/python does not have; install it "
        "with '/opt/ansible/bin/python -m pip install jmespath', or with 'pipx inject ansible-core jmespath'."
    )

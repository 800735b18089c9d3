# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of what one asker notes for the next."""

from __future__ import annotations

import dataclasses
import time

import pytest
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils._lock import FAILURE_HOLDS, Notes
from ansible_collections.falconops.auth.tests.unit.examples import token


@pytest.fixture
def clock(monkeypatch):
    """A monotonic clock that is set by hand."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("run", "waiting_since", "age", "holds"),
    [
        ("run", 1001, 0.5, True),
        ("run", 1001, FAILURE_HOLDS - 1, True),
        ("run", 1001, FAILURE_HOLDS, False),
        ("other run", 1001, 0.5, False),
        ("other run", 999, 0.5, True),
        ("other run", 1000, 500, True),
        ("run", 999, -5, False),
        ("run", 1001, -900, False),
    ],
)
def test_for_whom_a_failure_holds(clock, run, waiting_since, age, holds):
    notes = Notes()
    notes.failed(FalconError("no", refused=True), "way", "run")
    clock[0] += age
    failure = notes.failure_for("way", run, waiting_since)
    assert (failure is not None) == holds
    assert failure is None or (failure.message, failure.refused, failure.lasting) == ("no", True, True)


@pytest.mark.parametrize(
    ("lasting", "waiting_since", "age", "holds"),
    [
        (True, 1001, 0.5, True),
        (True, 1001, FAILURE_HOLDS, False),
        (False, 1001, 0.5, False),
        (False, 1000.5, 0.5, False),
        (False, 1000, 0.5, True),
        (False, 1000, 500, True),
        (False, 999, 0, True),
        (False, 999, -5, False),
    ],
)
def test_what_does_not_last_answers_only_those_who_waited(clock, lasting, waiting_since, age, holds):
    notes = Notes()
    notes.failed(FalconError("no", lasting=lasting), "way", "run")
    clock[0] += age
    failure = notes.failure_for("way", "run", waiting_since)
    assert (failure is not None) == holds
    assert failure is None or (failure.refused, failure.lasting) == (False, lasting)


@pytest.mark.parametrize("failure", [FalconError("no"), FalconError("no", refused=True)])
@pytest.mark.parametrize("waiting_since", [999, 1001])
def test_on_another_way_nothing_holds(clock, failure, waiting_since):
    notes = Notes()
    notes.failed(failure, "way", "run")
    assert notes.failure_for("another way", "run", waiting_since) is None
    assert (notes.failure_for("way", "run", waiting_since) is None) == (waiting_since > 1000 and not failure.refused)


def test_the_last_failure_counts(clock):
    notes = Notes()
    notes.failed(FalconError("first", refused=True), "way", "run")
    notes.failed(FalconError("second"), "another way", "run")
    assert notes.failure_for("way", "run", 999) is None
    assert notes.failure_for("another way", "run", 999).message == "second"


def test_no_failure_holds_for_nobody():
    assert Notes().failure_for("way", "run", 0) is None


def test_the_tokens_of_the_last_tasks_are_kept():
    notes = Notes()
    for number in range(40):
        notes.issued(f"task-{number}", token(f"token-{number}"))
    notes.issued("task-39", token("token-39-again"))
    assert list(notes.tasks) == [f"task-{number}" for number in range(8, 40)]
    assert notes.token_of("task-39").access_token == "token-39-again"


def test_notes_are_plain_data():
    notes = Notes()
    notes.failed(FalconError("no"), "way", "run")
    notes.issued("task", token())
    assert Notes(**dataclasses.asdict(notes)) == notes

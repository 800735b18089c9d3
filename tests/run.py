# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run nox sessions, all or those named as arguments, and close with one line that counts what passed.

A pytest session counts its tests, any other session counts as one.
"""

from __future__ import annotations

import collections
import json
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / ".nox" / "results"
# What noxfile.py runs on each supported ansible-core.
KINDS = ("sanity", "unit", "integration", "neighbours")


def main() -> int:
    """Run the sessions and tell what became of them."""
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir(parents=True)
    report = RESULTS / "sessions.json"
    command = [sys.executable, "-m", "nox", "--report", str(report)]
    if sys.argv[1:]:
        command += ["--session", *sys.argv[1:]]
    status = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode
    if not report.exists():
        print("nox did not get as far as running a session")
        return status or 1

    total: collections.Counter[str] = collections.Counter()
    notes = []
    print(f"\n{'session':<24}{'time':>7}{'passed':>9}{'failed':>9}{'skipped':>9}")
    sessions = json.loads(report.read_text())["sessions"]
    for session in sessions:
        counts, reasons = count(session)
        total += counts
        notes += [f"not run: {session['name']}: {reason}" for reason in reasons]
        numbers = "".join(f"{counts[outcome]:>9}" for outcome in ("passed", "failed", "skipped"))
        print(f"{session['name']:<24}{session['duration']:>6.0f}s{numbers}")
    for note in notes:
        print(note)
    print_matrix(sessions)
    print(f"total: {total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped", flush=True)
    return status or int(total["failed"] > 0 or total["passed"] == 0)


def count(session: dict[str, t.Any]) -> tuple[collections.Counter[str], list[str]]:
    """Count a session's outcomes, and collect why something of it was skipped."""
    outcome = {"success": "passed", "skipped": "skipped"}.get(session["result"], "failed")
    reasons: collections.Counter[str] = collections.Counter()
    counts: collections.Counter[str] = collections.Counter()
    left_out = RESULTS / f"{session['name']}.txt"
    said = left_out.read_text().splitlines() if left_out.exists() else []
    tests = RESULTS / f"{session['name']}.xml"
    if tests.exists():
        for case in ElementTree.parse(tests).iter("testcase"):
            skip = case.find("skipped")
            if skip is not None:
                reasons[skip.get("message", "")] += 1
                counts["skipped"] += 1
            else:
                counts["passed" if case.find("failure") is None and case.find("error") is None else "failed"] += 1
    # A session that failed without a failed test (pytest stopped, or found none) has failed all the same.
    if not counts or (outcome == "failed" and not counts["failed"]):
        counts[outcome] += 1
        if outcome == "skipped":
            reasons[session["reason"]] += 1
    said += [f"{reason} (tests: {number})" if tests.exists() else reason for reason, number in reasons.items()]
    return counts, said


def print_matrix(sessions: list[dict[str, t.Any]]) -> None:
    """Print what was run on which ansible-core, where it was more than one."""
    rows: dict[str, dict[str, str]] = {}
    pythons: dict[str, str] = {}
    for session in sessions:
        kind = session["name"].split("-")[0]
        if kind not in KINDS:
            continue
        pins = ROOT / "tests" / "requirements" / f"core{session['name'].removeprefix(kind)}.txt"
        core = pins.read_text().split("==")[-1].strip()
        counts, _reasons = count(session)
        numbers = "/".join(str(counts[outcome]) for outcome in ("passed", "failed", "skipped"))
        rows.setdefault(core, {})[kind] = f"{numbers} {session['duration']:.0f}s"
        if session["signatures"][1:]:
            pythons[core] = session["signatures"][1].removeprefix(f"{session['name']}-")
    if len(rows) > 1:
        print(f"\n{'ansible-core':<14}{'Python':<8}" + "".join(f"{kind:>20}" for kind in KINDS))
        for core, cells in rows.items():
            print(f"{core:<14}{pythons.get(core, ''):<8}" + "".join(f"{cells.get(kind, '-'):>20}" for kind in KINDS))
        print("(passed/failed/skipped and seconds)")


if __name__ == "__main__":
    sys.exit(main())

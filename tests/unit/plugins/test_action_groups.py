# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the action groups in meta/runtime.yml; tests/neighbours compares the other one with the vendor's modules."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
GROUPS = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]
MODULES = {path.stem: path.read_text(encoding="utf-8") for path in ROOT.glob("plugins/modules/falcon_*.py")}
# Internal to a role of ours: a module only because every action must be documented as one.
OUTSIDE = {"falcon_client_file"}


def test_a_group_holds_our_modules():
    assert sorted(GROUPS["falcon"]) == sorted(set(MODULES) - OUTSIDE)


def test_who_is_in_the_group_says_so():
    assert sorted(name for name, text in MODULES.items() if "falconops.auth._attributes.group" in text) == sorted(
        GROUPS["falcon"]
    )


def test_the_other_group_holds_modules_of_the_vendor_alone():
    names = GROUPS["crowdstrike"]
    assert names == sorted(set(names))
    assert all(name.startswith("crowdstrike.falcon.") for name in names)

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module of tests/ as a program that can import the collection: `python -m unit.program benchmark.soak`."""

from __future__ import annotations

import runpy
import sys

from unit.conftest import make_importable

if __name__ == "__main__":
    make_importable()
    del sys.argv[0]
    runpy.run_module(f"ansible_collections.falconops.auth.tests.{sys.argv[0]}", run_name="__main__", alter_sys=True)

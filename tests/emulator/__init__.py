# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CrowdStrike Falcon clouds on loopback, for the tests and the demo; see README.md.

Kept empty so that `emulator.client` and `emulator.cast` need nothing but the standard library.
"""

# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: it can change in any release.

"""Expected failures."""

from __future__ import annotations

import typing as t


class FalconError(Exception):
    """What a user, a network or a server can cause: one sentence that a person can act on, free of secrets.

    refused: the API understood the request and said no; lasting: asking again soon, in the same way, is of no use.
    """

    def __init__(self, message: str, *, refused: bool = False, lasting: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.refused = refused
        self.lasting = lasting or refused


class CallFailed(FalconError):
    """A call that failed, or did a part of what it was to do; result: what it did, as the module returns it."""

    def __init__(self, message: str, result: dict[str, t.Any], *, refused: bool = False) -> None:
        super().__init__(message, refused=refused)
        self.result = result


class DeadToken(FalconError):
    """The API no longer takes the token, and whoever has noticed cannot get another one."""

    def __init__(self) -> None:
        super().__init__("The API does not take the token.", refused=True)

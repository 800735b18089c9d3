# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: it can change in any release.

"""Expected failures."""

from __future__ import annotations

import typing as t

# The beginning says what is wrong, and the end what to do.
_BEGINNING, _END = 900, 300


class FalconError(Exception):
    """What a user, a network or a server can cause: one sentence that a person can act on, free of secrets.

    It may repeat what a user gave, which may be anything: it is made printable, one line, and of bounded length.
    refused: the API understood the request and said no; lasting: asking again soon, in the same way, is of no use.
    """

    def __init__(self, message: str, *, refused: bool = False, lasting: bool = False) -> None:
        self.message = _line(message)
        super().__init__(self.message)
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


def _line(text: str) -> str:
    if len(text) > _BEGINNING + _END:
        text = f"{text[:_BEGINNING]} ... {text[-_END:]}"
    return "".join(char if char.isprintable() else " " for char in text)

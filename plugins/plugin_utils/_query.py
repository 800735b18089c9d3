# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection: it can change in any release.

"""JMESPath over results: the only file that knows jmespath."""

from __future__ import annotations

import sys
import typing as t

from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError


class Query:
    """An expression that is compiled, and found good, before anything else is done."""

    def __init__(self, expression: str) -> None:
        try:
            import jmespath
            from jmespath.exceptions import JMESPathError, JMESPathTypeError
        except ImportError:
            raise FalconError(
                f"The option query needs the Python library jmespath, which {sys.executable} does not have; install it "
                f"with '{sys.executable} -m pip install jmespath', or with 'pipx inject ansible-core jmespath'."
            ) from None
        self._expression = expression
        self._wrong_type, self._other_errors = JMESPathTypeError, JMESPathError
        try:
            self._compiled = jmespath.compile(expression)
        except JMESPathError as error:
            raise FalconError(f"query is not a JMESPath expression: {_where(expression, error)}.") from None

    def of(self, value: t.Any) -> t.Any:
        """What the expression finds in a value. What is said of a failure repeats nothing of it: it may be secret."""
        try:
            return self._compiled.search(value)
        except self._wrong_type as error:
            wanted = " or ".join(error.expected_types)
            complaint = f"the function {error.function_name}() wants {wanted}, and was given {error.actual_type}"
        except self._other_errors as error:  # of a function's name and number of arguments
            complaint = str(error).rstrip(".")
        except Exception:  # of Python's operators, to which the library leaves the rest
            complaint = "a value in it is of a type, or missing, so that this makes no sense"
        raise FalconError(f"query '{self._expression}' cannot be applied to the result: {complaint}.")


def _where(expression: str, error: Exception) -> str:
    """The place at which an expression breaks."""
    position = getattr(error, "lex_position", None)
    if position is None or position >= len(expression):
        return f"'{expression}' breaks off at its end" if expression else "it is empty"
    return f"'{expression}' breaks at character {position + 1}, before '{expression[position:]}'"

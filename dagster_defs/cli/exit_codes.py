"""Exit codes of `swing`, read from the error classes."""

from __future__ import annotations

import inspect

import execution.errors
import operations.errors
import warehouse.errors
from warehouse.errors import SwingError

NOT_OURS = {
    0: "Done.",
    1: "A failure without a code of its own.",
    2: "Wrong usage: an unknown command or option.",
    130: "Stopped by Ctrl-C.",
}
"""Codes that no error class sets: the shell's, Python's and click's."""


def error_classes() -> dict[int, type[SwingError]]:
    """Every error class that sets an exit code, by its code."""
    kinds = {
        kind.exit_code: kind
        for module in (warehouse.errors, execution.errors, operations.errors)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, SwingError) and kind is not SwingError
    }
    return dict(sorted(kinds.items()))


def meanings() -> dict[int, str]:
    """One sentence for each exit code."""
    ours = {code: inspect.getdoc(kind) or "" for code, kind in error_classes().items()}
    return dict(sorted((NOT_OURS | ours).items()))

"""Exit codes of `swing`, read from the error classes."""

from __future__ import annotations

from operations.codes import error_classes, meaning_of

NOT_OURS = {
    0: "Done.",
    1: "A failure without a code of its own.",
    2: "Wrong usage: an unknown command or option.",
    130: "Stopped by Ctrl-C.",
}
"""Codes that no error class sets: the shell's, Python's and click's."""


def meanings() -> dict[int, str]:
    """One sentence for each exit code."""
    ours = {code: meaning_of(kind) for code, kind in error_classes().items()}
    return dict(sorted((NOT_OURS | ours).items()))

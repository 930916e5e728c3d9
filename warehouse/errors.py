"""Every failure a user can meet, as one tree; the exit code of the command line stands on the class.

SwingError                      1   anything below
├── ConfigurationError          3   portfolio.yaml holds a key or value that is not allowed
├── SourceError                 4   bars could not be read; nothing was landed
├── LakeError                   5   the warehouse cannot be opened or does not hold what was asked
│   ├── LakeBusyError           6   another run is writing
│   └── LakeNewerError         20   a newer program has written the warehouse; nothing was read or changed
├── PipelineError               7   a model or a data-quality gate failed; the last good state stands
└── MachineError               19   the machine refused: a full disk, a missing permission, an impossible path

Each message says what happened, where, why, and what to do.
"""

from __future__ import annotations

import errno


class SwingError(Exception):
    """An expected failure: shown as its message alone, never as a stack trace.

    Attributes:
        exit_code: Of the command that ends with it.
        is_transient: True if the same may work later without anybody's doing.
        remedy: What a person can do, for tables and alerts; the message itself says it for the case at hand.
    """

    exit_code = 1
    is_transient = False
    remedy = "Look at the message and at the run in the UI of `swing dev`; if it says nothing of use, report it."


class ConfigurationError(SwingError):
    """The configuration is not valid as a whole."""

    exit_code = 3
    remedy = "Correct the lines of portfolio.yaml that are named; `swing status` checks them again."


class SourceError(SwingError):
    """A bar source cannot be read; nothing was landed."""

    exit_code = 4
    is_transient = True
    remedy = "Try again later, or name another source with --source; the message says what the source answered."


class LakeError(SwingError):
    """The warehouse cannot be opened, or does not hold what was asked for."""

    exit_code = 5
    remedy = "Do what the message says: import price bars, build, or restore a backup."


class LakeBusyError(LakeError):
    """Another run holds the writer lock."""

    exit_code = 6
    is_transient = True
    remedy = "Wait until the other run has ended, then start again."


class LakeNewerError(LakeError):
    """A newer program has written the warehouse; this one reads and changes nothing."""

    exit_code = 20
    remedy = "Update this program."


class PipelineError(SwingError):
    """A model or a data-quality gate failed; the last good state stands."""

    exit_code = 7
    remedy = "Look at the model or gate that is named; land the right bars, or report the fault."


class MachineError(SwingError):
    """The machine refused: a full disk, a missing permission, an impossible path."""

    exit_code = 19
    remedy = "Mend what is named (disk, permission, path), then start again."

    @classmethod
    def of(cls, error: OSError) -> MachineError:
        """Say what the system refused, where, and what to do."""
        where = f" ({error.filename})" if error.filename else ""
        remedy = _REMEDIES.get(error.errno or 0, "Mend that, then start again.")
        return cls(f"{error.strerror or error}{where}. {remedy} Nothing half-written is used.")


_HOME = "SWING_HOME must name a folder that this user can write."
_REMEDIES = {
    errno.ENOSPC: "The disk is full: free some of it, then start again.",
    errno.EDQUOT: "The disk quota is used up: free some of it, then start again.",
    errno.EFBIG: "A file may not grow any more (see `ulimit -f`).",
    errno.EACCES: _HOME,
    errno.EPERM: _HOME,
    errno.EROFS: _HOME,
    errno.ENOENT: _HOME,
    errno.ENOTDIR: _HOME,
    errno.EEXIST: _HOME,
    errno.ENAMETOOLONG: "The path is too long: choose a shorter SWING_HOME.",
    errno.EMFILE: "Too many files are open (see `ulimit -n`).",
}

"""Every failure a user can meet, as one tree; the exit code of the command line stands on the class.

SwingError                      1   anything below
├── ConfigurationError          3   portfolio.yaml holds a key or value that is not allowed
├── SourceError                 4   bars could not be read; nothing was landed
├── LakeError                   5   the warehouse cannot be opened or does not hold what was asked
│   ├── LakeBusyError           6   another run is writing
│   └── LakeNewerError         16   a newer program has written the warehouse; nothing was read or changed
└── PipelineError               7   a model or a data-quality gate failed; the last good state stands

Each message says what happened, where, why, and what to do.
"""

from __future__ import annotations


class SwingError(Exception):
    """An expected failure: shown as its message alone, never as a stack trace."""

    exit_code = 1


class ConfigurationError(SwingError):
    """The configuration is not valid as a whole."""

    exit_code = 3


class SourceError(SwingError):
    """A bar source cannot be read; nothing was landed."""

    exit_code = 4


class LakeError(SwingError):
    """The warehouse cannot be opened, or does not hold what was asked for."""

    exit_code = 5


class LakeBusyError(LakeError):
    """Another run holds the writer lock."""

    exit_code = 6


class LakeNewerError(LakeError):
    """A newer program has written the warehouse; this one reads and changes nothing."""

    exit_code = 16


class PipelineError(SwingError):
    """A model or a data-quality gate failed; the last good state stands."""

    exit_code = 7

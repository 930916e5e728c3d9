"""Logs as lines of JSON, for machines: one record a line, with run and order where there is one, and no secret."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler

OURS = ("warehouse", "research", "execution", "operations", "dagster_defs")
"""Loggers whose information is written; of all others warnings and errors are."""
FIELDS = ("code", "exit_code", "run_id", "order_ref", "session", "mode", "account", "event", "command")
"""Further fields of a record, as far as it has them."""
_SECRET = re.compile(r"(?<=://)[^/\s@]+(?=@)|(?<=[?&])(\w*(?:token|key|password|secret)\w*)=[^&\s]+", re.IGNORECASE)


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON, its time in UTC with its zone."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name in FIELDS if (value := getattr(record, name, None)) not in {None, ""}}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps({name: _masked(value) for name, value in line.items()}, ensure_ascii=False, default=str)


class LogFile(WatchedFileHandler):
    """A file that may be rotated under its writers; one that cannot be written stops nobody."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)


def configure(*, file: str = "") -> None:
    """Write what this process logs as lines of JSON: to stderr, or to a file.

    Args:
        file: Its path; several processes may append to it.
    """
    handler = LogFile(file, encoding="utf-8", delay=True) if file else logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.getLogger().addHandler(handler)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)


def _masked(value: object) -> object:
    """Hide what an address holds of user names, passwords and keys."""
    if not isinstance(value, str):
        return value
    return _SECRET.sub(lambda found: f"{found[1]}=***" if found[1] else "***", value)

"""Files of the system's service manager: units, timers and log rotation, made from templates and kept if changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from warehouse.errors import ConfigurationError, MachineError
from warehouse.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = "# Written by `swing install`; sha256 of what follows: "
STARTED = ("swing-daemon.service", "swing-page.service")
TIMERS = ("swing-watchdog.timer", "swing-digest.timer", "swing-backup.timer")
LOGS = Path("/var/log/swing")
SYSTEM_UNITS = Path("/etc/systemd/system")
LOGROTATE = Path("/etc/logrotate.d/swing")


class FileState(StrEnum):
    """State of a file before it is written."""

    NEW = "new"
    SAME = "the same already"
    OURS = "to be brought up to date"
    CHANGED = "changed by hand"


@dataclass(frozen=True, slots=True)
class ServiceFile:
    """A file as it should be.

    Attributes:
        path: Where it belongs.
        text: Begins with a digest of the rest, which shows if somebody has changed it since.
    """

    path: Path
    text: str

    @property
    def state(self) -> FileState:
        """Comparison with what stands at its place now. Raises OSError if that cannot be read."""
        if not self.path.exists():
            return FileState.NEW
        found = self.path.read_text(encoding="utf-8", errors="replace")
        if found == self.text:
            return FileState.SAME
        head, _, body = found.partition("\n")
        return FileState.OURS if head == f"{MARK}{_digest(body)}" else FileState.CHANGED


@dataclass(frozen=True, slots=True)
class Services:
    """Services of an installation: programs, places, and the user that they run under.

    Attributes:
        program: The command `swing` of this environment.
        home: Of the installation.
        backups: Folder that the daily backup is written to.
        templates: Folder of the units' templates, and of that of log rotation.
        units: Folder of the service manager's units.
        logrotate: File that says how their log is rotated; system services have one.
        user: Name that system services run under; empty for services of the present user.
        secrets: Files that system services are handed as credentials, each under its own name.
    """

    program: Path
    home: Path
    backups: Path
    templates: Path
    units: Path
    logrotate: Path = LOGROTATE
    user: str = ""
    secrets: tuple[Path, ...] = ()

    def files(self) -> list[ServiceFile]:
        """Return every file as it should be.

        Raises:
            ConfigurationError: A path holds a line break, which no unit can name.
        """
        values = self._values()
        names = sorted(file.name for file in (self.templates / "systemd").glob("swing-*"))
        found = [self._made(self.units / name, f"systemd/{name}", values) for name in names]
        if self.user:
            found.append(self._made(self.logrotate, "logrotate/swing", values))
        return found

    def _made(self, path: Path, template: str, values: dict[str, str]) -> ServiceFile:
        body = Template(self._template(template)).substitute(values)
        return ServiceFile(path, f"{MARK}{_digest(body)}\n{body}")

    def _template(self, name: str) -> str:
        return (self.templates / name).read_text(encoding="utf-8")

    def _values(self) -> dict[str, str]:
        values = {
            "swing": _argument(self.program),
            "home": _quoted(str(self.home)),
            "backups": _argument(self.backups),
            "home_variable": _quoted(f"SWING_HOME={self.home}"),
            "environment": str(self.home / "environment").replace("%", "%%"),
            "target": "multi-user.target" if self.user else "default.target",
            "user": self.user,
            "logs": str(LOGS),
        }
        parts = ["systemd/common.conf", *(["systemd/common-system.conf"] if self.user else [])]
        common = "".join(self._template(part) for part in parts)
        folders = values | {"backups": _quoted(str(self.backups))}
        return values | {"common": Template(common + "".join(self._credentials())).substitute(folders).rstrip("\n")}

    def _credentials(self) -> Iterator[str]:
        """Yield a line for each secret: the service reads a copy that nobody else can."""
        for secret in self.secrets:
            yield f"LoadCredential={secret.name}:{str(secret).replace('%', '%%').replace('$', '$$')}\n"

    def steps(self) -> list[str]:
        """Return the commands that a person runs afterwards, in order."""
        units = " ".join((*STARTED, *TIMERS))
        if not self.user:
            return [
                "systemctl --user daemon-reload",
                f"systemctl --user enable --now {units}",
                "loginctl enable-linger   # so that they run while you are not logged in",
                "journalctl --user -u swing-daemon -f",
            ]
        return [
            f"useradd --system --shell /usr/sbin/nologin --home-dir '{self.home}' {self.user}   # once",
            f"install -d -m 700 -o {self.user} -g {self.user} '{self.home}' '{self.backups}'",
            "systemctl daemon-reload",
            f"systemctl enable --now {units}",
            "journalctl -u swing-daemon -f",
        ]


def write(files: list[ServiceFile], *, is_forced: bool) -> list[ServiceFile]:
    """Write the files that are not there yet as they should be; return them.

    Raises:
        MachineError: One was changed by hand, and `is_forced` is false. Nothing was written.
        OSError: The system refused.
    """
    states = {file.path: file.state for file in files}
    changed = [str(path) for path, state in states.items() if state is FileState.CHANGED]
    if changed and not is_forced:
        raise MachineError(
            f"Changed by hand: {', '.join(changed)}. Nothing was written. Move your changes to a drop-in "
            "(`systemctl edit`), which is never touched; then --force writes these anew."
        )
    written = [file for file in files if states[file.path] is not FileState.SAME]
    for file in written:
        file.path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        write_atomically(file.path, file.text)
        file.path.chmod(0o644)  # they hold no secret, and the service manager complains of what others cannot read
    return written


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _quoted(text: str) -> str:
    """Quote a value of a unit: spaces, quotes, and the sign of its specifiers."""
    if "\n" in text or "\r" in text:
        raise ConfigurationError(f"The path {text!r} holds a line break, which no service can be told. Choose another.")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"' if set(text) & set(" '\"\\;#\t") else escaped


def _argument(path: Path) -> str:
    """Quote a word of a command line, where a dollar begins a variable."""
    return _quoted(str(path)).replace("$", "$$")

"""Paths to the files of bars in them: folders and zip archives are opened, .gz is unpacked."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from warehouse.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

TEXTS = (".csv", ".txt", ".tsv")
PARQUETS = (".parquet", ".pq")
ARROWS = (".feather", ".arrow", ".ipc")
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods")
NOTATIONS = (".json", ".jsonl", ".ndjson")
KNOWN = (*TEXTS, *PARQUETS, *ARROWS, *WORKBOOKS, *NOTATIONS)
PACKED = (".gz", ".zip")


@dataclass(frozen=True, slots=True)
class BarFile:
    """A file of bars, on the disk or in an archive.

    Attributes:
        label: Path for messages and the lake; of an archive's member with its name behind it.
        stem: Name without endings; it may be the symbol.
        kind: Ending that tells the format.
        content: Reads it. Raises SourceError if it is damaged.
    """

    label: str
    stem: str
    kind: str
    content: Callable[[], bytes]


def entries(path: Path) -> list[BarFile]:
    """List the files of bars of a path: itself, or those of a folder or an archive, in order of name.

    Raises:
        SourceError: There is none, or the archive is damaged.
    """
    known = ", ".join((*KNOWN, *PACKED))
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if _kind(file) and not file.name.startswith("."))
        if not files:
            raise SourceError(f"{path}: the folder holds no {known} file (its subfolders are not searched).")
        return [entry for file in files for entry in _entries(file)]
    if not path.is_file():
        raise SourceError(f"{path}: there is no such file or folder.")
    if not _kind(path):
        raise SourceError(f"{path}: files of bars end in {known}; this one does not.")
    return _entries(path)


def _is_hidden(member: PurePath) -> bool:
    """Tell what an operating system has put into an archive beside the user's files."""
    return member.name.startswith(".") or "__MACOSX" in member.parts


def _kind(path: PurePath) -> str:
    endings = [ending.lower() for ending in path.suffixes[-2:]]
    if endings and endings[-1] == ".zip":
        return ".zip"
    if endings and endings[-1] == ".gz":
        return endings[0] if endings[0] in KNOWN else TEXTS[0]
    return endings[-1] if endings and endings[-1] in KNOWN else ""


def _entries(path: Path) -> list[BarFile]:
    if _kind(path) != ".zip":
        return [_entry(path, str(path), lambda: _read(path))]
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(
                name
                for name in archive.namelist()
                if _kind(PurePath(name)) not in {"", ".zip"} and not _is_hidden(PurePath(name))
            )
    except (OSError, zipfile.BadZipFile) as error:
        raise SourceError(f"{path}: a damaged archive ({error}).") from error
    if not names:
        raise SourceError(f"{path}: the archive holds no {', '.join(KNOWN)} file.")
    return [
        _entry(PurePath(name), f"{path}/{name}", lambda name=name: _member(path, name))  # type: ignore[misc]
        for name in names
    ]


def _entry(path: PurePath, label: str, read: Callable[[], bytes]) -> BarFile:
    name = path.name
    if not name.lower().endswith(".gz"):
        return BarFile(label, path.stem, _kind(path), read)

    def unpacked() -> bytes:
        try:
            return gzip.decompress(read())
        except (OSError, EOFError, zlib.error) as error:
            raise SourceError(f"{label}: a damaged .gz file ({error}).") from error

    inner = PurePath(name[: -len(".gz")])
    return BarFile(label, inner.stem if inner.suffix.lower() in KNOWN else inner.name, _kind(path), unpacked)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror}).") from error


def _member(path: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(name)
    except (OSError, zipfile.BadZipFile, RuntimeError, zlib.error, NotImplementedError) as error:
        raise SourceError(f"{path}/{name}: cannot be unpacked ({error}).") from error

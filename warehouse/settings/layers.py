"""Settings files laid over each other and checked as a whole: every problem in one report."""

from __future__ import annotations

import difflib
import re
import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from warehouse.errors import ConfigurationError
from warehouse.settings import located_yaml
from warehouse.settings.located_yaml import Document, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from warehouse.settings.located_yaml import Key

FOUND_WIDTH = 80
SECRET_NAME = re.compile("key|token|secret|password|url|channels|heartbeat", re.IGNORECASE)
"""Keys at and below which a message shows no value."""
SECRET = re.compile(r"\S*://\S*|\b(?=\w*\d)\w{16,}\b")
"""Words that could be a key which somebody typed into a settings file: a message never shows them."""


class Section(BaseModel):
    """Settings that belong together; strict, so that `top_n: true` is a mistake and not a 1.

    The description of each field says what is allowed, in the words of an error message.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


SectionT = TypeVar("SectionT", bound=Section)


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault in the value of one key, or between the values of several."""

    keys: tuple[Key, ...]
    text: str

    @classmethod
    def of(cls, text: str, *names: str) -> Problem:
        """A problem of the keys that these dotted names stand for."""
        return cls(tuple(tuple(name.split(".")) for name in names), text)


def load(
    model: type[SectionT],
    paths: Sequence[Path],
    rules: Callable[[SectionT], Iterable[Problem]],
    retired: Collection[str] = (),
) -> SectionT:
    """Lay each file over the ones before it, key by key (a list replaces), and check the whole.

    Args:
        model: Of the whole.
        paths: The files; the first holds every key.
        rules: Yields the problems between values that are each allowed.
        retired: Uppermost keys that once had a meaning; they are passed over.

    Raises:
        ConfigurationError: A file cannot be read or is not YAML, or some values are not allowed;
            the message lists each of them with file, line, key, value and what is allowed.
    """
    return settle(model, [located_yaml.read(path) for path in paths], rules, retired)


def settle(
    model: type[SectionT],
    documents: Sequence[Document],
    rules: Callable[[SectionT], Iterable[Problem]],
    retired: Collection[str] = (),
) -> SectionT:
    """Do the same with documents that were read.

    Raises:
        ConfigurationError: Some values are not allowed; as above.
    """
    problems = [
        Problem((key,), f"given twice, on lines {first} and {second}; keep one")
        for document in documents
        for key, first, second in document.repeated
    ]
    places = {key: place for document in documents for key, place in document.places.items()}
    settings: SectionT | None = None
    refused: set[Key] = set()
    # A value that is refused gives way to the one below it, and an item that is refused leaves its
    # list, so that the second attempt can check the rules in the same run.
    for attempt in range(2):
        values: object = None
        for document in documents:
            values = _merge(values, document.values, refused)
        if isinstance(values, dict):
            values = {name: value for name, value in values.items() if name not in retired}
        try:
            settings = model.model_validate(values, extra="ignore" if attempt else "forbid")
            break
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=False)
            kinds = {_key(each["loc"], places): each["type"] for each in details}
            refused |= kinds.keys()
            # A list of nothing but refused items counts as too short as well: once is enough.
            emptied = {key[:-1] for key in refused if key}
            problems += [
                _refusal(model, key, kind) for key, kind in kinds.items() if attempt == 0 and key not in emptied
            ]
    if settings is not None:
        problems += [
            problem
            for problem in rules(settings)
            if not any(key[:end] in refused for key in problem.keys for end in range(len(key) + 1))
        ]
    if problems or settings is None:
        raise ConfigurationError(_report(problems, places, [document.file for document in documents]))
    return settings


def _key(location: Key, places: Mapping[Key, Place]) -> Key:
    """Return the key of a refused value; the validator may go on with the name of a type that it does not have."""
    value = location[:-1]
    is_type = location not in places and value in places and not isinstance(value[-1], int)
    return value if is_type else location


def _merge(below: object, above: object, refused: Collection[Key], key: Key = ()) -> object:
    """Lay one tree over another; a section left empty changes nothing."""
    if key in refused or (above is None and isinstance(below, dict)):
        return below
    if isinstance(above, list):
        return [item for at, item in enumerate(above) if (*key, at) not in refused]
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {
        str(name): _merge(below.get(name), value, refused, (*key, str(name))) for name, value in above.items()
    }


def _refusal(model: type[Section], key: Key, kind: str) -> Problem:
    """Say what is allowed at a key in plain words; the validator's own are for programmers."""
    section, allowed = model, None
    for name in key:
        if isinstance(name, int):
            continue
        field = section.model_fields.get(name)
        if field is None:
            break
        allowed = field.description
        inner = (field.annotation, *get_args(field.annotation))
        section = next((kind for kind in inner if isinstance(kind, type) and issubclass(kind, Section)), section)
    names = ", ".join(section.model_fields)
    if kind != "extra_forbidden":
        return Problem((key,), f"allowed is {allowed or f'a section with the keys {names}'}")
    near = _nearest(str(key[-1]), section, model)
    hint = f" Did you mean {near}?" if near else ""
    return Problem((key,), f"unknown key.{hint} Allowed here: {names}")


def _nearest(name: str, section: type[Section], model: type[Section]) -> str | None:
    """The key most like a name: of its own section, else of any (then with its section's name)."""
    elsewhere = {
        key: f"{title}.{key}"
        for title, field in reversed(model.model_fields.items())
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
        for key in field.annotation.model_fields
    }
    for known in ({key: key for key in section.model_fields}, elsewhere):
        for match in difflib.get_close_matches(name, known, n=1):
            return known[match]
    return None


def _report(problems: list[Problem], places: Mapping[Key, Place], paths: Sequence[Path]) -> str:
    """One line for each problem, at the uppermost file that gives one of its keys."""
    lines = []
    for problem in problems:
        found = {key: _place(key, places, paths[0]) for key in problem.keys}
        at = max(found.values(), key=lambda place: paths.index(place.file))
        values = ", ".join(
            f"{SECRET.sub('…', _dotted(key))} = {_shown(key, place.found)}" for key, place in found.items()
        )
        where = f"{at.file}:{at.line}" if at.line else f"{at.file}"
        lines.append((paths.index(at.file), at.line, f"  {where}: {values}: {problem.text}"))
    count = f"{len(lines)} problems" if len(lines) > 1 else "a problem"
    return "\n".join(
        [
            f"The configuration has {count}; nothing was run. Correct:",
            *(text for *_, text in sorted(lines)),
        ]
    )


def _place(key: Key, places: Mapping[Key, Place], base: Path) -> Place:
    """Return where a key stands, or the nearest that it belongs to."""
    if key in places:
        return places[key]
    around = next((places[key[:end]] for end in range(len(key), 0, -1) if key[:end] in places), Place(base, 1, ""))
    return replace(around, found="missing")


def _shown(key: Key, found: str) -> str:
    """Return a value for a message, without what could be a secret."""
    if SECRET_NAME.search(_dotted(key)):
        return "…"
    return textwrap.shorten(SECRET.sub("…", found), FOUND_WIDTH, placeholder=" …")


def _dotted(key: Key) -> str:
    parts = (f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in key)
    return "".join(parts).removeprefix(".") or "the file"

"""YAML that remembers where each key stands, so that an error can point at it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from warehouse.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Key = tuple[str | int, ...]
"""The way to a value: section, key, position in that key's list."""

MAX_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a key (lines count from 1; 0 where there are none), and the value as its author wrote it."""

    file: Path
    line: int
    found: str


@dataclass(frozen=True, slots=True)
class Document:
    """One file: its values, the place of each key, and the keys given twice with both lines."""

    file: Path
    values: object = None
    places: dict[Key, Place] = field(default_factory=dict)
    repeated: list[tuple[Key, int, int]] = field(default_factory=list)


def read(path: Path) -> Document:
    """Read one YAML file, without judging its values.

    Raises:
        ConfigurationError: The file cannot be read, or is not YAML; says where.
    """
    try:
        loader = _Loader(path.read_text(encoding="utf-8-sig"))
        root = loader.get_single_node()
        values = None if root is None else loader.construct_document(root)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}. Make it a readable file, or move it away."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 text (byte {error.start + 1}). Save it as UTF-8.") from error
    except yaml.reader.ReaderError as error:
        raise ConfigurationError(
            f"{path} holds the control character U+{error.character:04X} (character "
            f"{error.position + 1} of the file). Remove it."
        ) from error
    except RecursionError as error:
        raise ConfigurationError(f"{path} is nested too deeply. The configuration has sections with keys.") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}, line {mark.line + 1}, column {mark.column + 1}" if mark else f"{path}"
        raise ConfigurationError(
            f"{where}: not valid YAML: {error.problem}. Look at the indentation, colons, brackets "
            "and quotes there and on the line above."
        ) from error
    document = Document(path, values)
    if root is not None:
        document.places[()] = Place(path, root.start_mark.line + 1, _shown(root))
    for key, line, value in _walk(root):
        if key in document.places:
            document.repeated.append((key, document.places[key].line, line))
        document.places[key] = Place(path, line, _shown(value))
    return document


def value_of(text: str) -> object:
    """Read one value as YAML has it: a number, true or false, nothing, or else the text itself."""
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError:
        return text


class _Loader(yaml.SafeLoader):
    """YAML 1.2's plain scalars: `ON` is a symbol and `1e-4` a number, as a reader expects."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the base class declares it so
        None: [
            ("tag:yaml.org,2002:null", re.compile(r"^(~|null|)$")),
            ("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$")),
            ("tag:yaml.org,2002:int", re.compile(r"^[-+]?(0|[1-9][0-9]{0,17})$")),
            (
                "tag:yaml.org,2002:float",
                re.compile(r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$"),
            ),
        ]
    }


def _walk(node: yaml.Node | None, above: Key = ()) -> Iterator[tuple[Key, int, yaml.Node]]:
    """Each key with its line and value; the depth is bounded because an alias can be a circle."""
    if len(above) == MAX_DEPTH:
        return
    children: list[tuple[str | int, yaml.Node, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        children = [(str(name.value), name, value) for name, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        children = [(position, value, value) for position, value in enumerate(node.value)]
    for name, marked, value in children:
        yield (*above, name), marked.start_mark.line + 1, value
        yield from _walk(value, (*above, name))


def _shown(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return json.dumps(node.value, ensure_ascii=False) if node.style else node.value or "nothing"
    if isinstance(node, yaml.SequenceNode):
        scalars = [_shown(v) if isinstance(v, yaml.ScalarNode) else "…" for v in node.value]
        return f"[{', '.join(scalars)}]"
    return "{…}"

"""Keeps a variant in portfolio.yaml: one line added where it belongs, and everything else left as it was written."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.errors import ConfigurationError
from warehouse.files import write_atomically
from warehouse.settings import located_yaml
from warehouse.settings.portfolio import FILE_NAME, SAVED_NAME, load_portfolio
from warehouse.settings.strategy import PARAMETERS, SHARED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SECTION = "saved"
RESERVED = frozenset({"live", "cash"})


def save_variant(home: Path, name: str, changes: Mapping[str, str]) -> Path:
    """Add a variant to `home/portfolio.yaml`, which is made if it is not there; the file.

    Args:
        home: Folder of portfolio.yaml.
        name: Of the variant.
        changes: Texts of the settings that it changes, by their dotted keys, as `--set` has them.

    Raises:
        ConfigurationError: The name is taken or cannot be one, the variant cannot be built beside the others, or the
            file cannot be edited safely; nothing was written.
    """
    portfolio = load_portfolio(home)
    _refuse_name(name, {*portfolio.saved, *RESERVED, *(symbol.lower() for symbol in portfolio.universe)})
    parameters = {key.partition(".")[2] or key: text for key, text in changes.items()}
    for key in parameters:
        if key not in PARAMETERS or key in SHARED:
            raise ConfigurationError(
                f"--save {name}: {key} cannot differ between the strategies of one build, which share the universe and "
                "the windows. Keep such a variant as a home of its own (SWING_HOME)."
            )
    path = home / FILE_NAME
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    line = f"{name}: {{{', '.join(f'{key}: {text}' for key, text in parameters.items())}}}"
    after = _with_line(path, before, line)
    with tempfile.TemporaryDirectory() as folder:  # judged as it would be read, before it replaces anything
        (Path(folder) / FILE_NAME).write_text(after, encoding="utf-8")
        try:
            judged = load_portfolio(Path(folder))
        except ConfigurationError as error:
            raise ConfigurationError(f"--save {name}: {str(error).replace(folder, str(home))}") from error
    others = {key: value for key, value in judged.saved.items() if key != name}
    if judged.model_copy(update={SECTION: others}) != portfolio or name not in judged.saved:
        raise ConfigurationError(
            f"{path} could not be edited without changing more. Add `{line}` under `{SECTION}:` by hand."
        )
    write_atomically(path, after)
    return path


def _refuse_name(name: str, taken: set[str]) -> None:
    if not re.match(SAVED_NAME, name):
        raise ConfigurationError(
            f"--save {name}: a name has letters, digits, - and _, begins with a letter, and is short."
        )
    if name in taken or name.lower() in taken:
        raise ConfigurationError(
            f"--save {name}: the name is taken, by a saved variant, a symbol of the universe or live. Choose another; "
            f"saved ones stand under `{SECTION}:` in {FILE_NAME}."
        )


def _with_line(path: Path, text: str, line: str) -> str:
    """Return the text with a line more in its section, which is added at the end if it has none."""
    place = located_yaml.read(path).places.get((SECTION,)) if text else None
    lines = text.splitlines()
    if place is None:
        gap = [""] if lines else []
        return "\n".join([*lines, *gap, f"{SECTION}:", f"  {line}"]) + "\n"
    at = place.line - 1
    if not re.match(rf"^{SECTION}:\s*({{\s*}})?\s*(#.*)?$", lines[at]):
        raise ConfigurationError(
            f"{path}:{place.line}: `{SECTION}:` is written in one line. Add `{line}` there by hand, or begin a line "
            "for each variant."
        )
    lines[at] = re.sub(r":\s*{\s*}", ":", lines[at])
    inside = [number for number in _block(lines, at) if not lines[number].lstrip().startswith("#")]
    indent = lines[inside[0]][: -len(lines[inside[0]].lstrip())] if inside else "  "
    end = inside[-1] + 1 if inside else at + 1
    return "\n".join([*lines[:end], f"{indent}{line}", *lines[end:]]) + "\n"


def _block(lines: Sequence[str], at: int) -> Iterator[int]:
    """Yield the places of the indented lines below a section's own."""
    for number, text in enumerate(lines[at + 1 :], at + 1):
        if text.startswith((" ", "\t")) and text.strip():
            yield number
        elif text.strip() and not text.startswith("#"):
            return

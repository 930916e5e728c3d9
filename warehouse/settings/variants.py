"""Variants of the configuration: some settings replaced for one question, and nothing written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.errors import ConfigurationError
from warehouse.settings import layers, located_yaml
from warehouse.settings.layers import Problem
from warehouse.settings.located_yaml import Document, Place
from warehouse.settings.portfolio import RETIRED, Portfolio, contradictions, layer_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from warehouse.settings.located_yaml import Key

OPTION = "--set"
SETTABLE = ("strategy", "costs", "capital")
"""Sections whose keys are parameters of a strategy."""
UNIVERSE = "universe"
MAX_VARIANTS = 500


@dataclass(frozen=True, slots=True)
class Variant:
    """A configuration that differs from the one on disk.

    Attributes:
        portfolio: The whole of it.
        changes: The settings that were replaced, by their dotted keys, as they were written.
    """

    portfolio: Portfolio
    changes: Mapping[str, str]


def load_variants(home: Path, settings: Sequence[str]) -> list[Variant]:
    """Lay every combination of some settings over the configuration of a home.

    Args:
        home: Folder of portfolio.yaml.
        settings: Each KEY=VALUE or KEY=VALUE,VALUE…, such as strategy.top_n=1,2; the universe takes one list.

    Returns:
        One variant each combination, the first setting varying slowest.

    Raises:
        ConfigurationError: A setting cannot be read, is unknown, cannot be tried out, or has a value that is not
            allowed; or there are too many combinations.
    """
    choices = _choices(settings)
    count = math.prod(map(len, choices.values()))
    if count > MAX_VARIANTS:
        raise ConfigurationError(f"{OPTION} asks for {count:,} variants; at most {MAX_VARIANTS} are computed at once.")
    base = [located_yaml.read(path) for path in layer_files(home)]
    return [
        Variant(_laid_over(base, dict(zip(choices, texts, strict=True))), dict(zip(choices, texts, strict=True)))
        for texts in product(*choices.values())
    ]


def _choices(settings: Sequence[str]) -> dict[str, list[str]]:
    """Split each setting into its key and its values."""
    choices: dict[str, list[str]] = {}
    for setting in settings:
        key, has_value, text = (part.strip() for part in setting.partition("="))
        if not has_value or not text:
            raise ConfigurationError(
                f"{OPTION} {setting}: a key and a value are needed, as in {OPTION} strategy.top_n=1."
            )
        if key in SETTABLE:
            raise ConfigurationError(f"{OPTION} {setting}: {key} is a section. Name a key of it: {_keys(key)}.")
        if key in choices:
            raise ConfigurationError(
                f"{OPTION} {key} is given twice. Several values stand in one: {OPTION} {key}={choices[key][0]},{text}."
            )
        choices[key] = [text] if key == UNIVERSE else [value.strip() for value in text.split(",")]
    return choices


def _laid_over(base: Sequence[Document], changes: Mapping[str, str]) -> Portfolio:
    values: dict[str, object] = {}
    sections: dict[str, dict[str, object]] = {}
    places: dict[Key, Place] = {}
    for name, text in changes.items():
        section, has_key, key = name.partition(".")
        places[(section, key) if has_key else (section,)] = Place(Path(OPTION), 0, text)
        if has_key:
            sections.setdefault(section, {})[key] = located_yaml.value_of(text)
        elif name == UNIVERSE:
            symbols = [symbol.strip() for symbol in text.strip("[]").split(",")]
            values[name] = symbols
            places |= {(name, at): Place(Path(OPTION), 0, symbol) for at, symbol in enumerate(symbols)}
        else:
            values[name] = located_yaml.value_of(text)

    def rules(portfolio: Portfolio) -> Iterator[Problem]:
        for name in changes:
            section = name.partition(".")[0]
            if section in Portfolio.model_fields and section not in {*SETTABLE, UNIVERSE}:
                can = f"{UNIVERSE}, and the keys of {', '.join(SETTABLE)}"
                yield Problem.of(f"cannot be tried out. What can: {can}", name)
        yield from contradictions(portfolio)

    return layers.settle(Portfolio, [*base, Document(Path(OPTION), values | sections, places)], rules, RETIRED)


def _keys(section: str) -> str:
    annotation = Portfolio.model_fields[section].annotation
    return ", ".join(f"{section}.{key}" for key in getattr(annotation, "model_fields", ()))

"""Sources by name, and the configuration's section about them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from execution.brokers.registry import BROKERS
from warehouse.errors import ConfigurationError
from warehouse.settings.portfolio import FILE_NAME, load_portfolio
from warehouse.settings.sources import SourceName
from warehouse.sources.registry import SOURCES, SourceKind, named

if TYPE_CHECKING:
    from pathlib import Path

    from warehouse.settings.sources import SourceSettings

KEY = "0a1b2c3d4e5f60718293"


def configured(home: Path, sources: str) -> SourceSettings:
    """Load a portfolio whose section `sources` is this, in YAML's short form."""
    (home / FILE_NAME).write_text(f"sources: {sources}\n", encoding="utf-8")
    return load_portfolio(home).sources


def test_nothing_is_asked_by_default(tmp_path: Path) -> None:
    """Without a word of the user no source is asked, and the sources are no part of the parameters' hash."""
    default = load_portfolio(tmp_path)
    assert default.sources.order == ()
    assert not default.sources.is_yahoo_allowed
    configured(tmp_path, "{order: [alpaca, tiingo], patience: 5, requests: {tiingo: 9}}")
    assert load_portfolio(tmp_path).parameters_hash == default.parameters_hash
    assert default.parameters_hash.startswith("68130fa4d357")


def test_an_order_is_kept(tmp_path: Path) -> None:
    """Sources are asked as they stand there; the unofficial one only where it is allowed by name."""
    assert configured(tmp_path, "{order: [tiingo, ibkr]}").order == ("tiingo", "ibkr")
    assert configured(tmp_path, "{order: [yahoo], is_yahoo_allowed: true}").order == ("yahoo",)


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ("{order: [stooq]}", "sources.order[1] = stooq: allowed is a list, each once, of some of ibkr, tiingo"),
        ("{order: [synthetic]}", "sources.order[1] = synthetic"),
        ("{order: tiingo}", "sources.order = tiingo"),
        ("{order: [tiingo, alpaca, tiingo]}", "tiingo stands there 2 times"),
        ("{order: [yahoo]}", "Yahoo's terms forbid automated access"),
        ("{patience: 0}", "allowed is a number of seconds above 0"),
        ("{requests: {tiingo: 0}}", "sources.requests.tiingo = 0"),
        ("{requests: {ibkr: 9}}", "for some of tiingo, alpaca, yahoo"),
        ("{token: short}", "sources.token = …: unknown key"),
        (f"{{tiingo: {KEY}}}", "sources.tiingo = …: unknown key"),
        (f"{{requests: {{tiingo: {KEY}}}}}", "sources.requests.tiingo = …"),
        (f"{{order: [tiingo: {KEY}]}}", "sources.order[1] = "),
    ],
)
def test_what_is_not_allowed_is_refused_at_its_place(sources: str, words: str, tmp_path: Path) -> None:
    """The message has file, line, what was found and what is allowed, and never shows a key that stands there."""
    with pytest.raises(ConfigurationError) as caught:
        configured(tmp_path, sources)
    assert words in str(caught.value)
    assert f"{FILE_NAME}:1: " in str(caught.value)
    assert KEY not in str(caught.value)
    assert "short" not in str(caught.value)


def test_a_module_holds_the_source_of_its_name() -> None:
    """Each line of the registry leads to a class that carries the name; a broker's leads to the registry of brokers."""
    for name, entry in SOURCES.items():
        if entry.kind is SourceKind.BROKER:
            assert name in BROKERS
        else:
            assert import_module(entry.module).SOURCE.name == name
    assert named(SourceKind.FILES, SourceKind.SAMPLE) == ["files", "synthetic"]
    assert named(SourceKind.BROKER, SourceKind.WEB) == list(SourceName)

"""The configuration: commented defaults, a local override, every problem reported at once."""

from __future__ import annotations

import hashlib
import json
import math
import textwrap
from collections import Counter
from dataclasses import replace
from enum import StrEnum
from itertools import pairwise, product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from warehouse import symbols
from warehouse.errors import ConfigurationError
from warehouse.files import write_atomically
from warehouse.settings import layers as layered_settings
from warehouse.settings import located_yaml
from warehouse.settings.alerts import AlertSettings, alerts_contradicted
from warehouse.settings.breakers import BreakerSettings
from warehouse.settings.layers import Problem, Section
from warehouse.settings.page import PageSettings, page_contradicted
from warehouse.settings.phases import PhaseSettings
from warehouse.settings.reporting import ReportSettings, benchmarks_contradicted
from warehouse.settings.sources import WHY_NOT_YAHOO, SourceName, SourceSettings
from warehouse.settings.statements import StatementSettings
from warehouse.settings.strategy import NEUTRAL, PARAMETERS, SHARED, Capital, Costs, Grid, Strategy, StrategyRow
from warehouse.settings.symbol_changes import Symbol, SymbolChange, changes_contradicted
from warehouse.settings.trading import BrokerSettings, DecideOn, LimitSettings, Mode, Trading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from warehouse.settings.located_yaml import Document

FILE_NAME = "portfolio.yaml"
DEFAULTS = Path(__file__).with_name(FILE_NAME)
CASH = "CASH"
MAX_GRID_ROWS = 20_000
OVERSIGHT = {"alerts", "phases", "breakers", "page", "statements"}
NO_NUMBER_CHANGES = {"saved", "report", "quality", "sources", "broker", "trading", "limits"} | OVERSIGHT
RETIRED = {"correlation_depth"}
"""Keys of earlier versions; a file that still holds one stays valid."""

TEMPLATE_HEAD = """\
## Your portfolio: whatever stands here replaces the same setting of the defaults below.
## Take "# " away from a setting and from the section it stands in; leave the others, so that they
## follow the defaults. `swing status` tells whether the result is valid.
"""

# The description says what is allowed, in the words of the error message that shows it.
Months = Annotated[int, Field(ge=1, le=600, description="a whole number of months from 1 to 600")]


SAVED_NAME = r"^[A-Za-z][A-Za-z0-9_-]{0,30}$"
Saved = Annotated[
    dict[Annotated[str, Field(pattern=SAVED_NAME)], dict[str, int | float]],
    Field(description="parameters by name, such as {calm: {top_n: 1}}; a name has letters, digits, - and _"),
]


class Objective(StrEnum):
    """Measures that the walk-forward can maximise over a train window."""

    CALMAR = "calmar"
    SHARPE = "sharpe"
    CAGR = "cagr"
    PROFIT_FACTOR = "profit_factor"


class WalkForward(Section):
    """The folds' windows in calendar months, and what the best parameters are best at."""

    train_months: Months
    test_months: Months
    objective: Objective = Field(strict=False, description=f"one of {', '.join(Objective)}")


class QuarantinePolicy(StrEnum):
    """Consequences of newest bars in quarantine: the symbol keeps its weight, or the whole book is held."""

    KEEP_WEIGHT = "keep_weight"
    HOLD_BOOK = "hold_book"


class Quality(Section):
    """The bars that count as doubtful, and what follows tonight; no number of a backtest hangs on it."""

    stale_after_sessions: int = Field(ge=1, le=5000, description="a whole number of sessions from 1 to 5000")
    quarantine_sessions: int = Field(ge=0, le=250, description="a whole number of sessions from 0 to 250")
    quarantine_policy: QuarantinePolicy = Field(strict=False, description=f"one of {', '.join(QuarantinePolicy)}")
    bad_day_share: float = Field(gt=0, le=1, description="a fraction of the universe above 0, up to 1")


class Portfolio(Section):
    """The whole configuration; made by `load_portfolio`, which also checks the keys against each other."""

    universe: tuple[Symbol, ...] = Field(
        strict=False, min_length=1, description=f"a list of at least one symbol, each {symbols.RULE}"
    )
    strategy: Strategy
    grid: Grid
    saved: Saved
    costs: Costs
    capital: Capital
    walk_forward: WalkForward
    report: ReportSettings
    quality: Quality
    sources: SourceSettings
    symbol_changes: tuple[SymbolChange, ...] = Field(
        strict=False,
        description="a list of {old: FB, new: META, date: 2022-06-09} (renamed) and {old: XYZ, ended: 2024-05-01}",
    )
    broker: BrokerSettings
    trading: Trading
    limits: LimitSettings
    alerts: AlertSettings
    breakers: BreakerSettings
    phases: PhaseSettings
    page: PageSettings
    statements: StatementSettings

    @property
    def parameters_hash(self) -> str:
        """Return the sha256 (hex) of everything that can change a number; the universe's order cannot."""
        values = self.model_dump(mode="json", exclude=NO_NUMBER_CHANGES)
        parameters = {name: _without_neutral(values[name]) for name in ("strategy", "costs", "capital")}
        if not self.symbol_changes:
            del values["symbol_changes"]
        return _digest(values | parameters | {"universe": sorted(self.universe)})


class AlertsAlone(Section):
    """The section about alerts without the others."""

    alerts: AlertSettings


class PageAlone(Section):
    """The section about the page without the others."""

    page: PageSettings


def strategy_rows(portfolio: Portfolio) -> list[StrategyRow]:
    """Return the grid in grid order (first axis slowest), then the live strategy and saved ones that are not on it."""
    live = live_parameters(portfolio)
    axes = dict(portfolio.grid)
    candidates = [live | dict(zip(axes, point, strict=True)) for point in product(*axes.values())]
    orders: list[int | None] = list(range(1, len(candidates) + 1))
    if live not in candidates:
        candidates.append(live)
        orders.append(None)
    saved = {name: live_parameters(saved_variant(portfolio, name)) for name in portfolio.saved}
    candidates += [parameters for parameters in saved.values() if parameters not in candidates]
    orders += [None] * (len(candidates) - len(orders))
    labels = {strategy_id(parameters): name for name, parameters in saved.items()}
    return [
        StrategyRow(
            strategy_id=(identity := strategy_id(parameters)),
            grid_order=order,
            is_live=parameters == live,
            parameters=parameters,
            told=portfolio.saved.get(labels.get(identity, ""), {}),
            label=labels.get(identity, ""),
        )
        for order, parameters in zip(orders, candidates, strict=True)
    ]


def saved_variant(portfolio: Portfolio, name: str) -> Portfolio:
    """Return the configuration whose live strategy is a saved variant. Raises ValueError for a value not allowed."""
    changes = portfolio.saved[name]
    sections = {"strategy": portfolio.strategy, "costs": portfolio.costs, "capital": portfolio.capital}
    changed = {
        title: type(section).model_validate(
            section.model_dump() | {key: value for key, value in changes.items() if key in type(section).model_fields}
        )
        for title, section in sections.items()
    }
    return portfolio.model_copy(update=changed)


def live_parameters(portfolio: Portfolio) -> dict[str, Any]:
    """Return the parameters of the live strategy, by their names."""
    sections = (portfolio.strategy, portfolio.costs, portfolio.capital)
    return {name: value for section in sections for name, value in section}


def strategy_id(parameters: Mapping[str, Any]) -> str:
    """Return the id of the strategy with these parameters."""
    return _digest(_without_neutral(parameters))[:12]


def load_portfolio(home: Path) -> Portfolio:
    """Read the defaults with `home/portfolio.yaml`, if there is one, laid over them.

    Raises:
        ConfigurationError: A file cannot be read or is not YAML, or some values are not allowed;
            the message lists each of them with file, line, key, value and what is allowed.
    """
    return layered_settings.load(Portfolio, layer_files(home), contradictions, RETIRED)


def load_alerts(home: Path) -> AlertSettings:
    """Read the section about alerts alone, so that a fault elsewhere in the configuration can be told.

    Raises:
        ConfigurationError: A file cannot be read or is not YAML, or the section itself is at fault.
    """
    documents = _parts(home, "alerts")
    return layered_settings.settle(AlertsAlone, documents, lambda each: alerts_contradicted(each.alerts)).alerts


def load_page(home: Path) -> PageSettings:
    """Read the section about the page alone: it shows a fault elsewhere. Raises ConfigurationError as above."""
    return layered_settings.settle(PageAlone, _parts(home, "page"), lambda each: page_contradicted(each.page)).page


def _parts(home: Path, section: str) -> list[Document]:
    """Read the files of the configuration, with one section of each."""
    return [_part_of(located_yaml.read(path), section) for path in layer_files(home)]


def _part_of(document: Document, section: str) -> Document:
    values = document.values if isinstance(document.values, dict) else {}
    return replace(
        document,
        values={section: values[section]} if section in values else None,
        repeated=[each for each in document.repeated if each[0][:1] == (section,)],
    )


def layer_files(home: Path) -> list[Path]:
    """Return the files that make up the configuration, each laid over the ones before it."""
    override = home / FILE_NAME
    return [DEFAULTS, override] if override.exists() else [DEFAULTS]


def write_override_template(home: Path) -> Path:
    """Write `home/portfolio.yaml`, holding every default commented out, and return its path.

    Raises:
        ConfigurationError: The file is there already (and stays as it is), or cannot be written.
    """
    path = home / FILE_NAME
    if path.exists():
        raise ConfigurationError(f"{path} is there already and was left as it is. Edit it, or move it away first.")
    defaults = DEFAULTS.read_text(encoding="utf-8").partition("\n\n")[2]
    # Prose becomes "## …" and a setting "# …", so that taking "# " away switches the setting on.
    body = textwrap.indent(defaults, "# ").replace("# # ", "## ")
    try:
        write_atomically(path, f"{TEMPLATE_HEAD}\n{body}")
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}. Point SWING_HOME at a folder of yours."
        ) from error
    return path


def contradictions(portfolio: Portfolio) -> Iterator[Problem]:
    """Yield the problems between values that are each allowed."""
    strategy = portfolio.strategy
    for symbol, times in Counter(portfolio.universe).items():
        if times > 1:
            yield Problem.of(f"{symbol} stands there {times} times; once is allowed", "universe")
    if CASH in portfolio.universe:
        yield Problem.of(f"{CASH} is the name of uninvested money, not of a symbol", "universe")
    if strategy.ema_fast >= strategy.ema_slow:
        yield Problem.of("fast must be below slow", "strategy.ema_fast", "strategy.ema_slow")
    if strategy.corr_min_obs > strategy.corr_window:
        yield Problem.of("min_obs may be at most the window", "strategy.corr_min_obs", "strategy.corr_window")
    yield from changes_contradicted(portfolio.symbol_changes, portfolio.universe)
    yield from _grid_contradictions(dict(portfolio.grid))
    yield from _saved_contradictions(portfolio)
    yield from _source_contradictions(portfolio.sources)
    yield from alerts_contradicted(portfolio.alerts)
    yield from page_contradicted(portfolio.page)
    yield from benchmarks_contradicted(portfolio.report.benchmarks)
    if portfolio.trading.scheduled_mode is not Mode.DRY_RUN and (
        portfolio.trading.decide_on is DecideOn.PROVISIONAL_BAR and not portfolio.broker.is_source_of_bars
    ):
        yield Problem.of(
            "can never trade: the scheduled rebalance decides on today's provisional bar, which only "
            "broker.is_source_of_bars: true brings; or set decide_on: previous_close",
            "trading.scheduled_mode",
            "trading.decide_on",
            "broker.is_source_of_bars",
        )


def _grid_contradictions(axes: Mapping[str, Sequence[float]]) -> Iterator[Problem]:
    for axis, points in axes.items():
        if any(left >= right for left, right in pairwise(points)):
            yield Problem.of("must rise strictly", f"grid.{axis}")
    if max(axes["ema_fast"]) >= min(axes["ema_slow"]):
        yield Problem.of("every fast must be below every slow", "grid.ema_fast", "grid.ema_slow")
    rows = math.prod(map(len, axes.values()))
    if rows > MAX_GRID_ROWS:
        yield Problem.of(f"the lists make {rows:,} strategies; at most {MAX_GRID_ROWS:,} are allowed", "grid")


def _saved_contradictions(portfolio: Portfolio) -> Iterator[Problem]:
    """Yield what keeps saved variants from being built beside the grid."""
    known: dict[str, str] = {}
    for name, changes in portfolio.saved.items():
        for key in changes:
            if key not in PARAMETERS:
                yield Problem.of(f"no parameter of a strategy. Allowed: {', '.join(PARAMETERS)}", f"saved.{name}.{key}")
            elif key in SHARED:
                yield Problem.of("all strategies of a build share this window", f"saved.{name}.{key}")
        try:
            variant = saved_variant(portfolio, name)
        except ValueError:  # pydantic's; the values alone were numbers
            yield Problem.of("holds a value that its section does not allow", f"saved.{name}")
            continue
        if variant.strategy.ema_fast >= variant.strategy.ema_slow:
            yield Problem.of("fast must be below slow", f"saved.{name}")
        identity = strategy_id(live_parameters(variant))
        if identity in known:
            yield Problem.of(f"the same strategy as {known[identity]}", f"saved.{name}")
        known[identity] = name


def _source_contradictions(sources: SourceSettings) -> Iterator[Problem]:
    for name, times in Counter(sources.order).items():
        if times > 1:
            yield Problem.of(f"{name} stands there {times} times; once is allowed", "sources.order")
    if SourceName.YAHOO in sources.order and not sources.is_yahoo_allowed:
        yield Problem.of(f"yahoo needs is_yahoo_allowed: true. {WHY_NOT_YAHOO}", "sources.order")


def _without_neutral(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the parameters that change no number at their value."""
    return {name: value for name, value in parameters.items() if name not in NEUTRAL or value != NEUTRAL[name]}


def _digest(values: Mapping[str, Any]) -> str:
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()

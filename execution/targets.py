"""The live strategy's newest target weights and everything they come from, read from one snapshot of the lake."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from execution.errors import TradeRefusedError
from execution.refusals import Refusal, RefusalCode
from execution.splits import Split, between, ratio_of
from warehouse.lake import current_snapshot
from warehouse.readers import Question, answer
from warehouse.settings.portfolio import CASH
from warehouse.version import code_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    import duckdb
    import pandas as pd

    from warehouse.lake import Lake

WEIGHT_PLACES = Decimal("1e-10")

TARGETS = Question("SELECT session_date, symbol, weight FROM live_targets ORDER BY symbol")
STRATEGY = Question("SELECT * FROM strategies WHERE is_live")
SELECTION = Question(
    """
    SELECT symbol
    FROM selections SEMI JOIN (SELECT strategy_id FROM strategies WHERE is_live) USING (strategy_id)
    WHERE scenario_id = 0 AND session_date = (SELECT max(session_date) FROM live_targets)
        AND pick IS NOT NULL
    ORDER BY pick
    """
)
CORRELATIONS = Question(
    """
    SELECT symbol_1, symbol_2, correlation
    FROM correlations
    WHERE scenario_id = 0 AND session_date = (SELECT max(session_date) FROM live_targets)
    ORDER BY symbol_1, symbol_2
    """
)
NEWEST_BARS = Question(
    """
    WITH recent AS (
        SELECT *, row_number() OVER (PARTITION BY symbol ORDER BY session_date DESC) AS age
        FROM bars
        QUALIFY age <= 1 + (SELECT max(vol_window) FROM strategies WHERE is_live)
    ),
    returns AS (
        SELECT symbol, adj_close / lag(adj_close) OVER (PARTITION BY symbol ORDER BY session_date) - 1 AS ret
        FROM recent
    ),
    -- the features know the universe alone; what left it may still be held
    spreads AS (
        SELECT symbol, stddev_samp(ret) AS volatility FROM returns WHERE isfinite(ret) GROUP BY symbol
    ),
    -- a symbol in quarantine is judged by its last good bar
    faults AS (
        SELECT symbol, min(session_date) AS since FROM bar_verdicts WHERE severity = 'quarantine' GROUP BY symbol
    )
    SELECT recent.symbol, recent.session_date, recent.close, recent.is_final, recent.ingested_at,
        coalesce(features.volatility, spreads.volatility) AS volatility,
        coalesce(recent.session_date >= faults.since, false) AS is_doubted
    FROM recent LEFT JOIN spreads USING (symbol) LEFT JOIN faults USING (symbol) LEFT JOIN features
        ON features.scenario_id = 0 AND features.symbol = recent.symbol
            AND features.session_date = recent.session_date
    WHERE (recent.age <= 2 OR recent.session_date < faults.since)
        AND recent.symbol IS NOT NULL AND isfinite(recent.close)
    ORDER BY recent.symbol, recent.session_date
    """
)
SPLITS = Question(
    "SELECT symbol, session_date, ratio, source FROM corporate_actions WHERE kind = 'split' ORDER BY session_date"
)
HOLD = Question(
    "SELECT decided_session_date, is_whole_book, symbols, kept_symbols, kept_weights, explanation FROM live_holds"
)
ORIGIN = Question("SELECT parameters_hash, code_version, bars_snapshot FROM target_origin")


@dataclass(frozen=True, slots=True)
class NewestBar:
    """Newest bar of a symbol.

    Attributes:
        close: USD per share, as traded.
        volatility: Standard deviation of daily returns, a fraction; None while unknown.
        is_doubted: True from the first bar in quarantine on.
    """

    symbol: str
    session_date: date
    close: Decimal
    is_final: bool
    ingested_at: datetime
    volatility: Decimal | None
    is_doubted: bool = False


@dataclass(frozen=True, slots=True)
class TargetsOrigin:
    """Inputs that targets were built with.

    Attributes:
        parameters_hash: Of the configuration.
        code_version: Of the program that built them.
        bars_snapshot: Of the lake, as it was when they were built.
        read_by: Version of the program that reads them.
    """

    parameters_hash: str
    code_version: str
    bars_snapshot: int
    read_by: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Hold of targets, because of doubtful bars: of some symbols' weights, or of the whole book.

    Attributes:
        decided_on: Session whose targets are taken; an earlier one if the whole book is held.
        symbols: Symbols whose bars are doubted.
        kept: Last good weights that symbols in quarantine keep, fractions of equity.
        explanation: What is held and why, in a sentence.
    """

    decided_on: date
    is_whole_book: bool
    symbols: tuple[str, ...]
    kept: Mapping[str, Decimal]
    explanation: str


@dataclass(frozen=True, slots=True)
class LiveTargets:
    """Target weights, and everything they come from.

    Attributes:
        session_date: Newest session whose bars the targets have seen.
        snapshot: Of the lake; it answers every later question about these targets.
        weights: Fractions of equity by symbol, cash left out.
        bars: Newest bar by symbol, today's provisional one among them.
        final_bars: Newest final bar by symbol that is not doubted.
        universe: Symbols that the strategy may hold.
        selection: Symbols picked, best first.
        correlations: Between the symbols looked at, by both names; None is unknown.
        splits: Every split that a source knows, announced ones among them.
        hold: What of them is held for doubtful bars; None on an ordinary day.
    """

    session_date: date
    strategy_id: str
    snapshot: int
    weights: Mapping[str, Decimal]
    bars: Mapping[str, NewestBar]
    final_bars: Mapping[str, NewestBar]
    universe: tuple[str, ...]
    selection: tuple[str, ...]
    correlations: Mapping[str, Mapping[str, float | None]]
    origin: TargetsOrigin
    splits: tuple[Split, ...] = ()
    hold: Hold | None = None

    def in_shares_of(self, session_date: date) -> LiveTargets:
        """Return the targets with the bars' closes in the shares of a session that may be later than its split.

        A source takes a split out of its prices once it has a bar of that day; until then its closes are older shares'.
        """

        def restated(bar: NewestBar) -> NewestBar:
            ratio = ratio_of(between(self.splits, bar.symbol, self.bars[bar.symbol].session_date, session_date))
            close = bar.close * ratio.denominator / ratio.numerator
            return bar if ratio == 1 else replace(bar, close=close)

        return replace(
            self,
            bars={symbol: restated(bar) for symbol, bar in self.bars.items()},
            final_bars={symbol: restated(bar) for symbol, bar in self.final_bars.items() if symbol in self.bars},
        )


def read_targets(lake: Lake) -> LiveTargets:
    """Read the live strategy's newest target weights.

    Raises:
        LakeError: There is no lake, or the targets were never built.
        TradeRefusedError: They are empty, for want of a bar of the universe, or hold what is no weight.
    """
    with lake.reader() as connection:
        snapshot = current_snapshot(connection)
    with lake.reader(snapshot) as connection:
        return targets_at(connection, snapshot)


def targets_at(connection: duckdb.DuckDBPyConnection, snapshot: int) -> LiveTargets:
    """Read the same over a connection that is open at a snapshot. Raises what `read_targets` does."""
    targets = answer(connection, TARGETS)
    strategy = answer(connection, STRATEGY)
    bars = [_bar(row) for row in _rows(answer(connection, NEWEST_BARS))]
    universe = answer(connection, Question("SELECT symbol FROM landing.universe ORDER BY symbol"))
    picked = _rows(answer(connection, SELECTION))
    pairs = _rows(answer(connection, CORRELATIONS))
    origins = _rows(answer(connection, ORIGIN))
    splits = _rows(answer(connection, SPLITS))
    holds = answer(connection, HOLD).to_dict("records")
    if targets.empty or strategy.empty or not origins:
        message = (
            "There are no target weights: the warehouse holds no bar of a symbol of the universe. Fetch bars of the "
            "symbols in portfolio.yaml (`swing fetch`), then build (`swing backtest`)."
        )
        raise TradeRefusedError(message, (Refusal(RefusalCode.TARGETS_MISSING, message),))
    correlations: dict[str, dict[str, float | None]] = {}
    for pair in pairs:
        correlations.setdefault(pair["symbol_1"], {})[pair["symbol_2"]] = pair["correlation"]
    return LiveTargets(
        session_date=targets["session_date"].iloc[0].date(),
        strategy_id=str(strategy["strategy_id"].iloc[0]),
        snapshot=snapshot,
        weights=_weights(_rows(targets)),
        bars={bar.symbol: bar for bar in bars},
        final_bars={bar.symbol: bar for bar in bars if bar.is_final and not bar.is_doubted},
        universe=tuple(universe["symbol"]),
        selection=tuple(row["symbol"] for row in picked),
        correlations=correlations,
        origin=TargetsOrigin(**origins[0], read_by=code_version()),
        splits=tuple(
            Split.of(row["symbol"], datetime.fromisoformat(row["session_date"]).date(), row["ratio"], row["source"])
            for row in splits
        ),
        hold=next((_hold(row) for row in holds), None),
    )


def _weights(rows: Iterable[Mapping[str, Any]]) -> dict[str, Decimal]:
    """Return weights by symbol, cash left out. Raises TradeRefusedError for a missing symbol, and for no number."""
    weights = {}
    for row in rows:
        if not row["symbol"] or row["weight"] is None:
            message = (
                f"live_targets holds the weight {row['weight']} for the symbol {row['symbol']}, which is no weight of "
                "a symbol. Somebody changed the table: run the pipeline."
            )
            raise TradeRefusedError(message, (Refusal(RefusalCode.TARGETS_IMPLAUSIBLE, message, row["symbol"] or ""),))
        if row["symbol"] != CASH:
            weights[row["symbol"]] = Decimal(str(row["weight"])).quantize(WEIGHT_PLACES)
    return weights


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Convert to rows of plain values: dates as ISO text, None for missing ones."""
    return list(json.loads(frame.to_json(orient="records", date_format="iso", double_precision=15)))


def _hold(row: Mapping[Any, Any]) -> Hold:
    kept = zip(row["kept_symbols"], row["kept_weights"], strict=True)
    return Hold(
        decided_on=row["decided_session_date"].date(),
        is_whole_book=bool(row["is_whole_book"]),
        symbols=tuple(row["symbols"]),
        kept={symbol: Decimal(str(weight)).quantize(WEIGHT_PLACES) for symbol, weight in kept},
        explanation=row["explanation"],
    )


def _bar(row: Mapping[str, Any]) -> NewestBar:
    return NewestBar(
        symbol=row["symbol"],
        session_date=datetime.fromisoformat(row["session_date"]).date(),
        close=Decimal(str(row["close"])),
        is_final=row["is_final"],
        ingested_at=datetime.fromisoformat(row["ingested_at"]),
        volatility=None if row["volatility"] is None else Decimal(str(row["volatility"])),
        is_doubted=row["is_doubted"],
    )

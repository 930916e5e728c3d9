"""Where a lake's relations differ from the oracle's opinion of the same bars."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from oracle import (
    Market,
    Parameters,
    WalkForward,
    backtest,
    correlation,
    ema,
    features,
    held_through_gaps,
    measured,
    metrics,
    selections,
    target_weights,
    walk_forward,
)
from oracle.targets import _scores

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import duckdb

RELATIVE, ABSOLUTE = 1e-9, 1e-10
"""Numbers agree when they differ by no more than the first of the value plus the second.

The second is for scores: near zero they are the difference of two equal numbers over a small range.
"""


@dataclass(frozen=True)
class Expected:
    """What a relation must hold: these rows, no other, and in these columns."""

    relation: str
    keys: tuple[str, ...]
    rows: pd.DataFrame


def assert_agrees(connection: duckdb.DuckDBPyConnection, expected: Expected) -> None:
    """Fail with the first rows that only one side has, or that differ in a value."""
    values = [name for name in expected.rows.columns if name not in expected.keys]
    if expected.rows.empty:
        count = connection.execute(f"SELECT count(*) FROM {expected.relation}").fetchone()
        assert count == (0,), f"{expected.relation} must be empty"
        return
    connection.register("expected_rows", _arrow(expected.rows))
    shown = ", ".join(f"expected_rows.{name} AS expected_{name}, actual.{name}" for name in values)
    different = " OR ".join(_is_different(expected.rows, name) for name in values)
    found = connection.execute(
        f"""
        SELECT {", ".join(expected.keys)}, {shown}, count(*) OVER () AS differing_rows
        FROM (SELECT *, TRUE AS is_there FROM {expected.relation}) AS actual
        FULL OUTER JOIN (SELECT *, TRUE AS is_there FROM expected_rows) AS expected_rows
            USING ({", ".join(expected.keys)})
        WHERE actual.is_there IS NULL OR expected_rows.is_there IS NULL OR {different}
        ORDER BY ALL
        LIMIT 5
        """
    ).df()
    assert found.empty, f"{expected.relation} disagrees:\n{found.to_string()}"


def _is_different(rows: pd.DataFrame, name: str) -> str:
    actual, wanted = f"actual.{name}", f"expected_rows.{name}"
    if rows[name].dtype.kind not in "fi":
        return f"{actual} IS DISTINCT FROM {wanted}"
    return (
        f"({actual} IS NULL) <> ({wanted} IS NULL)"
        f" OR NOT abs({actual} - {wanted}) <= {RELATIVE} * abs({wanted}) + {ABSOLUTE}"
    )


def _arrow(rows: pd.DataFrame) -> pa.Table:
    def column(name: str) -> pa.Array:
        values = rows[name].to_numpy()
        if values.dtype.kind == "M":
            values = values.astype("datetime64[D]")
        return pa.array(values, from_pandas=True)  # NaN is null: not known

    return pa.table({name: column(name) for name in rows.columns})


class Opinion:
    """The oracle's tables for the strategies that a lake holds."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, bars: pd.DataFrame) -> None:
        self._connection = connection
        self._market = Market.of(bars)
        rows = connection.execute("SELECT * FROM strategies ORDER BY grid_order NULLS LAST").fetchdf()
        names = [each.name for each in fields(Parameters)]
        parameters = [Parameters(*row) for row in rows[names].itertuples(index=False)]
        self._strategies: Mapping[str, Parameters] = dict(zip(rows["strategy_id"], parameters, strict=True))
        self._live_id = rows.loc[rows["is_live"], "strategy_id"].item()
        self._grid = list(rows.loc[rows["grid_order"].notna(), "strategy_id"])

    @property
    def _live(self) -> Parameters:
        return self._strategies[self._live_id]

    @cached_property
    def _weights(self) -> Mapping[str, pd.DataFrame]:
        return {each: target_weights(self._market, of) for each, of in self._strategies.items()}

    @cached_property
    def _held(self) -> Mapping[str, pd.DataFrame]:
        return {each: held_through_gaps(self._market, of) for each, of in self._weights.items()}

    @cached_property
    def _daily(self) -> Mapping[str, pd.DataFrame]:
        return {
            each: backtest(self._market, self._held[each], parameters) for each, parameters in self._strategies.items()
        }

    def everything(self, objective: str = "calmar") -> Iterator[Expected]:
        """Yield every relation of the strategy."""
        yield self.features()
        yield self.emas()
        yield self.correlations("correlations")
        yield self.selections()
        yield from self.results()
        yield from self.walk_forward(objective)

    def results(self) -> Iterator[Expected]:
        """Yield target weights, live targets, the backtest and its metrics."""
        day = self._market.sessions[-1]
        tonight = self._held[self._live_id].to_numpy()[-1].tolist()
        chosen = zip(self._market.symbols, tonight, strict=True)
        live = {symbol: weight for symbol, weight in chosen if weight > 0}
        yield Expected(
            "live_targets",
            ("symbol",),
            pd.DataFrame(
                {
                    "symbol": [*live, "CASH"],
                    "session_date": day,
                    "weight": [*live.values(), 1 - sum(live.values())],
                }
            ),
        )
        yield Expected(
            "target_weights",
            ("strategy_id", "session_date", "symbol"),
            self._each({key: _long(wide, "weight") for key, wide in self._held.items()}),
        )
        daily = {key: of.rename_axis("session_date") for key, of in self._daily.items()}
        yield Expected(
            "backtest_daily",
            ("strategy_id", "session_date"),
            self._each({key: of.reset_index() for key, of in daily.items()}),
        )
        found = {key: metrics(measured(self._daily[key], self._weights[key])) for key in self._strategies}
        rows = {key: pd.DataFrame([asdict(of)]) for key, of in found.items() if of.sessions}
        yield Expected("backtest_metrics", ("strategy_id",), self._each(rows))

    def walk_forward(self, objective: str = "calmar") -> Iterator[Expected]:
        """Yield the folds with their winners, the out-of-sample series and its metrics."""
        ids = {parameters: key for key, parameters in self._strategies.items()}
        weights = {self._strategies[key]: self._weights[key] for key in self._grid}
        found: WalkForward = walk_forward(self._market, weights, self._live, objective)
        folds = [vars(fold) | {"strategy_id": ids[fold.winner]} for fold in found.folds]
        yield Expected(
            "walk_forward_folds",
            ("fold_id",),
            _typed(pd.DataFrame(folds).drop(columns="winner", errors="ignore")),
        )
        yield Expected(
            "walk_forward_daily",
            ("session_date",),
            found.daily.rename_axis("session_date").reset_index(),
        )
        rows = [{"scenario_id": 0} | asdict(found.metrics)] if found.metrics.sessions else []
        yield Expected("walk_forward_metrics", ("scenario_id",), _typed(pd.DataFrame(rows)))

    def features(self) -> Expected:
        """Return the features; their windows are the live strategy's."""
        return Expected("features", ("symbol", "session_date"), features(self._market, self._live))

    def emas(self) -> Expected:
        """Return the mean of every span that a strategy uses."""
        spans = {span for each in self._strategies.values() for span in (each.ema_fast, each.ema_slow)}
        market = self._market
        rows = [
            pd.DataFrame(
                {
                    "symbol": symbol,
                    "session_date": market.sessions[own.sessions],
                    "span": span,
                    "ema": ema(own.close, span),
                }
            )
            for symbol, own in zip(market.symbols, market.own_bars, strict=True)
            for span in sorted(spans)
        ]
        return Expected("emas", ("symbol", "session_date", "span"), pd.concat(rows))

    def correlations(self, relation: str) -> Expected:
        """Return the correlations of the pairs that `relation` holds: SQL chooses which it needs."""
        market = self._market
        pairs = self._connection.execute(f"SELECT session_date, symbol_1, symbol_2 FROM {relation}").fetchdf()
        sessions = market.sessions.get_indexer(pd.DatetimeIndex(pairs["session_date"]))
        columns = {symbol: column for column, symbol in enumerate(market.symbols)}
        first, second = pairs["symbol_1"].map(columns), pairs["symbol_2"].map(columns)
        known = ~np.isnan(market.returns)
        window = self._live.corr_window

        def joint(session: int, pair: list[int]) -> int:
            return int(known[max(0, session + 1 - window) : session + 1, pair].all(axis=1).sum())

        triples = list(zip(sessions.tolist(), first.tolist(), second.tolist(), strict=True))
        return Expected(
            relation,
            ("session_date", "symbol_1", "symbol_2"),
            pairs.assign(
                correlation=[correlation(market, (i, j), at, self._live) for at, i, j in triples],
                observations=[joint(at, [i, j]) for at, i, j in triples],
            ),
        )

    def selections(self) -> Expected:
        """Return the rankings and the picks among them."""
        return Expected(
            "selections",
            ("strategy_id", "session_date", "symbol"),
            self._each({key: self._ranking(of) for key, of in self._strategies.items()}),
        )

    def _ranking(self, parameters: Parameters) -> pd.DataFrame:
        """Rank every eligible symbol, with the pick of those that are selected."""
        scores = _scores(self._market, parameters)
        wide = pd.DataFrame(scores, self._market.sessions, list(self._market.symbols))
        rows = _long(wide, "score")
        rows = rows.sort_values(["session_date", "score", "symbol"], ascending=[True, False, True])
        rows["rank"] = rows.groupby("session_date").cumcount() + 1
        picks = selections(self._market, parameters)[["session_date", "symbol", "pick"]]
        picks = picks.astype({"session_date": rows["session_date"].dtype, "pick": float})
        return rows.merge(picks, how="left", on=["session_date", "symbol"])

    def _each(self, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        rows = [table.assign(strategy_id=key) for key, table in tables.items() if not table.empty]
        return _typed(pd.concat(rows)) if rows else pd.DataFrame()


def _long(wide: pd.DataFrame, name: str) -> pd.DataFrame:
    """Sessions by symbols to one row per value that is neither zero nor missing."""
    values = wide.to_numpy()
    there = np.nonzero(np.nan_to_num(values)) if name == "weight" else np.nonzero(~np.isnan(values))
    return pd.DataFrame(
        {
            "session_date": wide.index[there[0]],
            "symbol": wide.columns.to_numpy()[there[1]],
            name: values[there],
        }
    )


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    """Metrics and objectives that are None throughout are missing numbers."""
    objects: dict[Any, Any] = {name: float for name in rows.columns if rows[name].isna().all() and not rows.empty}
    return rows.astype(objects)

"""What is held of the targets for any decisions and any doubts: never levered, never bought on a doubtful bar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.lake import scratch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import duckdb
    from lakes import Models

SYMBOLS = ("AAA", "BBB", "CCC", "DDD", "EEE")
DAYS = [date(2024, 1, day) for day in range(2, 8)]
TABLES = """
CREATE OR REPLACE TABLE strategies AS SELECT 'live' AS strategy_id, true AS is_live;
CREATE OR REPLACE TABLE sessions (scenario_id INTEGER, session_date DATE, previous_session_date DATE);
CREATE OR REPLACE TABLE target_weights (
    scenario_id INTEGER, strategy_id VARCHAR, session_date DATE, symbol VARCHAR, weight DOUBLE
);
CREATE OR REPLACE TABLE bar_verdicts (
    symbol VARCHAR, session_date DATE, code VARCHAR, severity VARCHAR, sessions_ago BIGINT, is_acknowledged BOOLEAN
);
"""
HOLDS = "SELECT decided_session_date, is_whole_book, kept_symbols FROM live_holds"
Decisions = dict[date, dict[str, float]]
Held = Callable[["Night"], tuple[dict[str, float], list[tuple[object, ...]]]]


@st.composite
def decisions(draw: st.DrawFn) -> Decisions:
    """Draw up to three weights for each session, together at most 0.95."""
    made = {}
    for day in DAYS:
        picked = draw(st.lists(st.sampled_from(SYMBOLS), max_size=3, unique=True))
        shares = [draw(st.integers(1, 50)) / 100 for _ in picked]
        fit = min(1, 0.95 / sum(shares)) if shares else 1
        made[day] = {symbol: share * fit for symbol, share in zip(picked, shares, strict=True)}
    return made


@dataclass(frozen=True)
class Night:
    """What the targets are made from.

    Attributes:
        decided: Weights by session.
        faults: The session since which a symbol is in quarantine.
        is_bad_day: The newest session is doubtful for most symbols.
    """

    decided: Decisions
    faults: Mapping[str, date]
    is_bad_day: bool
    policy: str

    @property
    def session(self) -> date:
        """Session whose targets are to be taken for all but what is kept."""
        good = [before(day) for symbol, day in self.faults.items() if self.is_concerned(symbol)]
        newest = before(DAYS[-1]) if self.is_bad_day else DAYS[-1]
        return min([newest, *good]) if self.policy == "hold_book" else newest

    def is_concerned(self, symbol: str) -> bool:
        """True if the last good decision, the newest or the one of the day before a bad one has the symbol."""
        days = {before(self.faults[symbol]), DAYS[-1], *([DAYS[-2]] if self.is_bad_day else [])}
        return any(symbol in self.decided[day] for day in days)

    @property
    def last_good(self) -> dict[str, float]:
        """Weights that symbols in quarantine had before their faults."""
        if self.policy == "hold_book":
            return {}
        return {
            symbol: self.decided[before(day)].get(symbol, 0)
            for symbol, day in self.faults.items()
            if self.is_concerned(symbol)
        }

    @property
    def most_invested(self) -> float:
        """The most that one of the sessions invested."""
        days = {self.session, *(before(self.faults[symbol]) for symbol in self.last_good)}
        return max(sum(self.decided[day].values()) for day in days)

    def publish(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Write the relations that both models read."""
        verdicts = [(symbol, day, "quarantine") for symbol, day in self.faults.items()]
        if self.is_bad_day:
            verdicts += [(symbol, DAYS[-1], "warn") for symbol in SYMBOLS]
        weights = [(day, *each) for day, weights in self.decided.items() for each in weights.items()]
        connection.execute(TABLES)
        connection.execute("UPDATE landing.settings SET quarantine_policy = ?", [self.policy])
        for statement, rows in (
            ("INSERT INTO sessions VALUES (0, ?, ?)", zip(DAYS, [None, *DAYS], strict=False)),
            ("INSERT INTO target_weights VALUES (0, 'live', ?, ?, ?)", weights),
            (
                "INSERT INTO bar_verdicts VALUES (?, ?, 'PRICE_MISPLACED', ?, ?, false)",
                [(*verdict, len(DAYS) - 1 - DAYS.index(verdict[1])) for verdict in verdicts],
            ),
        ):
            if given_rows := list(rows):
                connection.executemany(statement, given_rows)


def before(day: date) -> date:
    """Return the session before another."""
    return DAYS[DAYS.index(day) - 1]


# Two of five symbols are no bad day.
FAULTS = st.dictionaries(st.sampled_from(SYMBOLS), st.sampled_from(DAYS[1:]), max_size=2)
NIGHTS = st.builds(
    Night,
    decided=decisions(),
    faults=FAULTS,
    is_bad_day=st.booleans(),
    policy=st.sampled_from(["keep_weight", "hold_book"]),
)


@settings(max_examples=100, deadline=None)
@given(night=NIGHTS)
def test_whatever_is_held_fits_into_what_was_invested(held: Held, night: Night) -> None:
    """No weight is negative, all are 1 with cash, and a symbol in quarantine has its last good weight, if all fit."""
    found, holds = held(night)
    kept = night.last_good
    is_held = night.session != DAYS[-1] or bool(kept)
    assert holds == ([(night.session, night.session != DAYS[-1], sorted(kept))] if is_held else [])

    cash = found.pop("CASH")
    assert sum(found.values()) + cash == pytest.approx(1)
    assert sum(found.values()) <= night.most_invested + 1e-9
    assert all(weight > 0 for weight in found.values())
    fit = min(1, night.most_invested / sum(kept.values())) if any(kept.values()) else 1
    assert {symbol: found.pop(symbol, 0) for symbol in kept} == pytest.approx(
        {symbol: fit * weight for symbol, weight in kept.items()}
    )

    wanted = {symbol: weight for symbol, weight in night.decided[night.session].items() if symbol not in kept}
    if not kept:
        assert found == wanted
    assert found.keys() <= wanted.keys()
    room = night.most_invested - fit * sum(kept.values())
    assert sum(found.values()) == pytest.approx(min(sum(wanted.values()), room), abs=1e-9)
    assert all(weight <= wanted[symbol] + 1e-12 for symbol, weight in found.items())


@pytest.fixture(scope="module")
def held(models: Models) -> Iterator[Held]:
    """Compute weights and holds of a night by both models as dbt compiles them."""
    with scratch(threads=1) as connection:
        connection.execute("INSERT INTO landing.settings BY NAME SELECT 9 AS quarantine_sessions, 0.5 AS bad_day_share")
        connection.executemany("INSERT INTO landing.universe VALUES (?)", [[symbol] for symbol in SYMBOLS])

        def compute(night: Night) -> tuple[dict[str, float], list[tuple[object, ...]]]:
            night.publish(connection)
            for relation in ("live_holds", "live_targets"):
                connection.execute(models.sql_of(relation))
            weights = connection.execute("SELECT symbol, weight FROM live_targets").fetchall()
            return dict(weights), connection.execute(HOLDS).fetchall()

        yield compute

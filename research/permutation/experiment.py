"""The permutation test: the share of structureless worlds in which the best of the grid does as well."""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from research.permutation.record import Asked, WorldOutcome, append, recorded
from research.permutation.worlds import HISTORY, PermutationWindow, World, p_value
from research.workbench import Bench, put
from warehouse.errors import LakeError
from warehouse.settings.portfolio import Objective, strategy_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb

    from warehouse.lake import Lake
    from warehouse.sources.base import Progress

BATCH_ROWS = 1_500_000
"""Sessions of strategies that one batch accounts for: about 1 GB."""

STAGED = ("bars", "stg_bars")


@dataclass(frozen=True, slots=True)
class Design:
    """Design of a test.

    Attributes:
        seed: Of the permutations.
        objective: What the best of the grid is best at; None for the configured one.
        window: What is permuted; None for the live strategy's first train window, or for what follows it.
        is_walk_forward: Whether the folds are run again over what follows the first train window.
    """

    seed: int = 1
    objective: Objective | None = None
    window: PermutationWindow | None = None
    is_walk_forward: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """Result of a test.

    Attributes:
        real: What history gave.
        permuted: What each permuted world gave.
    """

    real: WorldOutcome
    permuted: tuple[WorldOutcome, ...] = field(repr=False)

    @property
    def best_p(self) -> float:
        """P-value of the optimised grid, or of the walk-forward."""
        return p_value(self.real.best, [each.best for each in self.permuted])

    @property
    def live_p(self) -> float:
        """P-value of the live parameters alone."""
        return p_value(self.real.live, [each.live for each in self.permuted])


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """A test, ready to run any of its scenarios on any worker.

    Attributes:
        test_id: The same for the same bars, models, parameters, window, objective and seed.
        objective: What the best is best at.
        window: What is permuted.
        world: The bars.
    """

    test_id: str
    objective: Objective
    window: PermutationWindow
    world: World = field(repr=False)
    _bench: Bench = field(repr=False)
    _design: Design = field(repr=False)

    @property
    def seed(self) -> int:
        """Seed of the permutations."""
        return self._design.seed

    @property
    def is_walk_forward(self) -> bool:
        """True where the folds are run again in every world."""
        return self._design.is_walk_forward

    @property
    def strategies(self) -> int:
        """Number of strategies in the grid."""
        return sum(row.grid_order is not None for row in strategy_rows(self._bench.portfolio))

    @property
    def left_out(self) -> list[str]:
        """Symbols of the universe without a full history in the window."""
        return sorted(set(self._bench.portfolio.universe) - set(self.world.symbols))

    @classmethod
    def of(cls, bench: Bench, design: Design) -> PermutationTest:
        """Prepare a test.

        Raises:
            LakeError: The history is too short, or nothing in the window can be permuted.
        """
        objective = design.objective or bench.portfolio.walk_forward.objective
        with bench.opened() as connection:
            bench.compute(connection, STAGED)
            bars = connection.execute(
                "SELECT stg_bars.*, bars.open * bars.adj_close / bars.close AS adjusted_open "
                "FROM stg_bars JOIN bars USING (symbol, session_date)"
            ).df()
            window = design.window or _window(bench, connection, is_walk_forward=design.is_walk_forward)
        world = World.of(bars, window)
        identity = {
            "bars": world.digest,
            "models": bench.models.digest([_goal(design)], STAGED),
            "parameters": bench.portfolio.parameters_hash,
            "window": str(window),
            "objective": str(objective),
            "seed": design.seed,
            "is_walk_forward": design.is_walk_forward,
        }
        test_id = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
        return cls(test_id, objective, window, world, bench, design)

    def run(self, lake: Lake, numbers: Sequence[int], report: Progress) -> None:
        """Compute the scenarios that the lake does not hold yet, each batch recorded as soon as it is there.

        Args:
            lake: Where results are appended; its lock is held for the appending alone.
            numbers: The scenarios; 0 is history.
            report: Told (done, total, label).
        """
        missing = sorted(set(numbers) - {each.scenario_id for each in recorded(lake, self.test_id)})
        done = len(numbers) - len(missing)
        report(done, len(numbers), f"{done} were there already" if done else "permuting")
        asked = Asked(
            self.test_id, self.is_walk_forward, str(self.objective), self.window.start, self.window.end, self.seed
        )
        workers = os.cpu_count() or 1
        # One engine thread a batch: batches side by side use the cores better than one batch on all of them.
        with ThreadPoolExecutor(workers) as pool:
            pending = [pool.submit(self.outcomes, batch) for batch in self._batches(missing, workers)]
            try:
                for finished in as_completed(pending):
                    outcomes = finished.result()
                    append(lake, asked, outcomes)
                    done += len(outcomes)
                    report(done, len(numbers), "worlds")
            finally:
                for future in pending:
                    future.cancel()

    def result(self, lake: Lake, runs: int | None = None) -> Result:
        """Return the recorded scenarios' result: of so many, or of all there are.

        Raises:
            LakeError: Some of them are missing.
        """
        outcomes = {each.scenario_id: each for each in recorded(lake, self.test_id)}
        numbers = sorted(outcomes.keys() - {HISTORY}) if runs is None else range(1, runs + 1)
        missing = [number for number in (HISTORY, *numbers) if number not in outcomes]
        if missing or not numbers:
            raise LakeError(
                f"Test {self.test_id} is not computed yet: {len(missing)} worlds are missing. "
                "Run the rest: `swing permute` with the same options takes up where it stopped."
            )
        return Result(outcomes[HISTORY], tuple(outcomes[number] for number in numbers))

    def outcomes(self, numbers: Sequence[int]) -> list[WorldOutcome]:
        """Compute some scenarios, in one pass of the models."""
        with self._bench.opened(threads=1) as connection:
            connection.execute("UPDATE landing.settings SET objective = $objective", {"objective": self.objective})
            put(connection, "stg_bars", self.world.scenarios(self.seed, numbers))
            return (self._walk_forward if self.is_walk_forward else self._in_sample)(connection, numbers)

    def _in_sample(self, connection: duckdb.DuckDBPyConnection, numbers: Sequence[int]) -> list[WorldOutcome]:
        grid = _number_live_strategy(connection)
        put(connection, "walk_forward_windows", _one_window(self.window, numbers))
        given = (*STAGED, "walk_forward_windows")
        self._bench.compute(connection, ["walk_forward_objectives"], given, passing=["backtest_returns"])
        return _outcomes(connection, grid, numbers)

    def _walk_forward(self, connection: duckdb.DuckDBPyConnection, numbers: Sequence[int]) -> list[WorldOutcome]:
        self._bench.compute(connection, ["walk_forward_metrics"], STAGED)
        best = dict(
            connection.execute(f"SELECT scenario_id, round({self.objective}, 10) FROM walk_forward_metrics").fetchall()
        )
        # The live parameters, over the sessions that the folds live through.
        grid = _number_live_strategy(connection)
        put(connection, "walk_forward_windows", _one_window(self.window, numbers))
        goals = ("strategies", "train_blocks", "walk_forward_objectives")
        given = {statement.relation for statement in self._bench.models.statements} - set(goals)
        self._bench.compute(connection, ["walk_forward_objectives"], given)
        lived = _outcomes(connection, grid, numbers)
        return [WorldOutcome(each.scenario_id, best.get(each.scenario_id), each.live) for each in lived]

    def _batches(self, numbers: Sequence[int], workers: int) -> Iterator[Sequence[int]]:
        rows = len(strategy_rows(self._bench.portfolio)) * len(self.world.sessions)
        fitting = max(1, BATCH_ROWS // (rows * workers))
        size = max(1, min(fitting, -(-len(numbers) // workers)))
        return (numbers[at : at + size] for at in range(0, len(numbers), size))


def _goal(design: Design) -> str:
    return "walk_forward_metrics" if design.is_walk_forward else "walk_forward_objectives"


def _window(bench: Bench, connection: duckdb.DuckDBPyConnection, *, is_walk_forward: bool) -> PermutationWindow:
    """Return the first train window, or all that follows it."""
    connection.execute("DELETE FROM landing.strategies WHERE NOT is_live")
    bench.compute(connection, ["walk_forward_windows"], STAGED)
    row = connection.execute(
        """
        SELECT train_start, test_start, (SELECT max(session_date) + 1 FROM sessions)
        FROM walk_forward_windows WHERE fold_id = 1
        """
    ).fetchone()
    if row is None:
        raise LakeError(
            "The history is too short for one train window and a session after it. Land more bars, or name what to "
            "permute: --window START:END."
        )
    start, split, end = row
    return PermutationWindow(split, end) if is_walk_forward else PermutationWindow(start, split)


def _number_live_strategy(connection: duckdb.DuckDBPyConnection) -> int:
    """Place a live strategy that is off the grid behind it, so that it is measured too; the grid's last place."""
    row = connection.execute("SELECT max(grid_order) FROM landing.strategies").fetchone()
    grid = int(row[0]) if row else 0
    connection.execute(
        "UPDATE landing.strategies SET grid_order = $place WHERE grid_order IS NULL AND is_live", {"place": grid + 1}
    )
    return grid


def _one_window(window: PermutationWindow, numbers: Sequence[int]) -> pa.Table:
    """Return the window as the one fold of each scenario."""
    dates = {"train_start": window.start, "test_start": window.end, "test_end": window.end}
    rows = [{"scenario_id": number, "fold_id": 1, **dates} for number in numbers]
    days = [(name, pa.date32()) for name in dates]
    return pa.Table.from_pylist(rows, pa.schema([("scenario_id", pa.int32()), ("fold_id", pa.int64()), *days]))


def _outcomes(connection: duckdb.DuckDBPyConnection, grid: int, numbers: Sequence[int]) -> list[WorldOutcome]:
    rows = connection.execute(
        """
        SELECT scenario_id, max(objective) FILTER (grid_order <= $grid), any_value(objective) FILTER (is_live)
        FROM walk_forward_objectives JOIN strategies USING (strategy_id)
        GROUP BY scenario_id
        """,
        {"grid": grid},
    ).fetchall()
    found = {scenario: WorldOutcome(scenario, best, live) for scenario, best, live in rows}
    return [found.get(number, WorldOutcome(number, None, None)) for number in numbers]

"""Selections and their gates, contracts and kinds of relations, and an engine that serves reader after reader."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from lakes import World, land_lake
from markets import points

from warehouse import lake as lakes_module
from warehouse.errors import LakeError, PipelineError
from warehouse.lake import expect_reader
from warehouse.transformation import runner
from warehouse.transformation.compiled import Compiled, Kind, Node
from warehouse.transformation.runner import FailedBuildError, Transformation

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from warehouse.lake import Lake

SYMBOLS = "SELECT DISTINCT symbol FROM landing.bar_versions"
NONE = "SELECT 1 WHERE false"


def _model(name: str, sql: str, *parents: str, kind: Kind = Kind.TABLE, symbol: str = "varchar") -> Node:
    return Node(
        f"model.{name}",
        name,
        kind,
        sql,
        f"models/one/{name}.sql",
        parents,
        f'"lake"."main"."{name}"',
        {"symbol": symbol},
    )


def _gate(name: str, sql: str, *parents: str, is_warning: bool = False) -> Node:
    return Node(f"test.{name}", name, Kind.GATE, sql, f"tests/{name}.sql", parents, is_warning=is_warning)


def _project(*nodes: Node) -> Compiled:
    return Compiled(nodes)


PROJECT = _project(
    _gate("landed", NONE, "source.bars"),
    _model("one", SYMBOLS, "source.bars"),
    _gate("one_alone", NONE, "model.one"),
    _model("two", "FROM one", "model.one", kind=Kind.VIEW),
    _gate("both", NONE, "model.one", "model.two"),
    _model("three", "FROM two", "model.two"),
    _gate("two_and_three", NONE, "model.two", "model.three"),
)


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ([], "landed one one_alone two both three two_and_three"),
        (["one"], "one one_alone"),
        (["two"], "two both"),
        (["+two"], "landed one one_alone two both"),
        (["one", "three"], "one one_alone both three two_and_three"),
        (["path:models/one"], "one one_alone two both three two_and_three"),
    ],
)
def test_a_selection_brings_the_gates_whose_parents_are_there(select: list[str], expected: str) -> None:
    """As dbt selects tests that are buildable: each parent is chosen, or something chosen is computed from it."""
    assert " ".join(node.name for node in PROJECT.selected(select)) == expected


def test_an_unknown_model_is_refused() -> None:
    """A misspelled name builds nothing."""
    with pytest.raises(PipelineError, match="no model thre"):
        PROJECT.selected(["thre"])


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake with two bars."""
    return land_lake(tmp_path, World(points(GLD=[1.0], SPY=[1.0])))


def _build(lake: Lake, monkeypatch: pytest.MonkeyPatch, *nodes: Node) -> dict[str, str]:
    monkeypatch.setattr(runner, "compiled", lambda _lake: _project(*nodes))
    with lake.lock(), lake.writer() as connection:
        built = Transformation(lake).build(connection, [])
    return {result.node.name: result.status.value for result in built.results}


def test_a_table_may_become_a_view_and_a_gate_may_only_warn(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """The relation of before is dropped in the same transaction."""
    warning = _gate("many", "FROM one", "model.one", is_warning=True)
    assert _build(lake, monkeypatch, _model("one", SYMBOLS), warning) == {"one": "success", "many": "warn"}
    assert _build(lake, monkeypatch, _model("one", SYMBOLS, kind=Kind.VIEW)) == {"one": "success"}
    assert _build(lake, monkeypatch, _model("one", SYMBOLS)) == {"one": "success"}


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ([_model("one", SYMBOLS, symbol="double")], "one: the contract and the columns differ: symbol"),
        ([_model("one", "SELECT nothing")], "one: Binder Error"),
        (
            [_model("one", SYMBOLS), _gate("no", "FROM one", "model.one"), _model("two", "FROM nowhere", "model.one")],
            "no: 2 rows are refused",
        ),
    ],
)
def test_what_fails_is_told_and_publishes_nothing(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, nodes: list[Node], said: str
) -> None:
    """A column of another type, an error of the engine, a gate: what is computed from it is not tried."""
    with pytest.raises(FailedBuildError, match="Nothing was published") as failure:
        _build(lake, monkeypatch, *nodes)
    assert said in str(failure.value)
    assert len(failure.value.built.failures) == 1
    with lake.reader() as connection:
        assert ("one",) not in connection.execute("SHOW TABLES").fetchall()


def test_a_reader_takes_the_engine_that_was_begun_for_it(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that cannot be made in the background is made where it is asked for, and there says why."""
    monkeypatch.setattr(lakes_module, "_idle", [])
    made = []
    original = lakes_module.load_extensions

    def load(connection: duckdb.DuckDBPyConnection) -> None:
        made.append(threading.current_thread().name)
        if len(made) > 1:
            raise LakeError("no extension")
        original(connection)

    monkeypatch.setattr(lakes_module, "load_extensions", load)
    expect_reader()
    expect_reader()
    with lake.reader():
        assert len(made) == 1
        assert made != [threading.current_thread().name]
        expect_reader()
        with pytest.raises(LakeError, match="no extension"), lake.reader():
            pytest.fail("it was read without its extensions")
    assert len(made) == 3


def test_an_engine_serves_one_reader_after_another(lake: Lake) -> None:
    """Neither a confined reader nor one that failed leaves anything to the next, which may be of an older snapshot."""
    with lake.reader() as connection:
        connection.execute("CREATE TEMP TABLE mine AS SELECT 1")
        lake.confine(connection)
    with pytest.raises(ZeroDivisionError), lake.reader():
        raise ZeroDivisionError
    for snapshot in (None, 1, None):
        with lake.reader(snapshot) as connection, lake.reader() as beside:
            counted = [
                each.execute("SELECT count(*) FROM landing.bar_versions").fetchone() for each in (connection, beside)
            ]
            assert counted == [(0,) if snapshot else (2,), (2,)]
            assert ("mine",) not in connection.execute("SHOW TABLES").fetchall()
            connection.execute("SET threads = 1")

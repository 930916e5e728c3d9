"""Phases: what is pinned, what a change of it ends, and what lets real money be traded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import yaml

from execution import freezing
from execution.errors import LiveRefusedError, PhaseError
from execution.installation import Installation
from execution.ledger.events import Event, Payload, Scope
from execution.ledger.phase_events import Freeze, Measure, PhaseOverride, Pin, Validation
from execution.phases import (
    TradingPhase,
    changes,
    demands_of,
    digest_of,
    model_digests,
    phase_of,
    pinned_settings,
    require_live,
)
from execution.service import open_ledger
from warehouse.settings.portfolio import load_portfolio
from warehouse.transformation.compiled import Compiled, Kind, Node, compiled

if TYPE_CHECKING:
    from pathlib import Path

    from lakes import Pipeline

    from execution.phases import PhaseStanding

PIN = Pin({"strategy.top_n": "2", "costs.slippage": "0.0001"}, {"features": "aa", "live_targets": "bb"}, "0.5.0")
OTHER = replace(PIN, settings={**PIN.settings, "strategy.top_n": "3"})
MET = Measure("SESSIONS_RUN", is_ok=True, figure="20", demand="at least 20")
SHORT = Measure("SESSIONS_RUN", is_ok=False, figure="7", demand="at least 20")


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """An installation with a ledger and no warehouse."""
    return Installation(tmp_path)


def frozen(pin: Pin = PIN) -> Freeze:
    """A freeze of a pin."""
    return Freeze(pin, digest_of(pin), "0.5.0", {"snapshot": "7"}, "ann", "ready")


def validated(here: Installation, *measures: Measure) -> Validation:
    """A validation that found these."""
    return Validation(digest_of(PIN), demands_of(here.portfolio.phases), measures, "ann")


def allowed(pin: Pin = PIN) -> PhaseOverride:
    """An override for a pin."""
    return PhaseOverride(pin, digest_of(pin), ("SESSIONS_RUN",), "bob", "a tiny account")


def standing(here: Installation, *payloads: Payload, pin: Pin = PIN) -> PhaseStanding:
    """The phase after these records."""
    with open_ledger(here) as ledger:
        for payload in payloads:
            ledger.append(Event(Scope(""), payload))
        return phase_of(ledger, pin, here.portfolio.phases)


def test_the_way_leads_from_paper_over_frozen_to_live(here: Installation) -> None:
    """Each phase says what the next one waits for; a paper period that is met leads to the last."""
    assert standing(here).missing == ("Nothing is frozen: `swing freeze --reason …`.",)
    found = standing(here, frozen())
    assert (found.phase, found.reason) == (TradingPhase.FROZEN, "frozen by ann: ready")
    assert "not measured" in found.missing[0]
    found = standing(here, validated(here, SHORT))
    assert found.missing == ("SESSIONS_RUN: 7; asked for: at least 20.",)
    assert standing(here, validated(here, MET)).phase is TradingPhase.LIVE
    assert standing(here, frozen()).phase is TradingPhase.FROZEN, "a further freeze begins anew"


def test_whatever_is_pinned_and_changes_ends_the_permission(here: Installation) -> None:
    """The message names settings with both values, models and the program."""
    standing(here, frozen(), validated(here, MET))
    now = replace(OTHER, models={**PIN.models, "features": "cc"}, program="0.6.0")
    found = standing(here, pin=now)
    assert found.phase is TradingPhase.PAPER
    (told,) = found.missing
    assert "strategy.top_n: 2 → 3; SQL of features; program: 0.5.0 → 0.6.0" in told
    assert standing(here).phase is TradingPhase.LIVE, "and back again"


def test_a_validation_counts_for_the_period_that_is_configured_now(here: Installation) -> None:
    """Who asks for more afterwards measures again."""
    standing(here, frozen(), validated(here, MET))
    (here.home / "portfolio.yaml").write_text("phases: {paper_sessions: 40}", encoding="utf-8")
    assert "has changed since" in standing(Installation(here.home)).missing[0]


def test_an_override_allows_what_it_has_seen_until_the_next_freeze(here: Installation) -> None:
    """Not what has changed since; a freeze after it takes it back."""
    assert standing(here, allowed(OTHER), pin=OTHER).phase is TradingPhase.LIVE
    assert "Changed since the override" in standing(here).missing[0]
    assert standing(here, frozen()).phase is TradingPhase.FROZEN
    found = standing(here, allowed())
    assert (found.phase, found.reason) == (TradingPhase.LIVE, "by an override of bob: a tiny account")
    assert standing(here, frozen()).phase is TradingPhase.FROZEN


def test_live_is_refused_by_a_code_of_its_own_with_what_is_missing(here: Installation) -> None:
    """Also where nobody said what is traded."""
    with open_ledger(here) as ledger:
        with pytest.raises(LiveRefusedError, match="Nothing is frozen") as refused:
            require_live(ledger, PIN, here.portfolio.phases)
        assert refused.value.exit_code == 24
        assert [each.code for each in refused.value.refusals] == ["PHASE_NOT_LIVE"]
        ledger.append(Event(Scope(""), allowed()))
        require_live(ledger, PIN, here.portfolio.phases)
        with pytest.raises(LiveRefusedError, match="not known what"):
            require_live(ledger, None, here.portfolio.phases)


@pytest.mark.parametrize(
    ("settings", "changed"),
    [
        ({"strategy": {"top_n": 1}}, ["strategy.top_n: 2 → 1"]),
        ({"universe": ["SPY", "TLT"]}, ["universe"]),
        ({"costs": {"slippage": 0.001}}, ["costs.slippage: 0.0001 → 0.001"]),
        ({"limits": {"order_value": 5000}}, ["limits.order_value"]),
        ({"trading": {"settlement": "unsettled_ok"}}, ["trading.settlement"]),
        ({"trading": {"is_live_allowed": True, "scheduled_mode": "live", "scheduled_confirm": "U1"}}, []),
        ({"broker": {"account": "U1", "port": 4001}, "phases": {"alarms": 9}, "grid": {"top_n": [2]}}, []),
    ],
)
def test_pinned_is_what_decides_orders(tmp_path: Path, settings: dict[str, object], changed: list[str]) -> None:
    """Neither whether and where is traded, nor who is told of it: these change on the way from paper to live."""
    before = Pin(pinned_settings(load_portfolio(tmp_path)), {}, "1")
    if settings.get("trading", {}) != {}:
        settings = settings | {"broker": {"is_source_of_bars": True}}
    (tmp_path / "portfolio.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    after = Pin(pinned_settings(load_portfolio(tmp_path)), {}, "1")
    found = changes(before, after)
    assert len(found) == len(changed)
    assert all(told.startswith(name) for told, name in zip(found, changed, strict=True))


def test_the_universe_s_order_is_no_change(tmp_path: Path) -> None:
    """It changes no order either."""
    before = pinned_settings(load_portfolio(tmp_path))
    backwards = sorted(load_portfolio(tmp_path).universe, reverse=True)
    (tmp_path / "portfolio.yaml").write_text(yaml.safe_dump({"universe": backwards}), encoding="utf-8")
    assert pinned_settings(load_portfolio(tmp_path)) == before


def test_models_that_no_target_comes_from_are_not_pinned() -> None:
    """A change of the tear sheet's SQL ends no permission; one of the features' does."""

    def node(name: str, sql: str, *parents: str) -> Node:
        return Node(f"model.{name}", name, Kind.TABLE, sql, f"{name}.sql", tuple(f"model.{each}" for each in parents))

    def digests(features: str, report: str) -> dict[str, str]:
        nodes = (
            node("features", features),
            node("report", report, "features"),
            node("live_targets", "SELECT 3", "features"),
        )
        return model_digests(Compiled(nodes))

    before = digests("SELECT 1", "SELECT 2")
    assert sorted(before) == ["features", "live_targets"]
    assert digests("SELECT 1", "SELECT 22") == before
    assert digests("SELECT 11", "SELECT 2")["features"] != before["features"]


def test_nothing_is_frozen_without_evidence_or_reason(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a warehouse there is no walk-forward to look at."""
    monkeypatch.setattr(freezing, "pin_of", lambda _installation: PIN)
    with pytest.raises(PhaseError, match="no evidence"):
        freezing.freeze(here, "ann", "ready")
    with pytest.raises(PhaseError, match="A reason is needed"):
        freezing.override(here, "ann", " ")
    assert freezing.override(here, "ann", "a test").missing == ("Nothing is frozen: `swing freeze --reason …`.",)
    with pytest.raises(PhaseError, match="live already"):
        freezing.override(here, "ann", "again")


def test_a_built_warehouse_is_pinned_by_its_models(crowded: Pipeline) -> None:
    """No path of a home stands in their SQL; without a walk-forward there is no evidence to freeze on."""
    installation = Installation(crowded.lake.home, ledger_url=f"sqlite:///{crowded.lake.home}/frozen.sqlite")
    with pytest.raises(PhaseError, match="the walk-forward was not built"):
        freezing.freeze(installation, "ann", "ready")
    pin = freezing.override(installation, "ann", "a test").pin
    assert {"features", "target_weights", "live_targets"} <= pin.models.keys()
    assert "walk_forward_daily" not in pin.models
    assert not any(str(crowded.lake.home) in node.sql for node in compiled(crowded.lake).nodes)
    assert freezing.standing_now(installation).phase is TradingPhase.LIVE

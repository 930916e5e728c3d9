"""The commands that face the broker, as a user meets them: real processes, a real lake, a gateway over its socket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from command_line import Said, Swing
from simulators import NEW_YORK, RunningSimulator, running

from execution.simulator.market import read_bars

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SESSION = "2019-12-31"
BEFORE, WINDOW = (datetime.fromisoformat(f"{SESSION}T{hour}").replace(tzinfo=NEW_YORK) for hour in ("15:30", "15:55"))
AFTER = datetime.fromisoformat(f"{SESSION}T15:59:10").replace(tzinfo=NEW_YORK)


@dataclass(frozen=True, slots=True)
class Desk:
    """A home whose bars came over the wire, and the gateway they came from."""

    swing: Swing
    gateway: RunningSimulator
    fetched: Said
    built: Said

    def trade(self, *arguments: str) -> Said:
        """Rebalance by the gateway's clock."""
        return self.swing("trade", "--gateway-clock", *arguments)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Fetch the sample market from a gateway and build everything on it."""
    with running(bars=read_bars("sample"), start=BEFORE) as gateway:
        swing = Swing(tmp_path_factory.mktemp("trading") / "home")
        swing.home.mkdir()
        settings = f"broker:\n  port: {gateway.port}\n"
        (swing.home / "portfolio.yaml").write_text(settings, encoding="utf-8")
        yield Desk(swing, gateway, swing("fetch", "--source", "ibkr"), swing("backtest", "--reports", "reports"))


@pytest.mark.slow
def test_from_bars_over_the_wire_to_a_rebalanced_account(desk: Desk) -> None:
    """Bars come from the gateway, targets from the models; then the hour decides, and a session is traded once."""
    assert desk.fetched.code == desk.built.code == 0, desk.fetched.err + desk.built.err
    assert f"to {SESSION}" in desk.fetched.out

    desk.gateway.clock.set(BEFORE)
    early = desk.trade("--paper")
    assert early.code == 11
    assert "15:55" in early.err
    assert not desk.gateway.record

    desk.gateway.clock.set(WINDOW)
    dry = desk.trade("--json")
    assert dry.code == 0, dry.err
    assert dry.record["mode"] == "dry_run"
    planned = {order["symbol"]: order["quantity"] for order in dry.record["plan"]["orders"]}
    assert planned
    assert not desk.gateway.record

    done = desk.trade("--paper", "--json")
    assert done.code == 0, done.err
    assert {order["symbol"]: order["filled"] for order in done.record["orders"]} == planned
    assert {symbol: str(held) for symbol, held in desk.gateway.positions.items()} == done.record["positions"]
    assert len(desk.gateway.record) == len(planned)
    assert len(done.record["fills"]) >= len(planned)

    _assert_marts_answer(desk.swing, planned)
    desk.gateway.clock.set(WINDOW.replace(hour=16, minute=5))
    looked = desk.swing("reconcile", "--gateway-clock")
    assert (looked.code, looked.err) == (0, "")
    assert f"Session {SESSION}, account {desk.gateway.account_id}: ledger and broker agree" in looked.out
    assert "ledger and broker agree" in desk.swing("status").out
    desk.gateway.clock.set(WINDOW)

    again = desk.trade("--paper")
    assert again.code == 0
    assert "already" in again.out
    assert len(desk.gateway.record) == len(planned)

    live = desk.swing("trade", "--live", "--confirm", desk.gateway.account_id, "--gateway-clock")
    assert live.code == 11

    halted = desk.swing("halt", "--cancel-orders", "--reason", "a test")
    assert halted.code == 0, halted.err
    assert "no open order" in halted.out
    assert "halted" in desk.swing("status").out
    assert desk.swing("resume", "--accept-positions").code == 0

    desk.gateway.clock.set(WINDOW)
    flat = desk.swing("halt", "--flatten", "--gateway-clock")
    assert flat.code == 0, flat.err
    assert not desk.gateway.positions
    assert desk.swing("reduce-only").code == desk.swing("resume").code == 0

    exported = desk.swing("ledger", "export", str(desk.swing.home / "ledger.jsonl"))
    assert exported.code == 0
    assert desk.swing("ledger", "verify").code == 0
    lines = (desk.swing.home / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
    assert sum('"order_intended"' in line for line in lines) == len(desk.gateway.record)


def _assert_marts_answer(swing: Swing, planned: Mapping[str, str]) -> None:
    """Every mart of the ledger has rows, in every form; the account is worth what the broker says."""
    for relation in ("orders", "fills", "positions", "decisions", "slippage", "trades", "account_daily"):
        query = f"from {relation} where account_id is not null"
        rows = swing("sql", query, "--format", "json").record
        assert rows
        assert len(swing("sql", query).out.splitlines()) >= 1 + len(rows)
        assert swing("sql", query, "--format", "csv").out.startswith(",".join(rows[0]))
    filled = swing("sql", "SELECT symbol, filled FROM orders WHERE filled > 0", "--format", "json").record
    assert {row["symbol"]: row["filled"] for row in filled} == {name: float(held) for name, held in planned.items()}
    (day,) = swing("sql", "from account_daily", "--format", "json").record
    assert day["equity"] == pytest.approx(day["stated_equity"], rel=0.01)


@pytest.mark.slow
def test_files_are_their_owner_s_alone(desk: Desk) -> None:
    """Ledger, catalog, run history and bars can be read by nobody else."""
    made = [path for path in desk.swing.home.rglob("*") if path.is_file() and path.name != "portfolio.yaml"]
    assert {"ledger.sqlite", "catalog.sqlite", "runs.db"} <= {path.name for path in made}
    assert [path for path in made if path.stat().st_mode & 0o077] == []


@pytest.mark.slow
def test_the_connection_is_tested_step_by_step(desk: Desk) -> None:
    """`swing connect` says what works, and the simulated clock is what does not."""
    said = desk.swing("connect", "--json")
    assert said.code == 9
    levels = {finding["step"]: finding["level"] for finding in said.record}
    assert levels["network"] == levels["handshake"] == levels["account"] == "ok"
    assert levels["clock"] == "failure"


def test_without_a_gateway_a_trade_says_what_to_do(tmp_path: Path) -> None:
    """Nothing listens and nothing is built: an exit code of its own, no stack trace."""
    swing = Swing(tmp_path / "home")
    refused = swing("connect")
    assert refused.code == 9
    assert "4002" in refused.out + refused.err
    unbuilt = swing("trade")
    assert unbuilt.code == 5
    assert "Traceback" not in refused.err + unbuilt.err


def test_what_cannot_be_flattened_is_halted_all_the_same(tmp_path: Path) -> None:
    """Nothing listens, so nothing is sold; the halt came first, and stands."""
    swing = Swing(tmp_path / "home")
    refused = swing("halt", "--flatten", "--reason", "a fire")
    assert refused.code == 9
    assert "Trading is halted" in refused.out
    record = swing.home / "ledger.jsonl"
    assert swing("ledger", "export", str(record)).code == 0
    events = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    assert [event["payload"]["switch"] for event in events] == ["halted"]

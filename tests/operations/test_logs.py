"""Logs for machines: each line is JSON with its time and zone, run and order, and none holds a secret."""

from __future__ import annotations

import json
import logging
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from command_line import Swing

from execution.brokers.base import Fault
from execution.installation import Installation
from execution.ledger.events import Claim, Event, Scope, Sent, Stop
from execution.models import Notice, Order, OrderRef, Side
from execution.refusals import Refusal, RefusalCode
from execution.service import open_ledger
from operations.logs import OURS, configure
from warehouse.calendar.sessions import close_time
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SESSION = date(2024, 6, 11)
SCOPE = Scope("DU1234567", "run-1", Mode.PAPER, "live", SESSION)
REF = str(OrderRef("live", SESSION, "SPY", Side.BUY))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """A log file; afterwards this process logs as before."""
    root, levels = logging.getLogger(), {name: logging.getLogger(name).level for name in OURS}
    before = list(root.handlers)
    configure(file=str(tmp_path / "swing.jsonl"))
    yield tmp_path / "swing.jsonl"
    for handler in set(root.handlers) - set(before):
        root.removeHandler(handler)
        handler.close()
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def _lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def test_the_ledger_s_events_are_logged_with_run_and_order(tmp_path: Path, log: Path) -> None:
    """Once they are durable, each once, without amounts; what stopped a run is a warning with its code."""
    events = (
        Claim(close_time(SESSION)),
        Order(REF, "SPY", Side.BUY, Decimal(98765), Decimal("502.25")),
        Sent(REF),
        Notice(201, "margin", REF, Fault.PERMANENT),
        Stop("no price", (Refusal(RefusalCode.PRICE_MISSING, "no price", "SPY"),)),
    )
    with open_ledger(Installation(tmp_path)) as ledger:
        for _ in range(2):
            ledger.append(Event(SCOPE, events[1]))  # an order is intended once
        ledger.append(*(Event(SCOPE, each) for each in (events[0], *events[2:])))
    lines = [line for line in _lines(log) if line["event"] != "schema_changed"]
    assert [line["event"] for line in lines] == [
        "order_intended",
        "session_claimed",
        "order_sent",
        "notice",
        "stopped",
    ]
    assert {line["run_id"] for line in lines} == {"run-1"}
    assert [line.get("order_ref") for line in lines] == [REF, None, REF, REF, None]
    assert {(line["session"], line["mode"], line["account"]) for line in lines} == {
        ("2024-06-11", "paper", "DU1234567")
    }
    assert [(line["level"], line["code"]) for line in lines[3:]] == [("info", "201"), ("warning", "PRICE_MISSING")]
    assert all(datetime.fromisoformat(line["time"]).utcoffset() == timedelta(0) for line in lines)
    assert "98765" not in log.read_text(encoding="utf-8")


def test_no_secret_is_in_a_line(log: Path) -> None:
    """User names, passwords and keys within addresses are hidden, in an exception's text as well."""
    ours = logging.getLogger("operations.test")
    ours.error("postgresql://swing:s3cret@db/ledger refused", extra={"code": "LedgerError"})
    ours.info("asked https://api.example.com/prices?symbol=SPY&token=s3cret&from=2024 and got nothing")
    ours.error("not told", exc_info=OSError("mailto://me:s3cret@example.com is gone"))
    text = log.read_text(encoding="utf-8")
    assert "s3cret" not in text
    assert "symbol=SPY&token=***&from=2024" in text
    assert [line.get("code") for line in _lines(log)] == ["LedgerError", None, None]
    assert "OSError: mailto://***@example.com is gone" in _lines(log)[2]["error"]


def test_information_of_others_is_not_written(log: Path) -> None:
    """A library's own talk, addresses among it, stays away; its warnings come."""
    others = logging.getLogger("somebody.else")
    others.info("GET https://example.com/secret")
    others.warning("slow")
    assert [line["message"] for line in _lines(log)] == ["slow"]


def test_a_rotated_file_is_begun_anew(log: Path) -> None:
    """What logrotate has moved away is left alone."""
    ours = logging.getLogger("operations.test")
    ours.info("one")
    log.rename(log.with_suffix(".1"))
    ours.info("two")
    assert [line["message"] for line in _lines(log)] == ["two"]


def test_a_log_that_cannot_be_written_stops_nobody(
    tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ledger has the event all the same."""
    log.mkdir()
    with open_ledger(Installation(tmp_path)) as ledger:
        assert ledger.append(Event(SCOPE, Claim(close_time(SESSION)))) == 1
    assert "Is a directory" in capsys.readouterr().err


def test_a_command_that_fails_says_so_in_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With SWING_LOG=json stderr holds no word for people; with a file it does, and the file has the line."""
    swing = Swing(tmp_path / "home")
    monkeypatch.setenv("SWING_LOG", "json")
    said = swing("weights")
    (line,) = said.err.splitlines()
    told = json.loads(line)
    assert (told["code"], told["exit_code"], told["command"], said.code) == ("LakeError", 5, "weights", 5)
    monkeypatch.setenv("SWING_LOG_FILE", str(tmp_path / "swing.jsonl"))
    said = swing("weights")
    assert said.err.startswith("swing: There is no warehouse")
    assert json.loads((tmp_path / "swing.jsonl").read_text(encoding="utf-8"))["code"] == "LakeError"

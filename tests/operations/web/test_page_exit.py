"""The emergency exit from the page: what it asks for, what it sells, and where it is not offered."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from page_accounts import SignedIn, make_accounts, quick_hashes
from pages import served
from simulators import running

from execution import controls
from execution.installation import Installation
from execution.ledger.events import EventKind
from execution.ledger.watch_events import PageAccess
from execution.models import Switch
from execution.service import machine_clock, open_ledger
from execution.switch_files import SwitchFiles
from operations.access.roles import Role
from operations.web.control import Errands

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_trader_sells_everything_with_account_and_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Token, role, account and code are asked for in this order; then all is sold, and trading stays halted."""
    quick_hashes(monkeypatch)
    people, installation = make_accounts(tmp_path), Installation(tmp_path)
    path, published = "/api/control/flatten", list[str]()
    with running(positions={"SPY": Decimal(3), "TLT": Decimal(5)}) as gateway:
        settings_file = f"broker: {{port: {gateway.port}, account: {gateway.account_id}}}"
        (tmp_path / "portfolio.yaml").write_text(settings_file, encoding="utf-8")
        list(controls.resume(installation, "the positions are ours", is_accepting=True))
        errands = Errands(examine=tuple, publish=lambda: published.append("once"))
        with served(installation, gateway.clock.now, errands=errands) as page:
            code = people[Role.TRADER].code(machine_clock())
            trader, operator = (SignedIn.by(page, name).headers for name in ("trader", "operator"))
            wish = {"confirmation": gateway.account_id, "code": code}
            refused = [
                page.ask(path, {"cookie": trader["cookie"]}, wish),
                page.ask(path, operator, wish),
                page.ask(path, trader, wish | {"confirmation": gateway.account_id[-4:]}),
                page.ask(path, trader, wish | {"code": "000000"}),
            ]
            assert [each.record["code"] for each in refused] == [
                "TOKEN_WRONG",
                "ROLE_TOO_LOW",
                "TRADE_REFUSED",
                "CODE_WRONG",
            ]
            assert SwitchFiles.of(tmp_path).read() is Switch.NORMAL
            sold = page.ask(path, trader, wish)
        assert sold.status == 200, sold.text
        assert "Sold in this session" in " ".join(sold.record["lines"])
        assert gateway.positions == {}
    assert published == ["once"]
    assert SwitchFiles.of(tmp_path).read() is Switch.HALTED
    with open_ledger(installation) as ledger:
        accesses = [each.event.payload for each in ledger.of_kinds(EventKind.PAGE_ACCESSED)]
    assert [each.action for each in accesses if isinstance(each, PageAccess)] == ["sign-in", "sign-in", "flatten"]


def test_an_open_page_sells_nothing(tmp_path: Path) -> None:
    """Where nobody signs in there is no second factor, so neither the exit nor its preview is offered."""
    with served(Installation(tmp_path), machine_clock) as page:
        page.await_until(lambda state: state["is_ok"] is not None)
        shown = page.ask("/overview").text
        assert 'data-control-open="halt"' in shown
        assert 'data-control-open="flatten"' not in shown
        token = page.ask("/api/session").record["token"]
        answers = [
            page.ask("/api/control/flatten"),
            page.ask("/api/control/flatten", {"x-csrf-token": token}, {"confirmation": "DU1234567", "code": "000000"}),
        ]
    assert [(each.status, each.record["code"]) for each in answers] == [(403, "SECOND_FACTOR_MISSING")] * 2
    assert SwitchFiles.of(tmp_path).read() is Switch.NORMAL

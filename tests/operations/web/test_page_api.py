"""The page as a program sees it: views, health, metrics, controls, and what is refused."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from pages import PATIENCE, served
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok

from execution.installation import Installation
from execution.ledger.events import EventKind, SwitchChange
from execution.models import Switch
from execution.service import machine_clock, open_ledger
from operations.web.catalog import TABS, VIEWS

if TYPE_CHECKING:
    from pathlib import Path

    from pages import LivedHome, ServedPage

pytestmark = pytest.mark.slow

REASON = {"reason": "a test"}


def _token(page: ServedPage) -> str:
    found = re.search(r'data-token="([^"]+)"', page.ask("/overview").text)
    assert found
    return found[1]


def _newest_switch(lived: LivedHome) -> SwitchChange:
    with open_ledger(lived.installation) as ledger:
        recorded = ledger.newest(EventKind.SWITCH_CHANGED)
    assert recorded is not None
    assert isinstance(recorded.event.payload, SwitchChange)
    return recorded.event.payload


def test_a_rebalance_ends_in_its_window_under_the_load_of_a_hundred_connections(lived: LivedHome) -> None:
    """Whatever browsers ask for, the orders are filled before the deadline."""
    assert lived.outcome.orders
    assert all(state.remaining <= 0 for state in lived.outcome.orders), lived.outcome.message
    assert lived.ended_at < lived.ended_at.replace(minute=59, second=0)
    assert len(lived.answers) >= 100
    assert set(lived.answers) <= {200, 503}


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_has_a_document(lived: LivedHome, view: str) -> None:
    """A view of a home that has traded is computed, and its document says from what."""
    if view == "metrics":
        assert lived.page.ask("/metrics").status == 200
        return
    answer = lived.page.ask(f"/api/{view}").record
    assert answer["failure"] is None
    assert answer["body"]
    assert answer["snapshot"] is not None
    assert answer["ledger_sequence"]


def test_holdings_are_the_broker_s_and_the_preview_gives_a_reason_for_each_symbol(lived: LivedHome) -> None:
    """Positions are those at the broker, weights add up to one, and no step of the preview is without its reason."""
    body = lived.page.body("holdings")
    shares = {line["symbol"]: line["shares"] for line in body["lines"] if line["shares"]}
    assert shares == {symbol: float(held) for symbol, held in lived.gateway.positions.items()}
    assert sum(line["weight"] for line in body["lines"]) == pytest.approx(1)
    assert body["preview"]["session_date"] == "2020-01-02"
    assert all(step["reason"] for step in body["preview"]["steps"])


def test_lived_and_back_filled_are_apart(lived: LivedHome) -> None:
    """The account's line has values for the sessions that were lived alone, and begins on the backtest's."""
    body = lived.page.body("equity")
    known = [at for at, value in enumerate(body["growth"]["account"]) if value is not None]
    assert [body["sessions"][at] for at in known] == ["2019-12-31"] == [body["lived_from"]]
    assert body["growth"]["account"][known[0]] == body["growth"]["backtest"][known[0]]


def test_orders_are_those_that_reached_the_broker(lived: LivedHome) -> None:
    """Each order of the rebalance is shown with its fills."""
    body = lived.page.body("orders")
    assert {order["symbol"]: order["filled"] for order in body["orders"]} == {
        state.order.symbol: float(state.filled) for state in lived.outcome.orders
    }
    assert len(body["fills"]) == sum(len(state.executions) for state in lived.outcome.orders)


def test_a_day_is_explained_and_a_day_without_session_names_its_neighbours(lived: LivedHome) -> None:
    """Why a symbol was held can be asked for any session; a Sunday is a coded failure with the nearest sessions."""
    friday = lived.page.ask("/api/decisions?day=2019-06-14").record
    assert friday["body"]["session_date"] == "2019-06-14"
    assert all(each["reason"] for each in friday["body"]["symbols"])
    sunday = lived.page.ask("/api/decisions?day=2019-06-16").record
    assert sunday["failure"]["code"] == "LAKE"
    assert "2019-06-14" in sunday["failure"]["message"]


def test_the_explorer_computes_what_the_grid_does_not_hold(lived: LivedHome) -> None:
    """The grid's own parameters give the grid's figures, computed in memory; a contradiction is told with its code."""
    live = next(each for each in lived.page.body("explorer")["strategies"] if each["is_live"])
    asked = "/api/explorer/try?ema_fast={}&ema_slow=50&top_n=2&corr_cap=0.7"
    tried = lived.page.ask(asked.format(20)).record["body"]
    assert tried["metrics"]["sharpe"] == pytest.approx(live["sharpe"])
    assert lived.page.ask(asked.format(15)).record["body"]["metrics"]["cagr"] is not None
    assert lived.page.ask(asked.format(60)).record["failure"]["code"] == "CONFIGURATION"


def test_metrics_come_from_the_ledger(lived: LivedHome) -> None:
    """Orders and fills are counted, and what is not known is no zero."""
    text = lived.page.ask("/metrics").text
    orders = sum(float(value) for value in re.findall(r"^swing_orders_total\{.*\} (\S+)$", text, re.MULTILINE))
    assert orders == len(lived.outcome.orders)
    for name in ("swing_equity_usd", "swing_position_drift_ratio", "swing_last_rebalance_duration_seconds"):
        assert re.search(rf"^{name}", text, re.MULTILINE)
    assert "swing_halted 0.0" in text


def test_a_halt_turns_health_red_and_the_ledger_names_the_page(lived: LivedHome) -> None:
    """Halt, sell only and resume go through the ledger; resuming needs the last characters of the account."""
    page, token = lived.page, {"x-csrf-token": _token(lived.page)}
    halted = page.ask("/api/control/halt", token, REASON)
    assert halted.status == 200
    assert "halted" in halted.record["lines"][0]
    assert _newest_switch(lived) == SwitchChange(Switch.HALTED, "page", "a test")
    page.await_until(lambda state: state["is_ok"] is False)
    health = page.ask("/health")
    assert health.status == 503
    assert "TRADING_HALTED" in {failure["code"] for failure in health.record["failures"]}
    assert page.ask("/api/control/reduce-only", token, REASON).status == 200
    assert _newest_switch(lived).switch is Switch.REDUCE_ONLY
    wrong = page.ask("/api/control/resume", token, REASON | {"confirmation": "0000"})
    assert (wrong.status, wrong.record["code"]) == (409, "TRADE_REFUSED")
    assert _newest_switch(lived).switch is Switch.REDUCE_ONLY
    assert (
        page.ask("/api/control/resume", token, REASON | {"confirmation": lived.gateway.account_id[-4:]}).status == 200
    )
    assert _newest_switch(lived) == SwitchChange(Switch.NORMAL, "page", "a test")
    lived.await_documents()
    assert "TRADING_HALTED" not in {failure["code"] for failure in page.ask("/health").record["failures"]}


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        pytest.param(403, {}, id="without the token"),
        pytest.param(403, {"x-csrf-token": "x" * 43}, id="with another token"),
        pytest.param(403, {"origin": "http://evil.example"}, id="from a foreign page"),
        pytest.param(415, {"content-type": "text/plain"}, id="as a form of a foreign page could send it"),
        pytest.param(421, {"host": "evil.example"}, id="under a foreign name"),
    ],
)
def test_a_foreign_page_changes_nothing(lived: LivedHome, status: int, headers: dict[str, str]) -> None:
    """A control that does not come from the page itself is refused, and the ledger stays as it is."""
    with open_ledger(lived.installation) as ledger:
        before = ledger.head()
    assert lived.page.ask("/api/control/halt", headers, REASON).status == status
    with open_ledger(lived.installation) as ledger:
        assert ledger.head() == before


def test_another_name_is_refused_for_every_page(lived: LivedHome) -> None:
    """A name that was rebound to this machine reads nothing."""
    for path in ("/overview", "/api/holdings", "/health", "/static/shell.js"):
        assert lived.page.ask(path, {"host": "evil.example"}).status == 421


def test_a_hundred_requests_open_nothing(lived: LivedHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests are answered from memory: no connection to the warehouse is made for any of them."""
    opened: list[object] = []
    connect = duckdb.connect

    def counted(*arguments: Any, **options: Any) -> duckdb.DuckDBPyConnection:  # noqa: ANN401 - duckdb's signature
        opened.append(arguments)
        return connect(*arguments, **options)

    lived.await_documents()
    paths = [f"/api/{tab.name}" for tab in TABS] + [f"/{tab.name}" for tab in TABS] + ["/health", "/metrics"]
    clock = lived.gateway.clock.now()
    with monkeypatch.context() as patch:
        patch.setattr(duckdb, "connect", counted)
        with ThreadPoolExecutor(100) as browsers:
            answers = list(browsers.map(lambda number: lived.page.ask(paths[number % len(paths)]).status, range(100)))
        count = len(opened)
    assert set(answers) <= {200, 503}
    # The worker itself looks once a minute, whoever asks.
    assert count <= 2 * (1 + (lived.gateway.clock.now() - clock).total_seconds() // 60)


def test_a_browser_asks_nobody_else(lived: LivedHome) -> None:
    """The policy lets a browser load our own files alone, and the page's files name no other address."""
    headers = lived.page.ask("/overview").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert not re.search(r"https?:(?!//127)", headers["content-security-policy"])
    for tab in TABS:
        assert not re.search(r"""(?:src|href|action)=["']https?:""", lived.page.ask(f"/{tab.name}").text)


def test_a_page_that_has_not_changed_is_not_sent_again(lived: LivedHome) -> None:
    """A browser that names the mark of its copy gets 304."""
    first = lived.page.ask("/orders")
    assert lived.page.ask("/orders", {"if-none-match": first.headers["etag"]}).status == 304


def test_the_api_keeps_its_promise(lived: LivedHome) -> None:
    """Whatever is asked of any operation, the answer is one that OpenAPI describes."""
    schema = schemathesis.openapi.from_url(f"{lived.page.address}/openapi.json")
    operations, tried = set[str](), set[str]()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found.err()
        operation = found.ok()
        operations.add(operation.label)
        examples = 4 if operation.path.endswith("/try") else 15

        @given(case=operation.as_strategy())
        @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def probe(case: Any) -> None:  # noqa: ANN401 - Schemathesis' own
            tried.add(case.operation.label)
            # 503 is an answer that is described: not ready, busy, or a health that is honest.
            answer = case.call_and_validate(excluded_checks=[not_a_server_error], timeout=PATIENCE)
            assert answer.status_code != 500

        probe()
    assert tried == operations
    assert len(tried) > 10


def test_an_empty_home_says_what_to_do(tmp_path: Path) -> None:
    """Without a warehouse each view fails alone, with a code; the overview names the remedy, and health is red."""
    with served(Installation(tmp_path / "home"), machine_clock) as page:
        page.await_documents()
        answers = {tab.name: page.ask(f"/api/{tab.name}").record for tab in TABS}
        assert {answer["failure"]["code"] for answer in answers.values() if answer["failure"]} == {"LAKE"}
        assert answers["overview"]["failure"] is None
        assert any("swing fetch" in check["detail"] for check in answers["overview"]["body"]["checks"])
        assert page.ask("/health").status == 503
        assert "swing fetch" in page.ask("/holdings").text

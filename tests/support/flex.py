"""A fake of the broker's statement service on a real socket, and statements for it in the broker's XML."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import quoteattr
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from execution.brokers.flex.client import FlexPace, pull
from execution.brokers.flex.reader import read
from execution.brokers.statements import StatementAccess, StatementAdapter
from execution.models import Side

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from simulators import RunningSimulator

    from execution.simulator.orders import Fill

TOKEN, QUERY = "270818281828459045235", "1414213"
NEW_YORK = ZoneInfo("America/New_York")
ACCOUNT = "DU1234567"
DAY = date(2024, 6, 11)


@dataclass(slots=True)
class PassingTime:
    """Seconds that pass only when somebody waits."""

    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        """Let them pass."""
        self.waits.append(seconds)
        self.now += seconds

    def pace(self, **changes: float) -> FlexPace:
        """Return a pace by this time."""
        return FlexPace(sleep=self.sleep, clock=lambda: self.now, **changes)  # type: ignore[arg-type]


@dataclass(slots=True)
class FlexServer:
    """The service; each request is answered by the next of its answers, the last one for ever.

    Attributes:
        orders: Answers to SendRequest: a body, an HTTP status, a code of the service, or `hang`.
        fetches: Answers to GetStatement, likewise.
        asked: Paths and queries that came.
        at: When, by the time of the test.
    """

    port: int
    time: PassingTime
    orders: list[bytes | int | str] = field(default_factory=lambda: ["ok"])
    fetches: list[bytes | int | str] = field(default_factory=lambda: ["1019"])
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Address below which it answers."""
        return f"http://127.0.0.1:{self.port}/FlexWebService"

    @property
    def access(self) -> StatementAccess:
        """The way to it."""
        return StatementAccess(self.url, SecretStr(TOKEN), SecretStr(QUERY))

    @property
    def adapter(self) -> StatementAdapter:
        """The entry of the broker's statements, by the time of the test."""
        return StatementAdapter(lambda access: pull(access, self.time.pace()), read)

    def answer(self, what: str) -> bytes | int | str:
        """Take the next answer."""
        answers = self.orders if what == "SendRequest" else self.fetches
        return answers.pop(0) if len(answers) > 1 else answers[0]


@contextmanager
def flex_server(*fetches: bytes | int | str, orders: Sequence[bytes | int | str] = ("ok",)) -> Iterator[FlexServer]:
    """Run the service while the block lasts."""
    served = FlexServer(0, PassingTime(), list(orders), list(fetches) or ["1019"])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            what = parts.path.rpartition("/")[2]
            served.asked.append((what, {name: values[0] for name, values in parse_qs(parts.query).items()}))
            served.at.append(served.time.now)
            found = served.answer(what)
            if found == "hang":
                served.released.wait(10)
                return
            status, body = (found, b"") if isinstance(found, int) else (200, _body(found, served))
            self.send_response(status)
            if status // 100 == 3:
                self.send_header("location", "http://127.0.0.1:9/elsewhere")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        served.released.set()
        server.shutdown()
        server.server_close()


def _body(found: bytes | str, served: FlexServer) -> bytes:
    if isinstance(found, bytes):
        return found
    if found == "ok":
        inside = (
            f"<Status>Success</Status><ReferenceCode>8936364590</ReferenceCode><Url>{served.url}/GetStatement</Url>"
        )
    else:
        inside = (
            f"<Status>Fail</Status><ErrorCode>{found}</ErrorCode><ErrorMessage>Token {TOKEN} said no.</ErrorMessage>"
        )
    return f"<FlexStatementResponse timestamp='11 June, 2024 09:00 PM EDT'>{inside}</FlexStatementResponse>".encode()


def row(tag: str, **attributes: object) -> str:
    """Return a row of a section."""
    inside = " ".join(f"{name}={quoteattr(str(value))}" for name, value in attributes.items())
    return f"<{tag} {inside} />"


@dataclass(slots=True)
class StatementXml:
    """A statement in the broker's XML, for one account and some days.

    Attributes:
        trades: Rows of Trades.
        positions: Shares by symbol at the end.
        cash: Starting and ending by currency.
        movements: Rows of CashTransactions.
        left_out: Sections that are not there.
    """

    first: date = DAY
    last: date = DAY
    account_id: str = ACCOUNT
    base: str = "USD"
    generated: str = "2024-06-11;21:23:54 EDT"
    trades: list[str] = field(default_factory=list)
    positions: Mapping[str, object] = field(default_factory=dict)
    cash: Mapping[str, tuple[object, object]] = field(default_factory=lambda: {"USD": (0, 0)})
    movements: list[str] = field(default_factory=list)
    left_out: tuple[str, ...] = ()

    @property
    def element(self) -> str:
        """Its XML."""
        base = [each for each in self.cash.items() if each[0] == self.base]
        cash = [
            row("CashReportCurrency", currency="BASE_SUMMARY", startingCash=start, endingCash=end)
            for _, (start, end) in base
        ]
        cash += [
            row("CashReportCurrency", currency=name, startingCash=start, endingCash=end)
            for name, (start, end) in self.cash.items()
        ]
        held = [
            row("OpenPosition", symbol=symbol, position=shares, assetCategory="STK", levelOfDetail="SUMMARY")
            for symbol, shares in self.positions.items()
        ]
        sections = {
            "AccountInformation": None,
            "ChangeInDividendAccruals": [row("ChangeInDividendAccrual", symbol="SPY", netAmount="12")],
            "Trades": self.trades,
            "OpenPositions": held,
            "CashReport": cash,
            "CashTransactions": self.movements,
        }
        inside = "".join(
            row("AccountInformation", accountId=self.account_id, currency=self.base)
            if rows is None
            else f"<{name}>{''.join(rows)}</{name}>"
            for name, rows in sections.items()
            if name not in self.left_out
        )
        return (
            f'<FlexStatement accountId="{self.account_id}" fromDate="{self.first:%Y%m%d}" '
            f'toDate="{self.last:%Y-%m-%d}" whenGenerated="{self.generated}">{inside}</FlexStatement>'
        )

    @property
    def document(self) -> bytes:
        """A document of it alone."""
        return document(self)


def document(*statements: StatementXml) -> bytes:
    """Return a document of several, as a query broken out by day makes it."""
    inside = "".join(each.element for each in statements)
    return (
        f'<FlexQueryResponse queryName="swing" type="AF"><FlexStatements count="{len(statements)}">{inside}'
        "</FlexStatements></FlexQueryResponse>"
    ).encode()


def trade(
    exec_id: str = "0000e0d5.65f1a2b3.01.01",
    symbol: str = "SPY",
    quantity: object = 10,
    price: object = 500,
    **changes: object,
) -> str:
    """Return a row of Trades; a negative quantity is a sale."""
    is_sale = Decimal(str(quantity)) < 0
    values: dict[str, object] = {
        "accountId": ACCOUNT,
        "currency": "USD",
        "fxRateToBase": 1,
        "assetCategory": "STK",
        "symbol": symbol,
        "tradeID": f"T{exec_id}",
        "dateTime": "20240611;155510",
        "transactionType": "ExchTrade",
        "quantity": quantity,
        "tradePrice": price,
        "ibCommission": "-0.35",
        "ibCommissionCurrency": "USD",
        "notes": "P",
        "buySell": "SELL" if is_sale else "BUY",
        "transactionID": f"9{exec_id}",
        "ibExecID": exec_id,
        "origTradeID": "",
        "levelOfDetail": "EXECUTION",
    }
    return row("Trade", **values | changes)


def cancellation(exec_id: str, symbol: str, quantity: object, price: object, **changes: object) -> str:
    """Return the row that cancels a trade, which was of `quantity`."""
    side = "SELL (Ca.)" if Decimal(str(quantity)) < 0 else "BUY (Ca.)"
    values = {
        "tradeID": "",
        "transactionType": "TradeCancel",
        "ibCommission": "0",
        "notes": "Ca",
        "buySell": side,
        "transactionID": f"9{exec_id}-cancel",
        "ibExecID": "",
        "origTradeID": f"T{exec_id}",
    }
    return trade(exec_id, symbol, -Decimal(str(quantity)), price, **values | changes)


def movement(number: object, kind: str, amount: object, **changes: object) -> str:
    """Return a row of CashTransactions."""
    values: dict[str, object] = {
        "currency": "USD",
        "fxRateToBase": 1,
        "symbol": "",
        "description": kind.upper(),
        "dateTime": f"{DAY:%Y%m%d};202000",
        "amount": amount,
        "type": kind,
        "transactionID": number,
        "reportDate": f"{DAY:%Y%m%d}",
        "levelOfDetail": "DETAIL",
    }
    return row("CashTransaction", **values | changes)


def of_broker(gateway: RunningSimulator, starting: Decimal, day: date = DAY) -> StatementXml:
    """Return a statement of what the simulator's account did on a day; a correction is three rows, as the broker's."""
    rows = []
    for order in gateway.orders:
        sign = 1 if order.side is Side.BUY else -1
        for wrong in order.corrected:
            rows += [
                _filled(order.symbol, sign, wrong, tradeID=f"T{_base(wrong.exec_id)}"),
                cancellation(
                    wrong.exec_id,
                    order.symbol,
                    sign * wrong.quantity,
                    wrong.price,
                    origTradeID=f"T{_base(wrong.exec_id)}",
                    ibCommission=wrong.commission,
                ),
            ]
        rows += [_filled(order.symbol, sign, fill, tradeID=f"T{_base(fill.exec_id)}") for fill in order.fills]
    account = gateway.ask(lambda simulator: simulator.account)
    return StatementXml(
        first=day,
        last=day,
        account_id=gateway.account_id,
        generated=f"{day + timedelta(days=1):%Y-%m-%d};04:11:09 EDT",
        trades=rows,
        positions=account.positions(),
        cash={"USD": (starting, account.cash)},
    )


def _base(exec_id: str) -> str:
    return exec_id.rpartition(".")[0]


def _filled(symbol: str, sign: int, fill: Fill, **changes: object) -> str:
    at = fill.at.astimezone(NEW_YORK)
    return trade(
        fill.exec_id,
        symbol,
        sign * fill.quantity,
        fill.price,
        dateTime=f"{at:%Y-%m-%d;%H:%M:%S}",
        ibCommission=-fill.commission,
        **changes,
    )

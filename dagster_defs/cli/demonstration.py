"""The demonstration: the sample market through the same assets that production uses."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING

import click

from dagster_defs import jobs
from dagster_defs.cli import summaries, terminal, trading_summaries
from dagster_defs.cli.opening import SERVERS
from dagster_defs.published_ledger import publish_ledger
from execution import service
from execution.orders.context import RebalanceRequest
from execution.simulator.process import simulated_gateway
from operations.alerts.channels import lines
from operations.alerts.dispatch import send_round
from operations.alerts.occasions import raise_alerts, told_by_ledger
from warehouse import readers
from warehouse.settings.alerts import Channel
from warehouse.settings.portfolio import load_alerts
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from execution.installation import Installation

BEFORE_THE_LAST_CLOSE = "2019-12-31T15:55:00"
ROWS = readers.Question(
    """
    SELECT
        (SELECT count(*) FROM bars) AS bars, (SELECT count(*) FROM features) AS features,
        (SELECT count(*) FROM emas) AS emas, (SELECT count(*) FROM correlations) AS correlations,
        (SELECT count(*) FROM target_weights) AS target_weights,
        (SELECT count(*) FROM backtest_daily) AS backtest_daily,
        (SELECT count(*) FROM walk_forward_daily) AS walk_forward_daily
    """
)


@click.command()
@click.pass_obj
def demo(installation: Installation) -> None:
    """Import the sample market, run the whole pipeline through Dagster, show what came out."""
    lake, reports = installation.lake, installation.reports
    with terminal.progress("Running the whole pipeline") as report:
        result = jobs.run(
            installation,
            "everything",
            {"bars_landing": {"source": "synthetic"}},
            report,
        )
    landed = jobs.metadata(result, ["landing", "bar_versions"])
    _say("1. Bars: the embedded sample market (made up, the same on every machine)")
    _say(f"   {landed['first_session']} to {landed['last_session']}, {landed['read']:,} rows read")
    fresh = landed["new"] + landed["changed"]
    _say(
        f"   landed {fresh:,} bars" if fresh else f"   nothing new: all {landed['unchanged']:,} bars were there already"
    )
    counts = readers.ask(lake, ROWS).iloc[0]
    _say("   rows: " + ", ".join(f"{name} {count:,}" for name, count in counts.items()) + "\n")
    _say("2. What the strategy would hold tonight")
    summaries.show_targets(lake)
    _say("\n3. What it would have earned")
    summaries.show_metrics(lake, readers.LIVE_METRICS, "Backtest of the live strategy, after costs")
    summaries.show_folds(lake)
    summaries.show_metrics(lake, readers.WALK_FORWARD_METRICS, "Walk-forward, out of sample, after costs")
    _say("\n4. What that means for an account: a rebalance over the wire, against a simulated gateway")
    _rebalance(installation)
    _say("\n5. What you would be told: an alert, delivered to a server that stands for your phone")
    _tell(installation)
    _say("\n6. Look at it")
    for picture in sorted(reports.glob("*.png")):
        _say(f"   {_short(picture)}")
    _say(
        f"   the page:        SWING_HOME={_short(installation.home)} .venv/bin/swing serve, then http://127.0.0.1:{SERVERS['page'][0]}"
    )
    _say(f"   the Dagster UI:  SWING_HOME={_short(installation.home)} make dev")
    _say(f'   SQL:             SWING_HOME={_short(installation.home)} .venv/bin/swing sql "from live_targets"')
    _say("\n7. What next: your own bars, and a paper account")
    _say("   .venv/bin/swing init")
    _say("   .venv/bin/swing fetch --source files FOLDER_OR_FILE")
    _say("   .venv/bin/swing backtest && .venv/bin/swing walkforward && .venv/bin/swing weights")
    _say("   .venv/bin/swing connect && .venv/bin/swing trade      # docs/runbook.md: paper first")


def _rebalance(installation: Installation) -> None:
    """Trade the sample's last session on a paper account of 10,000 USD."""
    with simulated_gateway("--bars", "sample", "--clock", BEFORE_THE_LAST_CLOSE) as port:
        simulated = replace(installation, gateway_host="127.0.0.1", gateway_port=str(port), gateway_client_id="1")
        request = RebalanceRequest(Mode.PAPER, is_gateway_clock=True)
        trading_summaries.show(service.trade(simulated, request, lambda _step: None))
    publish_ledger(installation)
    with service.open_ledger(installation) as ledger:
        kinds = Counter(row["kind"] for row in ledger.rows())
        _say(f"Ledger: {ledger.verify()} events: " + ", ".join(f"{kind} {count}" for kind, count in kinds.items()))


def _tell(installation: Installation) -> None:
    """Deliver what the ledger has to tell, as it goes to the channels under `alerts` in portfolio.yaml."""
    received: Queue[dict[str, str]] = Queue()

    class Phone(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(HTTPStatus.NO_CONTENT)
            self.end_headers()

        def log_message(self, *_told: object) -> None:
            """Print nothing between the lines of the demonstration."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Phone) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        channel = Channel.model_validate({"name": "phone", "url": f"json://127.0.0.1:{server.server_port}"})
        settings = load_alerts(installation.home).model_copy(update={"channels": (channel,)})
        usable, _ = lines(installation, settings)
        with service.open_ledger(installation) as ledger:
            now = datetime.now(UTC)
            raise_alerts(ledger, settings, *told_by_ledger(installation, ledger, settings, now))
            tried = send_round(ledger, settings, usable, now)
        server.shutdown()
    for attempt in tried:
        if attempt.reason:
            _say(f"   Not delivered: {attempt.reason}")
    while not received.empty():
        message = received.get()
        _say("   " + "\n   ".join([message["title"], *message["message"].splitlines()]))
    if not tried:
        _say("   Nothing new: each alert is delivered once.")


def _say(line: str) -> None:
    terminal.out.print(line, markup=False)


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)

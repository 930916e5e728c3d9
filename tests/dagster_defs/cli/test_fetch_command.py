"""`swing fetch` from vendors over a real socket: what it prints, lands and ends with, and that no key shows."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import pytest
from asking_vendors import EVENING, MARKET
from click.testing import CliRunner
from fake_vendors import BEHAVIOURS, Behaviour, FakeAlpaca, FakeTiingo, FakeVendor, Reply, VendorRequest, said
from vendor_server import serving

from dagster_defs.assets import landing
from dagster_defs.cli import main as cli
from warehouse.lake import Lake
from warehouse.sources.web import alpaca, tiingo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

# Dagster 1.13 calls what pydantic 2 and sqlglot deprecate.

KEYS = {
    "TIINGO_API_KEY": "7f6e5d4c3b2a19087f6e",
    "APCA_API_KEY_ID": "PKTESTTESTTESTTEST42",
    "APCA_API_SECRET_KEY": "s3cr3t0fAlpaca0123456789",
}
TWO = "universe: [SPY, TLT]\nsources: {order: [tiingo, alpaca]}\n"


class EchoingTiingo(FakeTiingo):
    """Refuses, and quotes the key that it was asked with."""

    def _honest(self, asked: VendorRequest, behaviour: Behaviour) -> Reply:
        del behaviour
        return said({"detail": f"Invalid token. You sent {asked.headers['authorization']}"}, 403)


@dataclass(slots=True)
class Vendors:
    """A home, and two vendors that behave as they are told.

    Attributes:
        said: Everything printed so far.
    """

    home: Path
    tiingo: FakeVendor
    alpaca: FakeVendor
    said: str = ""

    def fetch(self, *arguments: str) -> Result:
        """Run the command in this process."""
        done = CliRunner().invoke(cli.main, ["fetch", *arguments])
        self.said += done.output
        return done

    def behave(self, tiingo: str, alpaca: str = "honest") -> None:
        """Let each vendor behave so from now on."""
        self.tiingo._play = lambda _number: BEHAVIOURS[tiingo]
        self.alpaca._play = lambda _number: BEHAVIOURS[alpaca]

    def configure(self, text: str) -> None:
        """Write portfolio.yaml."""
        (self.home / "portfolio.yaml").write_text(text, encoding="utf-8")

    def held(self) -> dict[tuple[str, str], int]:
        """Count the sessions in the lake by source and symbol."""
        counts = "SELECT source, symbol, count(DISTINCT session_date) FROM landing.bar_versions GROUP BY ALL"
        with Lake(self.home).reader() as connection:
            return {(source, symbol): count for source, symbol, count in connection.execute(counts).fetchall()}


@contextmanager
def vendors_at(home: Path, monkeypatch: pytest.MonkeyPatch, first: type[FakeTiingo] = FakeTiingo) -> Iterator[Vendors]:
    """Serve both vendors, at the evening of the market's last session."""
    home.mkdir()
    for name in ("SWING_HOME", "SWING_DAGSTER", "DAGSTER_HOME"):
        monkeypatch.setenv(name, str(home))
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    monkeypatch.setattr(landing, "_now", lambda: EVENING)
    vendors = Vendors(home, first(MARKET, lambda: EVENING), FakeAlpaca(MARKET, lambda: EVENING))
    with ExitStack() as stack:
        for module, vendor in ((tiingo, vendors.tiingo), (alpaca, vendors.alpaca)):
            limits = replace(module.ACCESS.limits, attempts=2, first_wait=0.01, longest_wait=1)
            access = replace(
                module.ACCESS, base_url=stack.enter_context(serving(vendor)), limits=limits, clock=lambda: EVENING
            )
            monkeypatch.setattr(module, "ACCESS", access)
        yield vendors


@pytest.fixture
def vendors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendors]:
    """Serve two honest vendors."""
    with vendors_at(tmp_path / "home", monkeypatch) as both:
        yield both


def test_an_evening_and_the_next_one(vendors: Vendors) -> None:
    """A quota falls over to the next source, the same again is nothing new, and all sources make a matrix."""
    vendors.configure(TWO)
    sessions = len(MARKET["SPY"])
    vendors.behave("429_hourly")
    first = vendors.fetch()
    assert first.exit_code == 0, first.output
    reset = (EVENING + timedelta(hours=1)).astimezone(UTC)
    assert "Symbols with bars, by source: alpaca (2)." in first.stdout
    assert "tiingo brought no bars of SPY, TLT: quota: status 429: " in first.stdout
    assert f"(again from {reset:%Y-%m-%d %H:%M:%S} UTC)" in first.stdout
    assert f"Landed {2 * sessions:,} new and 0 changed bars" in first.stdout
    vendors.behave("honest", "500")
    again = vendors.fetch("--source", "all", "--json")
    assert again.exit_code == 0, again.output
    record = json.loads(again.stdout)
    assert [(each["symbol"], each["source"], each["bars"], each["is_taken"]) for each in record["coverage"]] == [
        (symbol, source, sessions, source == "tiingo") for symbol in ("SPY", "TLT") for source in ("tiingo", "alpaca")
    ]
    assert {each["fault"]["kind"] for each in record["coverage"] if each["fault"]} == {"transient"}
    matrix = vendors.fetch("--source", "all")
    assert f"SPY     {sessions} to 2024-12-30  {sessions} to 2024-12-30, transient" in matrix.stdout
    assert "Nothing new: all 6 bars were there already." in matrix.stdout
    assert matrix.exit_code == 0
    assert vendors.held() == {
        (source, symbol): sessions for source in ("tiingo", "alpaca") for symbol in ("SPY", "TLT")
    }


def test_what_failed_is_named_the_rest_lands_and_the_code_tells(vendors: Vendors) -> None:
    """A symbol of the universe that nobody has, and one that is refused, each with fault and remedy; exit code 4."""
    vendors.configure(TWO.replace("TLT", "TLT, GLDD"))
    done = vendors.fetch()
    assert done.exit_code == 4
    assert "Nothing came of 1 symbol.\nGLDD:\n  tiingo not_found: " in done.stderr
    assert "\n  alpaca not_found: " in done.stderr
    assert "Check how the symbol is written" in done.stderr
    assert {symbol for _, symbol in vendors.held()} == {"SPY", "TLT"}


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        ("prose_month_quota", "quota"),
        ("429_retry_after", "quota"),
        ("truncated_json", "malformed"),
        ("connection_cut", "transient"),
        ("no_rows", "not_found"),
    ],
)
def test_a_vendor_that_fails_lands_nothing_and_says_the_fault(vendors: Vendors, behaviour: str, fault: str) -> None:
    """With one source and no answer, the message has the fault's word and the exit code is 4."""
    vendors.configure("universe: [SPY, TLT]\n")
    vendors.behave(behaviour)
    done = vendors.fetch("--source", "tiingo")
    assert done.exit_code == 4
    assert f"  tiingo {fault}: " in done.stderr
    assert "Nothing was landed." in done.stderr
    assert vendors.held() == {}


def test_no_key_shows_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vendor quotes the key it was sent; neither output nor any file of the home, Dagster's among them, has one."""
    with vendors_at(tmp_path / "home", monkeypatch, EchoingTiingo) as vendors:
        vendors.configure(TWO)
        assert vendors.fetch().exit_code == 0
        assert vendors.fetch("--source", "all", "--json").exit_code == 0
        assert vendors.fetch("--source", "tiingo").exit_code == 4
        assert "Invalid token. You sent Token …" in vendors.said
        files = [path.read_bytes() for path in vendors.home.rglob("*") if path.is_file()]
        assert any(b"Invalid token" in content for content in files), "Dagster's record was read"
        for key in KEYS.values():
            assert key not in vendors.said
            assert not any(key.encode() in content for content in files)


def test_a_missing_key_says_where_it_is_looked_for_and_got(vendors: Vendors, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable, the file and the vendor's page are named; the file in the home's secrets is found."""
    vendors.configure("universe: [SPY]\n")
    monkeypatch.delenv("TIINGO_API_KEY")
    done = vendors.fetch("--source", "tiingo")
    assert done.exit_code == 4
    assert "get it at https://www.tiingo.com/account/api/token, then set TIINGO_API_KEY" in done.stderr
    assert "$SWING_HOME/secrets/tiingo_api_key" in done.stderr
    (vendors.home / "secrets").mkdir()
    (vendors.home / "secrets" / "tiingo_api_key").write_text(f"{KEYS['TIINGO_API_KEY']}\n", encoding="utf-8")
    assert vendors.fetch("--source", "tiingo").exit_code == 0
    assert vendors.tiingo.asked[0].headers["authorization"] == f"Token {KEYS['TIINGO_API_KEY']}"


@pytest.mark.parametrize("arguments", [(), ("--source", "all"), ("--source", "yahoo")])
def test_what_is_not_configured_is_not_asked(vendors: Vendors, arguments: tuple[str, ...]) -> None:
    """Without an order there is nothing to ask, and Yahoo only where it is allowed; the message says what to set."""
    done = vendors.fetch(*arguments)
    assert done.exit_code == 3
    assert "sources.is_yahoo_allowed" in done.stderr if "yahoo" in arguments else "sources.order" in done.stderr

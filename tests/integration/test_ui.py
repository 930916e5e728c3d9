"""The Dagster UI in a real browser: the asset graph, and the equity picture on its asset."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as expected
from selenium.webdriver.support.wait import WebDriverWait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sample_market import Market
    from selenium.webdriver.remote.webelement import WebElement

pytest_plugins = ("sample_market",)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("chromium") is None or shutil.which("chromedriver") is None,
        reason="no chromium and chromedriver on PATH (`make test` installs them where it may)",
    ),
]

ROOT = Path(__file__).parents[2]
FLAGS = (
    "headless",
    "no-sandbox",
    "disable-gpu",
    "disable-quic",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    "window-size=2400,2400",
)
START_SECONDS = 180
LOOK_SECONDS = 60


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/server_info", timeout=5):  # noqa: S310 - ours
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.5)
    pytest.fail(f"the UI did not answer within {START_SECONDS} s (it ended with {server.poll()})")


@pytest.fixture(scope="module")
def address(market: Market) -> Iterator[str]:
    """Where `make dev` serves the sample market; everything it started ends with the tests."""
    port = _free_port()
    log = market.swing.home / "dev.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            ["make", "dev", f"PORT={port}"],
            cwd=ROOT,
            env=market.swing.environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _await(f"http://127.0.0.1:{port}", server)
        assert f"http://127.0.0.1:{port}" in log.read_text(encoding="utf-8")
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A headless Chromium with a profile of its own."""
    options = webdriver.ChromeOptions()
    for flag in [*FLAGS, f"user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(f"--{flag}")
    browser = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    yield browser
    browser.quit()


def _shown(browser: webdriver.Chrome, path: str) -> WebElement:
    """Wait until what the XPath names can be seen."""
    wait = WebDriverWait(browser, LOOK_SECONDS)
    return wait.until(expected.visibility_of_element_located((By.XPATH, path)))


def test_the_lineage_shows_the_groups(address: str, browser: webdriver.Chrome) -> None:
    """The whole graph shows the way from landing to research."""
    browser.get(f"{address}/asset-groups")
    for group in ("landing", "staging", "features", "signals", "targets", "backtest", "research"):
        _shown(browser, f"//*[text()='{group}']")


@pytest.mark.parametrize(
    ("group", "assets"),
    [
        ("landing", ["bar_versions", "quarantined_bars", "universe"]),
        ("features", ["emas", "features", "panel"]),
        ("targets", ["target_weights", "live_targets"]),
    ],
)
def test_a_group_shows_its_assets(address: str, browser: webdriver.Chrome, group: str, assets: list[str]) -> None:
    """A group's list shows its assets, made; its graph draws only what has room in the window."""
    browser.get(f"{address}/locations/dagster_defs.definitions/asset-groups/{group}/list")
    for asset in assets:
        _shown(browser, f"//a[contains(., '{asset}')]")
    _shown(browser, "//*[contains(text(), 'Materialized')]")


def test_the_backtest_shows_its_equity(address: str, browser: webdriver.Chrome) -> None:
    """The report's asset shows its metrics, and the equity picture opens in full."""
    browser.get(f"{address}/assets/backtest_report")
    _shown(browser, "//*[text()='sharpe']")
    _shown(browser, "(//*[contains(text(), 'Show Markdown')])[1]").click()
    picture = _shown(browser, "//img[@alt='equity']")
    assert str(picture.get_attribute("src")).startswith("data:image/png;base64,")
    assert int(str(picture.get_property("naturalWidth"))) > 400
    assert int(str(picture.get_property("naturalHeight"))) > 200


@pytest.mark.parametrize(
    ("status", "target", "headers"),
    [
        (421, "/server_info", {"Host": "evil.example"}),
        (403, "/server_info", {"Origin": "http://evil.example"}),
        (405, "/graphql?query=mutation", {}),
    ],
)
def test_a_foreign_page_is_refused(address: str, status: int, target: str, headers: dict[str, str]) -> None:
    """The guard stands before the web server that `swing dev` starts."""
    request = urllib.request.Request(f"{address}{target}", headers=headers)  # noqa: S310 - ours
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)  # noqa: S310 - ours
    with refused.value as answer:
        assert answer.code == status


def test_a_page_of_another_server_cannot_launch(address: str, browser: webdriver.Chrome, tmp_path: Path) -> None:
    """A browser that shows a foreign page gets neither an answer to its query nor a picture of a mutation."""
    page = tmp_path / "foreign.html"
    page.write_text(
        f"<img src='{address}/graphql?query=%7Bversion%7D'><script>fetch('{address}/graphql', {{method: 'POST', "
        "body: '{}', mode: 'no-cors'}).then(() => document.title = 'sent', () => document.title = 'refused')</script>",
        encoding="utf-8",
    )
    browser.get(page.as_uri())
    WebDriverWait(browser, LOOK_SECONDS).until(lambda shown: shown.title in {"sent", "refused"})
    assert browser.execute_script("return document.images[0].naturalWidth") == 0


def test_no_advertisement_stands_in_the_way(address: str, browser: webdriver.Chrome) -> None:
    """Dagster's invitation to its mailing list is switched off."""
    browser.get(f"{address}/asset-groups")
    _shown(browser, "//*[text()='targets']")
    assert "newsletter" not in browser.page_source

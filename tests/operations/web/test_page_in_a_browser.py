"""The page in a real browser: each view at both widths, hidden amounts, the keyboard, a halt and its end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from browsers import DESK, LOOK_SECONDS, NEEDS_A_BROWSER, PHONE, found, opened_browser, resize
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from operations.web.catalog import TABS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pages import LivedHome
    from selenium import webdriver

pytestmark = NEEDS_A_BROWSER


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A headless Chromium with a profile of its own, which notes what it asks for."""
    browser = opened_browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.quit()


def _open(browser: webdriver.Chrome, lived: LivedHome, view: str) -> None:
    lived.await_documents()
    browser.get(f"{lived.page.address}/{view}")
    found(browser, f"main[data-view={view}][data-computed^='20'] section")


def _asked(browser: webdriver.Chrome) -> set[str]:
    """Return the addresses that the browser has asked for since the last call."""
    messages = [json.loads(entry["message"])["message"] for entry in _log(browser, "performance")]
    return {
        message["params"]["request"]["url"] for message in messages if message["method"] == "Network.requestWillBeSent"
    }


def _log(browser: webdriver.Chrome, kind: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = browser.get_log(kind)  # type: ignore[no-untyped-call]
    return entries


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("view", [tab.name for tab in TABS])
def test_a_view_is_whole_and_asks_nobody_else(
    lived: LivedHome, browser: webdriver.Chrome, view: str, size: tuple[int, int]
) -> None:
    """A view shows its content without scrolling sideways, without an error, and from this server alone."""
    resize(browser, size)
    _asked(browser)
    _log(browser, "browser")
    _open(browser, lived, view)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= size[0]
    assert not browser.find_elements(By.CSS_SELECTOR, ".failure")
    ours = (lived.page.address, "data:", "chrome:", "about:")
    assert [address for address in _asked(browser) if not address.startswith(ours)] == []
    assert [entry["message"] for entry in _log(browser, "browser") if entry["level"] == "SEVERE"] == []


def test_equity_is_drawn_and_a_range_is_chosen(lived: LivedHome, browser: webdriver.Chrome) -> None:
    """Both pictures are drawn; choosing a year marks its button and draws anew."""
    resize(browser, DESK)
    _open(browser, lived, "overview")
    found(browser, "[data-plot=growth] canvas")
    found(browser, "[data-plot=drawdown] canvas")
    found(browser, "[data-range='1']").click()
    found(browser, "[data-range='1'][aria-pressed=true]")
    labels = {each.text.rstrip(":") for each in browser.find_elements(By.CSS_SELECTOR, "[data-plot=growth] .u-label")}
    assert {"Backtest", "Account, lived"} <= labels


def test_amounts_stay_hidden(lived: LivedHome, browser: webdriver.Chrome) -> None:
    """What `h` hides is hidden in the next view too, until `h` shows it."""
    resize(browser, DESK)
    _open(browser, lived, "holdings")
    amount = "return getComputedStyle(document.querySelector('.amount')).fontSize"
    assert browser.execute_script(amount) != "0px"
    browser.find_element(By.TAG_NAME, "body").send_keys("h")
    assert browser.execute_script(amount) == "0px"
    _open(browser, lived, "orders")
    assert browser.execute_script(amount) == "0px"
    browser.find_element(By.TAG_NAME, "body").send_keys("h")
    assert browser.execute_script(amount) != "0px"


def test_the_keyboard_chooses_views_and_sessions(lived: LivedHome, browser: webdriver.Chrome) -> None:
    """3 opens Decisions, the left arrow the session before."""
    resize(browser, DESK)
    _open(browser, lived, "overview")
    browser.find_element(By.TAG_NAME, "body").send_keys("3")
    found(browser, "main[data-view=decisions]")
    shown = found(browser, ".dates input").get_attribute("value")
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.ARROW_LEFT)
    WebDriverWait(browser, LOOK_SECONDS).until(
        lambda at: at.find_element(By.CSS_SELECTOR, ".dates input").get_attribute("value") != shown
    )


def test_a_phone_reaches_every_view(lived: LivedHome, browser: webdriver.Chrome) -> None:
    """The bar at the bottom holds the foremost views, and More the others."""
    resize(browser, PHONE)
    _open(browser, lived, "overview")
    found(browser, "[data-open=more]").click()
    found(browser, "#more a[href='/explorer']").click()
    found(browser, "main[data-view=explorer] [data-figures] dd")


def test_the_explorer_answers_at_once_on_the_grid_and_computes_beside_it(
    lived: LivedHome, browser: webdriver.Chrome
) -> None:
    """A value of the grid changes the figures without a request; another is computed when it is asked for."""
    resize(browser, DESK)
    _open(browser, lived, "explorer")
    found(browser, "[data-figures] dd")
    _slide(browser, "top_n", 1)
    assert found(browser, "[data-told]").text == "From the stored grid."
    _slide(browser, "ema_fast", 14)
    found(browser, "[data-compute]").click()
    WebDriverWait(browser, LOOK_SECONDS).until(
        lambda at: at.find_element(By.CSS_SELECTOR, "[data-told]").text.startswith("Computed in memory")
    )


def _slide(browser: webdriver.Chrome, name: str, value: float) -> None:
    move = "const s = document.querySelector(`input[name=${arguments[0]}]`); s.value = arguments[1];"
    browser.execute_script(f"{move} s.dispatchEvent(new Event('input', {{bubbles: true}}))", name, value)


def test_a_person_halts_and_resumes(lived: LivedHome, browser: webdriver.Chrome) -> None:
    """Halting takes a click and a confirmation; resuming asks for the account, and is refused with another."""
    resize(browser, DESK)
    _open(browser, lived, "overview")
    found(browser, "[data-control-open=halt]").click()
    found(browser, "#control [name=reason]").send_keys("a look in the browser")
    found(browser, "#control [type=submit]").click()
    assert "halted" in found(browser, "#control .answer.done").text
    found(browser, "#control [data-close]").click()
    found(browser, ".switch.halted")
    _resume(browser, "0000")
    assert "not resumed" in found(browser, "#control .answer:not(.done)").text
    found(browser, "#control [data-close]").click()
    _resume(browser, lived.gateway.account_id[-4:])
    found(browser, "#control .answer.done")
    found(browser, "#control [data-close]").click()
    found(browser, ".switch.normal")


def _resume(browser: webdriver.Chrome, digits: str) -> None:
    found(browser, "[data-control-open=resume]").click()
    found(browser, "#control [name=confirmation]").send_keys(digits)
    found(browser, "#control [type=submit]").click()


def test_the_page_can_be_installed(lived: LivedHome, browser: webdriver.Chrome) -> None:
    """The browser finds the manifest sound, with its icons."""
    _open(browser, lived, "overview")
    manifest: dict[str, Any] = browser.execute_cdp_cmd("Page.getAppManifest", {})
    assert manifest["errors"] == []
    assert {icon["sizes"] for icon in json.loads(manifest["data"])["icons"]} == {"any", "192x192", "512x512"}

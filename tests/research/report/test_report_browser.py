"""The page in a real browser, at the widths of a desk and of a phone."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from report_market import Sheet

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("chromium") is None or shutil.which("chromedriver") is None,
        reason="no chromium and chromedriver on PATH",
    ),
]

FLAGS = ("headless=new", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking")
HIGHEST = 12_000
PIXELS = "return [...document.querySelectorAll('[data-chart=since] canvas')].map(each => each.toDataURL())"
WIDTHS = {"desk": 1280, "phone": 390}
LOADED = """
const done = arguments[0];
Promise.all([...document.images].map(image => image.decode())).then(() => done(true), error => done(String(error)));
"""
OVERFLOWING = """
const inside = element => element.closest('.scroll') !== null;
return [...document.querySelectorAll('body *')]
  .filter(element => !inside(element) && element.getBoundingClientRect().right > innerWidth + 1)
  .map(element => element.outerHTML.slice(0, 80));
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    """A browser that asks nobody for a driver."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in FLAGS:
        options.add_argument(f"--{flag}")
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_script_timeout(60)
    try:
        yield driver
    finally:
        driver.quit()


def opened(browser: webdriver.Chrome, sheet: Sheet, width: int, scheme: str = "light") -> None:
    """Open the page on a screen, with every picture loaded."""
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < WIDTHS["desk"]}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.get(sheet.page.as_uri())
    assert browser.execute_async_script(LOADED) is True
    browser.execute_script("document.documentElement.style.scrollBehavior = 'auto'")


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS.keys())
def test_the_page_fits_the_screen(browser: webdriver.Chrome, sheet: Sheet, width: int) -> None:
    """Only tables in frames of their own are wider than the screen, whether details are open or not."""
    opened(browser, sheet, width)
    root = "document.documentElement"
    for _ in range(2):
        assert browser.execute_script("return innerWidth") == width
        assert browser.execute_script(f"return {root}.scrollWidth <= {root}.clientWidth")
        assert browser.execute_script(OVERFLOWING) == []
        browser.execute_script("document.querySelectorAll('main details').forEach(each => each.open = true)")


def test_the_page_is_no_longer_than_it_may_be(browser: webdriver.Chrome, sheet: Sheet) -> None:
    """At a desk the page is at most 12,000 pixels high."""
    opened(browser, sheet, WIDTHS["desk"])
    assert browser.execute_script("return document.documentElement.scrollHeight") <= HIGHEST


def test_the_page_asks_nobody(browser: webdriver.Chrome, sheet: Sheet) -> None:
    """Opening the page loads nothing else, and nothing is reported as wrong."""
    browser.get_log("browser")  # type: ignore[no-untyped-call]
    opened(browser, sheet, WIDTHS["desk"])
    requests = (
        "return performance.getEntriesByType('resource').map(each => each.name).filter(n => !n.startsWith('data:'))"
    )
    assert browser.execute_script(requests) == []
    assert browser.get_log("browser") == []  # type: ignore[no-untyped-call]


def test_links_lead_to_their_sections(browser: webdriver.Chrome, sheet: Sheet) -> None:
    """Every link of the contents has its section, which a click brings into sight; the contents stay beside it."""
    opened(browser, sheet, WIDTHS["desk"])
    missing = "return [...document.links].map(a => a.hash).filter(hash => !document.querySelector(hash))"
    assert browser.execute_script(missing) == []
    browser.find_element(By.CSS_SELECTOR, "nav.side a[href='#costs']").click()
    top = "return document.querySelector(arguments[0]).getBoundingClientRect().top"
    assert 0 <= browser.execute_script(top, "#costs") < 60
    assert browser.execute_script(top, "nav.side") == 0


def test_the_contents_fold_on_a_phone(browser: webdriver.Chrome, sheet: Sheet) -> None:
    """A bar stays at the top; it opens at a touch, and closes once a place is chosen."""
    opened(browser, sheet, WIDTHS["phone"])
    bar = browser.find_element(By.CSS_SELECTOR, "details.contents")
    bar.find_element(By.TAG_NAME, "summary").click()
    link = bar.find_element(By.CSS_SELECTOR, "a[href='#held']")
    assert link.is_displayed()
    link.click()
    assert bar.get_attribute("open") is None
    assert not browser.find_element(By.CSS_SELECTOR, "nav.side").is_displayed()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_zoom(browser: webdriver.Chrome, sheet: Sheet, scheme: str) -> None:
    """Equity and drawdown stand in place of their picture; a range zooms both, and all of it comes back."""
    opened(browser, sheet, WIDTHS["desk"], scheme)
    chart = browser.find_element(By.CSS_SELECTOR, "[data-chart=since]")
    assert len(chart.find_elements(By.TAG_NAME, "canvas")) == 2
    assert not browser.find_element(By.ID, "picture-walk_forward").is_displayed()
    before = browser.execute_script(PIXELS)
    chart.find_element(By.XPATH, ".//button[text()='1 year']").click()
    WebDriverWait(browser, 5).until(lambda driver: differ(driver.execute_script(PIXELS), before))
    chart.find_element(By.XPATH, ".//button[text()='All']").click()
    WebDriverWait(browser, 5).until(lambda driver: driver.execute_script(PIXELS) == before)
    chart.find_element(By.XPATH, ".//button[text()='Linear scale']").click()
    WebDriverWait(browser, 5).until(lambda driver: driver.execute_script(PIXELS)[0] != before[0])


def differ(one: list[str], other: list[str]) -> bool:
    """Tell whether every chart looks otherwise."""
    return all(left != right for left, right in zip(one, other, strict=True))


def test_without_scripts_the_pictures_stay(browser: webdriver.Chrome, sheet: Sheet) -> None:
    """A reader whose browser runs no scripts sees equity and drawdown as pictures."""
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(sheet.page.as_uri())
        assert browser.find_element(By.ID, "picture-walk_forward").is_displayed()
        assert browser.find_element(By.ID, "picture-drawdowns").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})

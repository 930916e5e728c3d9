"""The page in a real browser, at the widths of a desk and of a phone."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from selenium import webdriver

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


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS.keys())
def test_the_page_fits_the_screen(browser: webdriver.Chrome, sheet: Sheet, width: int) -> None:
    """Only tables in frames of their own are wider than the screen; every picture loads, in the shape for it."""
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < WIDTHS["desk"]}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.get(sheet.page.as_uri())
    assert browser.execute_async_script(LOADED) is True
    assert browser.execute_script("return innerWidth") == width
    root = "document.documentElement"
    assert browser.execute_script(f"return {root}.scrollWidth <= {root}.clientWidth")
    assert browser.execute_script(OVERFLOWING) == []
    widths = browser.execute_script("return [...document.images].map(image => image.naturalWidth)")
    assert set(widths) == {960 if width == WIDTHS["desk"] else 380}


def test_links_lead_to_their_sections(browser: webdriver.Chrome, sheet: Sheet) -> None:
    """Every link of the contents has the section it names."""
    browser.get(sheet.page.as_uri())
    missing = "return [...document.links].map(a => a.hash).filter(hash => !document.querySelector(hash))"
    assert browser.execute_script(missing) == []

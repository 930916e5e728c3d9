"""A real browser without a window: Chromium at the width of a desk or of a phone."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Literal

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

if TYPE_CHECKING:
    from pathlib import Path

    from selenium.webdriver.remote.webelement import WebElement

NEEDS_A_BROWSER = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("chromium") is None or shutil.which("chromedriver") is None,
        reason="no chromium and chromedriver on PATH (`make test` installs them where it may)",
    ),
]
FLAGS = (
    "headless=new",
    "no-sandbox",
    "disable-gpu",
    "disable-quic",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
)
DESK, PHONE = (1280, 900), (390, 844)
LOOK_SECONDS = 60


def opened_browser(profile: Path) -> webdriver.Chrome:
    """Open a browser with a profile of its own, which notes what it asks for."""
    options = webdriver.ChromeOptions()
    for flag in [*FLAGS, f"user-data-dir={profile}"]:
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))


def resize(browser: webdriver.Chrome, size: tuple[int, int]) -> None:
    """Give the browser a width and a height; narrower than a desk is a phone."""
    width, height = size
    settings = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < DESK[0]}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", settings)


def found(browser: webdriver.Chrome, selector: str) -> WebElement:
    """Wait until something that is named by a CSS selector can be seen."""

    def shown(at: webdriver.Chrome) -> WebElement | Literal[False]:
        return next((each for each in at.find_elements(By.CSS_SELECTOR, selector) if each.is_displayed()), False)

    return WebDriverWait(browser, LOOK_SECONDS).until(shown)

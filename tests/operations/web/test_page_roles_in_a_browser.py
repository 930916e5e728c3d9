"""The page for each role in a real browser: signing in and out, what is shown, and the second factor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from browsers import DESK, LOOK_SECONDS, NEEDS_A_BROWSER, PHONE, found, opened_browser, resize
from page_accounts import PASSWORD, SetClock, make_accounts, quick_hashes
from pages import served
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as so
from selenium.webdriver.support.wait import WebDriverWait

from execution.installation import Installation
from execution.ledger.ledger import ledger_url
from operations.access.door import Door
from operations.access.roles import Role
from operations.checks import CheckCode
from operations.web.control import Errands
from warehouse.settings.portfolio import load_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from page_accounts import Person
    from pages import LivedHome, ServedPage
    from selenium import webdriver

pytestmark = NEEDS_A_BROWSER

WIDTHS = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
SHOWN: dict[Role, dict[str, set[str]]] = {
    Role.VIEWER: {"overview": set(), "runs": set()},
    Role.OPERATOR: {"overview": {"halt", "reduce-only"}, "runs": {"preflight"}},
    Role.TRADER: {"overview": {"halt", "reduce-only", "flatten"}, "runs": {"preflight"}},
}
"""Controls of a view while trading is on."""


@dataclass(frozen=True, slots=True)
class DoorOfLived:
    """The page of the lived home behind a door with accounts."""

    lived: LivedHome
    page: ServedPage
    people: dict[Role, Person]
    clock: SetClock

    def code(self) -> str:
        """Return a code of the trader's that nobody has used."""
        self.clock.move(seconds=30)
        return self.people[Role.TRADER].code(self.clock())


@pytest.fixture(scope="module")
def behind(lived: LivedHome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoorOfLived]:
    """Serve the lived home once more; its accounts stand elsewhere, so that the open page stays open."""
    home, clock = tmp_path_factory.mktemp("accounts"), SetClock(datetime.now(UTC))
    errands = Errands(
        examine=lambda: (CheckCode.DISK.ok("Room enough."), CheckCode.GATEWAY.failure("No answer.")),
        publish=lambda: None,
    )
    with pytest.MonkeyPatch.context() as patch:
        quick_hashes(patch)
        people = make_accounts(home)
        accounts = Installation(home, ledger_url=ledger_url(lived.installation.home))
        door = Door(accounts, load_page(home), clock=clock)
        with served(lived.installation, lived.gateway.clock.now, door, errands) as page:
            yield DoorOfLived(lived, page, people, clock)


@pytest.fixture
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A browser that nobody has signed in with."""
    browser = opened_browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.quit()


def _sign_in(browser: webdriver.Chrome, behind: DoorOfLived, role: Role, view: str = "overview") -> None:
    browser.get(f"{behind.page.address}/{view}")
    found(browser, "[data-sign-in] [name=name]").send_keys(role.value)
    found(browser, "[data-sign-in] [name=password]").send_keys(PASSWORD)
    found(browser, "[data-sign-in] [type=submit]").click()
    found(browser, f"main[data-view={view}][data-computed^='20'] section")


def _controls(browser: webdriver.Chrome) -> set[str]:
    return {
        each.get_attribute("data-control-open") or ""
        for each in browser.find_elements(By.CSS_SELECTOR, "main [data-control-open]")
    }


def _answered(browser: webdriver.Chrome, *, is_done: bool) -> str:
    words = found(browser, f"#control .answer{'.done' if is_done else ':not(.done)'}").text
    found(browser, "#control [data-close]").click()
    return words


@WIDTHS
def test_the_sign_in_is_whole_in_both_schemes(
    behind: DoorOfLived, browser: webdriver.Chrome, size: tuple[int, int]
) -> None:
    """It fits its width, asks nobody else, tells a wrong password, and leads where one wanted to go."""
    resize(browser, size)
    grounds = set()
    for scheme in ("light", "dark"):
        browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        browser.get(f"{behind.page.address}/holdings")
        found(browser, "[data-sign-in]")
        assert browser.current_url == f"{behind.page.address}/sign-in?to=/holdings"
        assert browser.execute_script("return document.documentElement.scrollWidth") <= size[0]
        grounds.add(browser.execute_script("return getComputedStyle(document.documentElement).backgroundColor"))
    assert len(grounds) == 2
    found(browser, "[name=name]").send_keys("viewer")
    found(browser, "[name=password]").send_keys("not the password")
    found(browser, "[type=submit]").click()
    assert "no account of that name with that password" in found(browser, ".answer").text
    assert found(browser, "[name=password]").get_attribute("value") == ""
    found(browser, "[name=password]").send_keys(PASSWORD)
    found(browser, "[type=submit]").click()
    found(browser, "main[data-view=holdings]")


@WIDTHS
@pytest.mark.parametrize("role", list(Role))
def test_a_role_sees_its_controls_and_signs_out(
    behind: DoorOfLived, browser: webdriver.Chrome, role: Role, size: tuple[int, int]
) -> None:
    """Only what the role may is shown; after signing out neither the next view nor the one before is."""
    resize(browser, size)
    behind.lived.await_documents()
    _sign_in(browser, behind, role)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= size[0]
    assert _controls(browser) == SHOWN[role]["overview"]
    browser.get(f"{behind.page.address}/runs")
    found(browser, "main[data-view=runs][data-computed^='20'] section")
    assert _controls(browser) - {"take-note"} == SHOWN[role]["runs"]
    if size is PHONE:
        found(browser, "[data-open=more]").click()
    found(browser, "[data-do=sign-out]").click()
    found(browser, "[data-sign-in]")
    browser.back()
    found(browser, "[data-sign-in]")


def test_a_trader_resumes_with_a_code_that_counts_once(behind: DoorOfLived, browser: webdriver.Chrome) -> None:
    """Halting takes a click; resuming takes the account's last characters and a fresh code."""
    resize(browser, DESK)
    _sign_in(browser, behind, Role.TRADER)
    found(browser, "[data-control-open=halt]").click()
    assert not browser.find_element(By.CSS_SELECTOR, "#control [name=code]").is_displayed()
    found(browser, "#control [type=submit]").click()
    assert "halted" in _answered(browser, is_done=True)
    found(browser, ".switch.halted")
    code = behind.code()
    for attempt, is_done in (("000000", False), (code, True)):
        _confirm(browser, "resume", behind.lived.gateway.account_id[-4:], attempt)
        _answered(browser, is_done=is_done)
    found(browser, ".switch.normal")
    found(browser, "[data-control-open=reduce-only]").click()
    found(browser, "#control [type=submit]").click()
    _answered(browser, is_done=True)
    found(browser, ".switch.reduce_only")
    _confirm(browser, "resume", behind.lived.gateway.account_id[-4:], code)
    assert "used already" in _answered(browser, is_done=False)
    _confirm(browser, "resume", behind.lived.gateway.account_id[-4:], behind.code())
    _answered(browser, is_done=True)
    found(browser, ".switch.normal")


def test_selling_everything_shows_what_it_would_sell_and_obeys_the_hour(
    behind: DoorOfLived, browser: webdriver.Chrome
) -> None:
    """The preview names what is held; after the close nothing is sold, and the halt stands."""
    resize(browser, PHONE)
    behind.lived.await_documents()
    _sign_in(browser, behind, Role.TRADER)
    held = behind.lived.gateway.positions
    _begin(browser, "flatten")
    found(browser, "#control [data-preview] li")
    listed = browser.find_element(By.CSS_SELECTOR, "#control [data-preview]").text
    assert all(f"{shares:g} {symbol}, about" in listed for symbol, shares in held.items())
    found(browser, "#control [data-close]").click()
    _confirm(browser, "flatten", "U0", behind.code())
    assert "Nothing was sold" in _answered(browser, is_done=False)
    _confirm(browser, "flatten", behind.lived.gateway.account_id, behind.code())
    assert "session" in _answered(browser, is_done=False)
    assert behind.lived.gateway.positions == held
    found(browser, ".switch.halted")
    _confirm(browser, "resume", behind.lived.gateway.account_id[-4:], behind.code())
    _answered(browser, is_done=True)
    found(browser, ".switch.normal")


def test_an_operator_looks_and_is_told(behind: DoorOfLived, browser: webdriver.Chrome) -> None:
    """The preflight that is made now says what fails."""
    resize(browser, DESK)
    _sign_in(browser, behind, Role.OPERATOR, "runs")
    found(browser, "[data-control-open=preflight]").click()
    found(browser, "#control [type=submit]").click()
    assert "1 of 2 checks fail" in _answered(browser, is_done=True)


def test_an_open_page_whose_session_ends_asks_for_a_new_one(behind: DoorOfLived, browser: webdriver.Chrome) -> None:
    """A page that only polls ends by idleness, and leads to the sign-in by itself."""
    resize(browser, DESK)
    _sign_in(browser, behind, Role.VIEWER)
    behind.clock.move(minutes=61)
    WebDriverWait(browser, LOOK_SECONDS).until(so.url_contains("/sign-in?to=%2Foverview"))
    found(browser, "[data-sign-in]")


def _begin(browser: webdriver.Chrome, kind: str) -> None:
    """Open a control's dialog; on a phone its button may lie beneath the bar."""
    button = found(browser, f"[data-control-open={kind}]")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
    button.click()


def _confirm(browser: webdriver.Chrome, kind: str, account: str, code: str) -> None:
    _begin(browser, kind)
    found(browser, "#control [name=confirmation]").send_keys(account)
    found(browser, "#control [name=code]").send_keys(code)
    found(browser, "#control [type=submit]").click()

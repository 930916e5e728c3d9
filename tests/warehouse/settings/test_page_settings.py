"""The section about the page: what is allowed, and that it is read although another section is at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from warehouse.errors import ConfigurationError
from warehouse.settings.portfolio import FILE_NAME, load_page, load_portfolio

if TYPE_CHECKING:
    from pathlib import Path


def test_by_default_there_is_no_proxy_and_no_name(tmp_path: Path) -> None:
    """This machine's own names alone, and nobody believed."""
    page = load_page(tmp_path)
    assert (page.is_sign_in_required, page.hosts, page.proxies) == (False, (), ())


def test_the_page_shows_what_is_wrong_elsewhere(tmp_path: Path) -> None:
    """A fault in another section keeps nobody out of the page that shows it."""
    text = "strategy: {top_n: many}\npage: {hosts: [swing.example.org], proxies: [127.0.0.1, 172.18.0.0/16]}"
    (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")
    page = load_page(tmp_path)
    assert page.hosts == ("swing.example.org",)
    assert page.proxies == ("127.0.0.1/32", "172.18.0.0/16")
    with pytest.raises(ConfigurationError):
        load_portfolio(tmp_path)


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("{hosts: [swing.example.org]}", "name its address in page.proxies"),
        ("{hosts: ['*'], proxies: [127.0.0.1]}", "a list of names"),
        ("{hosts: [Swing.Example], proxies: [127.0.0.1]}", "a list of names"),
        ("{hosts: ['swing.example:8443'], proxies: [127.0.0.1]}", "a list of names"),
        ("{proxies: ['*']}", "a list of addresses or networks"),
        ("{proxies: [proxy.example]}", "a list of addresses or networks"),
        ("{idle_minutes: 0}", "a whole number of minutes"),
        ("{session_hours: 200}", "a whole number of hours"),
    ],
)
def test_what_is_not_allowed_is_told(tmp_path: Path, page: str, reason: str) -> None:
    """No wildcard, no name in place of a proxy's address, and no name without a proxy."""
    (tmp_path / FILE_NAME).write_text(f"page: {page}", encoding="utf-8")
    with pytest.raises(ConfigurationError) as found:
        load_page(tmp_path)
    assert reason in " ".join(str(found.value).split())


def test_the_page_changes_no_number(tmp_path: Path) -> None:
    """Targets stay valid when somebody changes who may look at them."""
    before = load_portfolio(tmp_path).parameters_hash
    (tmp_path / FILE_NAME).write_text("page: {idle_minutes: 5}", encoding="utf-8")
    assert load_portfolio(tmp_path).parameters_hash == before

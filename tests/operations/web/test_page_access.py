"""The page behind its door, over a socket: every route for every role, cookies, proxies, and what a browser is told."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import sampled_from
from page_accounts import PASSWORD, TOKEN, SignedIn, all_routes, cookie_of, make_accounts, quick_hashes
from pages import PATIENCE, served
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok

from execution.installation import Installation
from execution.ledger.events import EventKind, SwitchChange
from execution.ledger.watch_events import PageAccess
from execution.models import Switch
from execution.service import machine_clock, open_ledger
from execution.switch_files import SwitchFiles
from operations.access.accounts import Accounts
from operations.access.door import Door
from operations.access.roles import PageAction, Role
from operations.web.application import create
from warehouse.settings.portfolio import load_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from page_accounts import Person
    from pages import ServedPage

OPEN = {("GET", "/sign-in"), ("GET", "/health"), ("POST", "/api/session"), ("GET", "/static")}
OPEN |= {("GET", "/manifest.webmanifest"), ("GET", "/favicon.ico")}
READ = {"/", "/sheet", "/openapi.json", "/metrics", "/api/state", "/api/session", "/api/explorer/try", "/api/equity"}
VIEWS = (
    *("overview", "holdings", "decisions", "orders", "correlations", "quality", "runs", "evidence", "explorer"),
    "statements",
)
READ |= {f"/{view}" for view in VIEWS} | {f"/api/{view}" for view in VIEWS}
CONTROLS = {f"/api/control/{action}": action for action in PageAction}
BODIES: dict[str, dict[str, Any]] = {
    "/api/control/acknowledge": {"symbol": "SPY", "session": "2024-01-03"},
    "/api/control/take-note": {"number": 1},
}


class GuardedPage:
    """A page of an empty home with an account for each role."""

    def __init__(self, page: ServedPage, home: Path, people: dict[Role, Person]) -> None:
        self.page, self.home, self.people = page, home, people
        self.sessions = {role: SignedIn.by(page, role.value) for role in Role}

    def headers(self, who: str) -> dict[str, str]:
        """Return what nobody, a program or a role's browser sends."""
        if who == "nobody":
            return {}
        return {"authorization": f"Bearer {TOKEN}"} if who == "program" else self.sessions[Role(who)].headers


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedPage]:
    """Serve it."""
    with _guarded(tmp_path_factory.mktemp("guarded") / "home") as page:
        yield page


@contextmanager
def _guarded(home: Path) -> Iterator[GuardedPage]:
    with pytest.MonkeyPatch.context() as patch:
        quick_hashes(patch)
        people = make_accounts(home)
        with served(Installation(home), machine_clock) as page:
            yield GuardedPage(page, home, people)


def _expected(who: str, method: str, path: str) -> set[int]:  # noqa: PLR0911 - one line for each kind of route
    """Return the statuses with which a route answers: 409 and 503 are those of an empty home."""
    if (method, path) == ("GET", "/health"):
        return {503}
    if (method, path) in OPEN:
        return {200, 303, 404, 422}
    if who == "nobody":
        return {401}
    if method == "GET" and path in CONTROLS:  # the preview of the exit
        return {409} if who == Role.TRADER else {403}
    if method == "GET":
        assert path in READ, f"{path} is in no list: say who may"
        return {200, 307, 404, 422, 503}
    if who == "program":
        return {403}
    return {200, 409} if Role(who).rank >= CONTROLS[path].role.rank else {403}


WHO = ("nobody", "program", *(role.value for role in Role))


@pytest.mark.parametrize("who", WHO)
def test_every_route_answers_whom_it_may(guarded: GuardedPage, who: str, tmp_path: Path) -> None:
    """The table of routes and roles; a route that is new and in no list fails."""
    wrong = {}
    for method, path in all_routes(create(Installation(tmp_path)).routes):
        if path == "/api/session/end" and who not in {"nobody", "program"}:
            continue  # it would end the session that the others use; it has a test of its own
        body = BODIES.get(path, {}) if method == "POST" else None
        asked = f"{path}/page.css" if path == "/static" else path
        answer = guarded.page.ask(asked, guarded.headers(who), body, method)
        if answer.status not in _expected(who, method, path):
            wrong[method, path] = answer.status
    assert wrong == {}


def test_a_role_that_may_not_changes_nothing_and_is_told_why(guarded: GuardedPage) -> None:
    """A viewer's halt is refused with a code and the role that may; no file halts."""
    SwitchFiles.of(guarded.home).clear(Switch.HALTED, Switch.REDUCE_ONLY)
    answer = guarded.page.ask("/api/control/halt", guarded.headers("viewer"), {"reason": "a test"})
    assert (answer.status, answer.record["code"]) == (403, "ROLE_TOO_LOW")
    assert "operator" in answer.record["message"]
    assert SwitchFiles.of(guarded.home).read() is Switch.NORMAL


def test_who_halted_stands_in_the_ledger(guarded: GuardedPage) -> None:
    """The switch names the account, and the access where it came from."""
    answer = guarded.page.ask("/api/control/halt", guarded.headers("operator"), {"reason": "smoke"})
    assert answer.status == 200, answer.text
    with open_ledger(Installation(guarded.home)) as ledger:
        switch = ledger.newest(EventKind.SWITCH_CHANGED)
        access = ledger.newest(EventKind.PAGE_ACCESSED)
    assert switch is not None
    assert switch.event.payload == SwitchChange(Switch.HALTED, "operator (page)", "smoke")
    assert access is not None
    assert access.event.payload == PageAccess("halt", "operator", "127.0.0.1", "smoke")


def test_a_halt_works_without_a_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign in and halt while the ledger cannot be opened: the file halts, and the answer says so."""
    quick_hashes(monkeypatch)
    make_accounts(tmp_path)
    (tmp_path / "ledger.sqlite").mkdir()
    with served(Installation(tmp_path), machine_clock) as page:
        answer = page.ask("/api/control/halt", SignedIn.by(page, "operator").headers, {"reason": "smoke"})
        assert (answer.status, answer.record["code"]) == (409, "LEDGER")
    assert SwitchFiles.of(tmp_path).read() is Switch.HALTED


def test_a_person_is_sent_to_the_sign_in_and_back(guarded: GuardedPage) -> None:
    """A browser that nobody has signed in with is redirected; a view that htmx fetches sends the whole page there."""
    sent = guarded.page.ask("/holdings", {"accept": "text/html"})
    assert (sent.status, sent.headers["location"]) == (303, "/sign-in?to=/holdings")
    fetched = guarded.page.ask("/holdings", {"accept": "text/html", "hx-request": "true"})
    assert (fetched.status, fetched.headers["hx-redirect"]) == (401, "/sign-in?to=/holdings")
    assert "Sign in" in guarded.page.ask("/sign-in").text
    known = guarded.page.ask("/sign-in", guarded.headers("viewer"))
    assert (known.status, known.headers["location"]) == (303, "/overview")


def test_the_cookie_is_the_server_s_alone(guarded: GuardedPage) -> None:
    """No script reads it, no other site makes a browser send it, and it ends by itself."""
    answer = guarded.page.ask("/api/session", body={"name": "viewer", "password": PASSWORD})
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert name.startswith("swing=")
    assert set(attributes) == {"Path=/", "Max-Age=43200", "HttpOnly", "SameSite=Strict"}
    assert answer.record["may"] == []
    assert "no-store" in answer.headers["cache-control"]


def test_a_wrong_password_is_401_and_too_many_are_429(guarded: GuardedPage, tmp_path: Path) -> None:
    """Coded bodies; who has to wait is told how long."""
    make_accounts(tmp_path)
    with served(Installation(tmp_path), machine_clock) as page:
        answers = [page.ask("/api/session", body={"name": "viewer", "password": "wrong"}) for _ in range(6)]
        assert [(each.status, each.record["code"]) for each in answers[:5]] == [(401, "SIGN_IN_WRONG")] * 5
        assert (answers[5].status, answers[5].record["code"]) == (429, "SIGN_IN_PAUSED")
        assert 1 <= int(answers[5].headers["retry-after"]) <= 5
        metrics = page.ask("/metrics", {"authorization": f"Bearer {TOKEN}"}).text
        assert 'swing_page_refused_total{code="SIGN_IN_WRONG"} 5.0' in metrics
    assert guarded.page.ask("/api/session", guarded.headers("viewer")).status == 200


def test_signing_out_needs_the_session_s_token_and_ends_every_copy(guarded: GuardedPage) -> None:
    """A foreign page cannot sign a person out; the person can, and a copied cookie is worth nothing then."""
    mine = SignedIn.by(guarded.page, "viewer").headers
    foreign = guarded.page.ask("/api/session/end", {"cookie": mine["cookie"]}, {})
    assert (foreign.status, foreign.record["code"]) == (403, "TOKEN_WRONG")
    ended = guarded.page.ask("/api/session/end", mine, {})
    assert ended.status == 204
    assert ended.headers["set-cookie"].startswith("swing=; Path=/; Max-Age=0")
    assert guarded.page.ask("/overview", mine).status == 401


@pytest.mark.parametrize(
    ("status", "changes"),
    [
        pytest.param(403, {"x-csrf-token": ""}, id="without the token"),
        pytest.param(403, {"x-csrf-token": "x" * 64}, id="with another token"),
        pytest.param(403, {"origin": "http://evil.example"}, id="from a foreign page"),
        pytest.param(403, {"origin": "null"}, id="from a sandboxed page"),
        pytest.param(415, {"content-type": "text/plain"}, id="as a foreign form could send it"),
        pytest.param(421, {"host": "evil.example"}, id="under a name that was rebound to this machine"),
        pytest.param(401, {"cookie": ""}, id="without the cookie"),
        pytest.param(403, {"cookie": "", "authorization": f"Bearer {TOKEN}"}, id="by a program"),
    ],
)
def test_what_a_foreign_page_sends_is_refused(guarded: GuardedPage, status: int, changes: dict[str, str]) -> None:
    """With a trader's session in the browser, nothing halts that the page itself has not sent."""
    SwitchFiles.of(guarded.home).clear(Switch.HALTED, Switch.REDUCE_ONLY)
    answer = guarded.page.ask("/api/control/halt", guarded.headers("trader") | changes, {"reason": "evil"})
    assert answer.status == status
    assert SwitchFiles.of(guarded.home).read() is Switch.NORMAL


def test_a_page_shows_the_controls_that_its_reader_may_use(guarded: GuardedPage) -> None:
    """A viewer sees no control, an operator no exit and no way to resume; nobody's pages are kept by a browser."""
    guarded.page.await_until(lambda state: state["is_ok"] is not None, guarded.headers("viewer"))
    shown = {}
    for role in Role:
        answer = guarded.page.ask("/overview", guarded.headers(role))
        assert answer.headers["cache-control"] == "no-store"
        assert f"<b>{role}</b>" in answer.text
        assert f'data-token="{guarded.headers(role)["x-csrf-token"]}"' in answer.text
        shown[role] = set(re.findall(r'data-control-open="([a-z-]+)"', answer.text))
    assert shown[Role.VIEWER] == set()
    assert not shown[Role.OPERATOR] & {"resume", "flatten"}
    assert "flatten" in shown[Role.TRADER]


def test_health_tells_everybody_whether_and_the_signed_in_what(guarded: GuardedPage) -> None:
    """A watchdog needs no account; what is wrong is nobody else's business."""
    nobody, viewer = guarded.page.ask("/health"), guarded.page.ask("/health", guarded.headers("viewer"))
    assert (nobody.status, nobody.record["is_ok"], nobody.record["failures"]) == (503, False, [])
    assert viewer.record["failures"]


def test_every_answer_carries_the_headers_that_bind_a_browser(guarded: GuardedPage) -> None:
    """Refusals too, those of the guard among them."""
    for path, headers in (("/sign-in", {}), ("/overview", {}), ("/overview", {"host": "evil.example"})):
        told = guarded.page.ask(path, headers).headers
        assert "frame-ancestors 'self'" in told["content-security-policy"]
        assert told["x-content-type-options"] == "nosniff"
        assert told["referrer-policy"] == "no-referrer"
        assert "camera=()" in told["permissions-policy"]
        assert "strict-transport-security" not in told


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"x-forwarded-proto": "https"}, 200, id="over TLS"),
        pytest.param({}, 403, id="without TLS"),
        pytest.param({"x-forwarded-proto": "https", "host": "other.example.org"}, 421, id="another name"),
    ],
)
def test_a_name_of_ours_is_served_over_tls_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], status: int
) -> None:
    """Behind a proxy that the configuration names, its word on TLS and address counts; the cookie is then secure."""
    quick_hashes(monkeypatch)
    people = make_accounts(tmp_path)
    assert people
    proxied = {"hosts": ("swing.example.org",), "proxies": ("127.0.0.1/32",)}
    door = Door(Installation(tmp_path), load_page(tmp_path).model_copy(update=proxied))
    asked = {"host": "swing.example.org", "x-forwarded-for": "192.0.2.7"} | headers
    with served(Installation(tmp_path), machine_clock, door) as page:
        answer = page.ask("/api/session", asked, {"name": "viewer", "password": PASSWORD})
        assert answer.status == status, answer.text
        if status != 200:
            return
        assert cookie_of(answer).startswith("__Host-swing=")
        assert answer.headers["set-cookie"].endswith("; Secure")
        assert "max-age" in answer.headers["strict-transport-security"]
        assert page.ask("/api/state", asked | {"cookie": cookie_of(answer)}).status == 200
    with open_ledger(Installation(tmp_path)) as ledger:
        recorded = ledger.newest(EventKind.PAGE_ACCESSED)
    assert recorded is not None
    assert recorded.event.payload == PageAccess("sign-in", "viewer", "192.0.2.7")


def test_nobody_is_believed_about_their_address(guarded: GuardedPage) -> None:
    """Without a proxy in the configuration, a header changes neither the address nor whether there is TLS."""
    forged = {"x-forwarded-for": "192.0.2.9", "x-forwarded-proto": "https", "forwarded": "for=192.0.2.9;proto=https"}
    answer = guarded.page.ask("/api/session", forged, {"name": "viewer", "password": PASSWORD})
    assert "Secure" not in answer.headers["set-cookie"]
    with open_ledger(Installation(guarded.home)) as ledger:
        recorded = ledger.newest(EventKind.PAGE_ACCESSED)
    assert recorded is not None
    assert recorded.event.payload == PageAccess("sign-in", "viewer", "127.0.0.1")


def test_an_account_taken_away_in_a_terminal_is_out_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page that is being served needs no restart; when the last account is gone it stays closed."""
    quick_hashes(monkeypatch)
    make_accounts(tmp_path)
    with served(Installation(tmp_path), machine_clock) as page:
        session = SignedIn.by(page, "viewer").headers
        assert page.ask("/api/state", session).status == 200
        for name in list(Accounts(tmp_path).all()):
            Accounts(tmp_path).remove(name)
        assert page.ask("/api/state", session).status == 401
        assert page.ask("/api/state").status == 401


def test_the_api_keeps_its_promise_behind_the_door(tmp_path: Path) -> None:
    """Whatever nobody and a program ask, the answer is one that OpenAPI describes, and changes nothing."""
    with _guarded(tmp_path) as guarded:
        program = guarded.headers("program")
        schema = schemathesis.openapi.from_url(f"{guarded.page.address}/openapi.json", headers=program)
        with open_ledger(Installation(guarded.home)) as ledger:
            before = ledger.head()
        for found in schema.get_all_operations():
            assert isinstance(found, Ok), found.err()

            @given(case=found.ok().as_strategy(), headers=sampled_from(({}, program)))
            @settings(max_examples=3, deadline=None, database=None, suppress_health_check=list(HealthCheck))
            def probe(case: Any, headers: dict[str, str]) -> None:  # noqa: ANN401 - Schemathesis' own
                answer = case.call_and_validate(headers=headers, excluded_checks=[not_a_server_error], timeout=PATIENCE)
                assert answer.status_code != 500

            probe()
        with open_ledger(Installation(guarded.home)) as ledger:
            assert ledger.head() == before

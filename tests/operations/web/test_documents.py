"""Documents and their worker: computed once for each state, served from memory, each failure alone."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from execution.errors import LedgerBusyError
from execution.installation import Installation
from execution.ledger.events import Event, Scope, SwitchChange
from execution.models import Switch
from execution.service import machine_clock, open_ledger
from operations.web import documents
from operations.web.documents import Documents, View, WorkerBusyError
from warehouse.errors import LakeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from operations.web.reading import Reading

PATIENCE = 30


@contextmanager
def _working(home: Path, *views: View) -> Iterator[Documents]:
    kept = Documents(Installation(home), {view.name: view for view in views}, machine_clock)
    kept.start()
    try:
        yield kept
    finally:
        kept.stop()


def _await(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _sequence(reading: Reading) -> dict[str, Any]:
    return {"sequence": reading.ledger.head()[0]}


def _broken(_reading: Reading) -> dict[str, Any]:
    raise LakeError("There is no warehouse.")


def _unforeseen(_reading: Reading) -> dict[str, Any]:
    raise ZeroDivisionError("by zero")


def test_a_view_that_fails_is_a_coded_failure_in_that_view_alone(tmp_path: Path) -> None:
    """An expected failure has its class for a code and its words; one that nobody expected is told as such."""
    views = (View("broken", _broken), View("unforeseen", _unforeseen), View("sound", _sequence))
    with _working(tmp_path, *views) as kept:
        _await(lambda: kept.get("sound") is not None)
        failures = {document.view: document.failure for document in kept.all() if document.failure}
    assert failures.keys() == {"broken", "unforeseen"}
    assert (failures["broken"].code, failures["broken"].message) == ("LAKE", "There is no warehouse.")
    assert failures["broken"].exit_code == LakeError.exit_code
    assert failures["unforeseen"].code == "UNEXPECTED"


def test_a_view_that_failed_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was in its way may have passed, and changes neither warehouse nor ledger."""
    monkeypatch.setattr(documents, "FAILED_SECONDS", 0.1)
    monkeypatch.setattr(documents, "LOOK_SECONDS", 0.05)
    tried: list[int] = []

    def busy_once(_reading: Reading) -> dict[str, Any]:
        tried.append(1)
        if len(tried) == 1:
            raise LedgerBusyError("Another process writes.")
        return {"tried": len(tried)}

    with _working(tmp_path, View("busy", busy_once)) as kept:
        _await(lambda: (found := kept.get("busy")) is not None and found.failure is None)
        time.sleep(0.3)
    assert len(tried) == 2


def test_a_document_is_computed_once_for_each_state_of_the_ledger(tmp_path: Path) -> None:
    """Nothing new leaves the document as it is; a new event makes a new one, and the old is served until then."""
    computed: list[int] = []

    def counting(reading: Reading) -> dict[str, Any]:
        computed.append(reading.ledger.head()[0])
        return {"sequence": computed[-1]}

    with _working(tmp_path, View("counting", counting)) as kept:
        _await(lambda: kept.get("counting") is not None)
        first = kept.get("counting")
        kept.look_soon()
        with open_ledger(Installation(tmp_path)) as ledger:
            ledger.append(Event(Scope(""), SwitchChange(Switch.HALTED, "a test", "")))
        kept.look_soon()
        _await(lambda: kept.get("counting") is not first)
        document = kept.get("counting")
        assert document is not None
        assert not kept.is_stale(document)
    assert computed == sorted(set(computed))


def test_the_same_question_is_computed_once_for_all_who_wait(tmp_path: Path) -> None:
    """Whoever asks while it is being computed shares the answer, and it is kept while nothing changes."""
    computed: list[str] = []

    def slow(_reading: Reading) -> dict[str, Any]:
        computed.append("once")
        return {"answer": 42}

    with _working(tmp_path, View("sound", _sequence)) as kept:
        _await(lambda: kept.get("sound") is not None)
        asked = [kept.ask("question", slow) for _ in range(5)]
        answers = [each.result(PATIENCE).body for each in asked]
        answers.append(kept.ask("question", slow).result(PATIENCE).body)
    assert answers == [{"answer": 42}] * 6
    assert computed == ["once"]


def test_too_many_questions_are_refused(tmp_path: Path) -> None:
    """One is computed and a few wait; the next is told to come again, and the waiting ones are answered."""
    gate, begun = threading.Event(), threading.Event()

    def held(_reading: Reading) -> dict[str, Any]:
        begun.set()
        gate.wait(PATIENCE)
        return {}

    with _working(tmp_path, View("sound", _sequence)) as kept:
        _await(lambda: kept.get("sound") is not None)
        asked = [kept.ask("first", held)]
        assert begun.wait(PATIENCE)
        asked += [kept.ask(number, held) for number in range(documents.MOST_WAITING)]
        with pytest.raises(WorkerBusyError):
            kept.ask("one more", held)
        gate.set()
        assert [each.result(PATIENCE).failure for each in asked] == [None] * len(asked)

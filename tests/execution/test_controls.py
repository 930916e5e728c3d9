"""The kill switch works when nothing else does, and says what is so."""

from __future__ import annotations

import getpass
import resource
import subprocess
from typing import TYPE_CHECKING

import pytest
from command_line import SWING, Swing

from execution import controls, service, switch_files
from execution.errors import ExecutionError, LedgerError
from execution.installation import Installation
from execution.models import Switch
from execution.switch_files import SwitchFiles

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An installation whose switch files fall back to a folder of the test."""
    fallback = tmp_path / "fallback"
    fallback.mkdir()
    monkeypatch.setattr(switch_files, "FALLBACKS", (fallback,))
    return Installation(tmp_path / "home")


def _halt(here: Installation) -> str:
    return "\n".join(controls.halt(here, controls.Halt(reason="a fire")))


def _recorded(here: Installation, account: str) -> Switch:
    with service.open_ledger(here) as ledger:
        return ledger.switch(account)


def test_a_halt_names_ledger_and_account(here: Installation) -> None:
    """A person sees where the halt went: a second ledger would otherwise swallow it."""
    here.home.mkdir()
    (here.home / "portfolio.yaml").write_text("broker: {account: DU1234567}\n", encoding="utf-8")
    said = _halt(here)
    assert "account DU1234567" in said
    assert f"sqlite:///{here.home / 'ledger.sqlite'}" in said
    assert _recorded(here, "DU1234567") is Switch.HALTED
    assert _recorded(here, "DU7654321") is Switch.NORMAL


def test_a_halt_needs_no_configuration(here: Installation) -> None:
    """With a portfolio.yaml that cannot be read, every account is halted, restricted and resumed."""
    here.home.mkdir()
    (here.home / "portfolio.yaml").write_text("universe: [SPY\n" + "[" * 3000, encoding="utf-8")
    assert "every account" in _halt(here)
    assert _recorded(here, "DU1234567") is Switch.HALTED
    assert "only sells" in "".join(controls.reduce_only(here, ""))
    assert SwitchFiles.of(here.home).read() is _recorded(here, "DU1234567") is Switch.REDUCE_ONLY
    assert "goes on" in "".join(controls.resume(here, "", is_accepting=False))
    assert SwitchFiles.of(here.home).read() is _recorded(here, "DU1234567") is Switch.NORMAL


@pytest.mark.parametrize("error", [KeyError("uid not found"), OSError("no username"), ImportError("pwd")])
def test_a_halt_needs_no_user_name(here: Installation, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """A container may run under a uid that no list of users knows."""

    def nobody() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", nobody)
    _halt(here)
    with service.open_ledger(here) as ledger:
        assert "uid " in ledger.rows()[-1]["payload"]


def test_a_halt_needs_no_ledger(here: Installation) -> None:
    """Where the ledger is broken a file halts; the error says so, and what to do in TWS."""
    here.home.mkdir()
    (here.home / "ledger.sqlite").write_text("this is no database", encoding="utf-8")
    with pytest.raises(LedgerError, match=r"(?s)halted.*HALTED.*could not record.*TWS"):
        _halt(here)
    assert SwitchFiles.of(here.home).read() is Switch.HALTED
    with pytest.raises(LedgerError):
        list(controls.resume(here, "", is_accepting=False))
    assert SwitchFiles.of(here.home).read() is Switch.HALTED


def test_a_halt_needs_no_home(here: Installation, tmp_path: Path) -> None:
    """Where the home cannot be written the file stands in the fallback place, where trading finds it."""
    here.home.write_text("a file where the home should be", encoding="utf-8")
    with pytest.raises(LedgerError, match="halted"):
        _halt(here)
    assert len(list((tmp_path / "fallback").iterdir())) == 1
    assert SwitchFiles.of(here.home).read() is Switch.HALTED


def test_what_could_not_be_halted_is_said(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """With neither ledger nor file nobody may believe that trading is halted."""
    monkeypatch.setattr(switch_files, "FALLBACKS", ())
    here.home.write_text("a file where the home should be", encoding="utf-8")
    with pytest.raises(LedgerError, match="TRADING IS NOT RESTRICTED"):
        _halt(here)


def test_a_file_that_stays_is_said(here: Installation) -> None:
    """A file that cannot be removed goes on halting, so trading does not go on."""
    _halt(here)
    (here.home / "HALTED").unlink()
    (here.home / "HALTED").mkdir()
    with pytest.raises(ExecutionError, match="cannot be removed"):
        list(controls.resume(here, "", is_accepting=False))


def test_a_file_is_as_strict_as_the_ledger(here: Installation) -> None:
    """A trading path obeys the stricter of the two, whichever was written last."""
    with service.open_ledger(here) as ledger:
        context = service.trading_context(here, ledger)
        assert context.switch() is Switch.NORMAL
        context.files.post(Switch.REDUCE_ONLY, "")
        assert context.switch() is Switch.REDUCE_ONLY
        context.files.post(Switch.HALTED, "")
        assert context.switch() is Switch.HALTED
        context.files.clear(Switch.HALTED, Switch.REDUCE_ONLY)
    _halt(here)
    SwitchFiles.of(here.home).clear(Switch.HALTED)
    with service.open_ledger(here) as ledger:
        assert service.trading_context(here, ledger).switch() is Switch.HALTED


def test_a_full_disk_takes_a_halt(tmp_path: Path) -> None:
    """No file may grow: the ledger refuses, and an empty file halts. The command says so, with the ledger's code."""
    swing = Swing(tmp_path / "home")
    swing.home.mkdir()
    done = subprocess.run(
        [SWING, "halt", "--flatten"],
        env=swing.environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
    )
    assert done.returncode == 14, done.stderr
    assert "Trading is halted" in done.stderr
    assert "Traceback" not in done.stderr
    assert (swing.home / "HALTED").stat().st_size == 0
    assert swing("resume").code == 0
    assert not (swing.home / "HALTED").exists()


def test_a_symbol_is_released_and_taken_back(here: Installation) -> None:
    """A released symbol is not ours, whether by the universe or by earlier orders, until that is undone."""
    assert "XLE is yours" in "".join(controls.release(here, "XLE", "delisted", is_undone=False))
    with service.open_ledger(here) as ledger:
        assert service.trading_context(here, ledger).ours(["XLE", "SPY"]) == {"SPY"}
    list(controls.release(here, "XLE", "", is_undone=True))
    with service.open_ledger(here) as ledger:
        assert service.trading_context(here, ledger).ours(["XLE", "SPY"]) == {"SPY", "XLE"}

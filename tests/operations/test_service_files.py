"""Files of the service manager: they say the right home, are written once, and a person's changes stay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from dagster_defs.cli.installing import install
from execution.installation import Installation
from operations.service_files import FileState, Services, write
from warehouse.errors import ConfigurationError, MachineError

TEMPLATES = Path(__file__).parents[2] / "deploy"
DAEMON = "swing-daemon.service"


@pytest.fixture
def services(tmp_path: Path) -> Services:
    """Services of a user, whose home has an odd name."""
    return Services(
        program=Path("/opt/swing/.venv/bin/swing"),
        home=tmp_path / "100% $odd home",
        backups=tmp_path / "$backups",
        templates=TEMPLATES,
        units=tmp_path / "units",
    )


def _texts(services: Services) -> dict[str, str]:
    return {file.path.name: file.text for file in services.files()}


def test_units_name_this_program_and_this_home(services: Services) -> None:
    """Whatever signs are in a path, the service manager reads the path: its own signs are doubled."""
    texts = _texts(services)
    assert "ExecStart=/opt/swing/.venv/bin/swing dev --port 3000" in texts[DAEMON]
    assert f'Environment="SWING_HOME={services.home.parent}/100%% $odd home" SWING_LOG=json' in texts[DAEMON]
    assert f"swing backup {services.backups.parent}/$$backups" in texts["swing-backup.service"]
    assert "WantedBy=default.target" in texts[DAEMON]
    assert not [text for text in texts.values() if "User=" in text]


def test_services_of_the_system_are_locked_in(services: Services) -> None:
    """They run as a user of their own, write where they must alone, and read each secret as a credential."""
    secret = Path("/etc/swing/secrets/alert_phone")
    texts = _texts(replace(services, user="swing", secrets=(secret,), logrotate=services.units / "logrotate"))
    for name, text in texts.items():
        if name.endswith(".service"):
            assert "User=swing\n" in text
            assert "ProtectSystem=strict" in text
            assert f"LoadCredential=alert_phone:{secret}" in text
            assert f'ReadWritePaths="{services.home.parent}/100%% $odd home" -{services.backups}\n' in text
    assert "WantedBy=multi-user.target" in texts[DAEMON]
    assert "su swing swing" in texts["logrotate"]


def test_writing_twice_changes_nothing(services: Services) -> None:
    """What stands there already is left, and anybody can read it."""
    assert len(write(services.files(), is_forced=False)) == len(services.files())
    assert write(services.files(), is_forced=False) == []
    assert {file.state for file in services.files()} == {FileState.SAME}
    assert {file.path.stat().st_mode & 0o777 for file in services.files()} == {0o644}


def test_a_file_of_an_earlier_version_is_brought_up_to_date(services: Services) -> None:
    """Nobody has touched it, as its digest shows."""
    write(services.files(), is_forced=False)
    moved = replace(services, program=Path("/elsewhere/swing"))
    written = write(moved.files(), is_forced=False)
    assert {file.path.suffix for file in written} == {".service"}
    assert "ExecStart=/elsewhere/swing dev" in (services.units / DAEMON).read_text(encoding="utf-8")


def test_a_file_that_a_person_has_changed_is_kept(services: Services) -> None:
    """Nothing at all is written beside it; --force overwrites it."""
    write(services.files(), is_forced=False)
    mine = services.units / DAEMON
    mine.write_text(mine.read_text(encoding="utf-8").replace("RestartSec=10", "RestartSec=60"), encoding="utf-8")
    moved = replace(services, program=Path("/elsewhere/swing"))
    with pytest.raises(MachineError, match=DAEMON):
        write(moved.files(), is_forced=False)
    assert "RestartSec=60" in mine.read_text(encoding="utf-8")
    assert "/elsewhere" not in (services.units / "swing-page.service").read_text(encoding="utf-8")
    write(moved.files(), is_forced=True)
    assert "RestartSec=60" not in mine.read_text(encoding="utf-8")


def test_a_path_that_no_unit_can_name_is_refused(services: Services) -> None:
    """A line break would end the setting, and begin another."""
    with pytest.raises(ConfigurationError, match="line break"):
        replace(services, home=Path("/srv/one\nUser=root")).files()


def test_a_dry_run_shows_everything_and_writes_nothing(tmp_path: Path) -> None:
    """Each file with its place, and the commands that follow."""
    into = tmp_path / "units"
    said = CliRunner().invoke(
        install, ["--dry-run", "--system", "--into", str(into)], obj=Installation(tmp_path / "home")
    )
    assert said.exit_code == 0
    assert not into.exists()
    assert f"# {into / DAEMON}: new" in said.output
    assert f"install -d -m 700 -o swing -g swing '{tmp_path / 'home'}' '/var/backups/swing'" in said.output
    assert "systemctl enable --now swing-daemon.service" in said.output


def test_installing_says_of_each_file_what_was_done(tmp_path: Path) -> None:
    """The second time says that everything is there."""
    asked = ["--into", str(tmp_path / "units")]
    first, second = (CliRunner().invoke(install, asked, obj=Installation(tmp_path / "home")) for _ in range(2))
    assert f"wrote {tmp_path / 'units' / DAEMON} (new)" in first.output
    assert f"left {tmp_path / 'units' / DAEMON} (the same already)" in second.output
    assert "systemctl --user daemon-reload" in second.output

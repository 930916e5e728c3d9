"""The image and the composition: what they hold, whom they listen to, and where secrets are."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from dagster_defs.cli.main import COMMANDS, main
from warehouse import version

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_comes_back_and_listens_to_this_machine_alone(name: str) -> None:
    """It restarts, has a healthcheck of its own or its image's, publishes on loopback, and rotates its log."""
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert "healthcheck" in service or name == "page"
    assert service["logging"]["options"]["max-size"]
    assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", []))
    if service.get("network_mode") == "host":
        told = " ".join(map(str, [*service.get("command", []), *service.get("environment", {}).values()]))
        assert "0.0.0.0" not in told  # noqa: S104 - refused
        assert "127.0.0.1" in told or service["image"].startswith("swing-portfolio:")


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_are_files(name: str) -> None:
    """No password stands in the environment, where every process and `docker inspect` would show it."""
    service = SERVICES[name]
    for variable, value in service.get("environment", {}).items():
        if re.search(r"PASSWORD|TOKEN|SECRET|KEY", variable):
            assert variable.endswith("_FILE")
            assert str(value).removeprefix("/run/secrets/") in service["secrets"]
    assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys()


def test_commands_of_the_composition_exist() -> None:
    """Each `swing …` in it is a command with these options."""
    scripts = [" ".join(service.get("command", [])) for service in SERVICES.values()]
    found = [each.split() for script in scripts for each in re.findall(r"swing ([a-z]+(?: [-/\w]+)*)", script)]
    assert {words[0] for words in found} == {"dev", "serve", "watchdog", "backup"}
    for command, *options in found:
        known = main.get_command(click.Context(main), command)
        assert known is not None
        known.make_context(command, options)
    assert {words[0] for words in found} <= COMMANDS.keys()


def test_the_image_holds_every_package_and_nothing_private() -> None:
    """What is not named is left out: homes, keys, tests, history."""
    lines = (ROOT / "deploy/Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    named = {line.removeprefix("!") for line in lines if line.startswith("!")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "*" in lines
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= named
    assert {project["project"]["readme"], *project["project"]["license-files"], "dagster.yaml"} <= named
    assert all((ROOT / name).exists() for name in named)
    assert not {".git", ".swing", "tests", "deploy"} & named


def test_the_image_runs_as_nobody_in_particular_from_pinned_parts() -> None:
    """A numeric user, a version of Python to the patch, dependencies by hash, wheels alone: no compiler."""
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER (\d+):\1$", last, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"python:3.11.13-slim-bookworm"}
    assert DOCKERFILE.count("--require-hashes --only-binary :all:") == 2
    assert not re.search(r"apt-get|build-essential|\bgcc\b", DOCKERFILE)
    assert "/health" in last


def test_an_image_tells_its_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It has no git; targets that other code has built must show as such."""
    (tmp_path / "warehouse").mkdir()
    monkeypatch.setattr(version, "__file__", str(tmp_path / "warehouse/version.py"))
    without = version.code_version()
    (tmp_path / "COMMIT").write_text("abc1234\n", encoding="utf-8")
    assert version.code_version() == f"{without} abc1234".strip()

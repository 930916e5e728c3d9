"""Documents agree with the code: commands, options, files, and the tables made from the code."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click
import duckdb
import pytest

from dagster_defs.cli.exit_codes import NOT_OURS, meanings
from dagster_defs.cli.main import COMMANDS, main
from execution import errors as execution_errors
from execution.brokers.tws.codes import CodeSet
from execution.refusals import RefusalCode
from execution.statements.codes import ExceptionCode
from operations import errors as operations_errors
from operations.access.refusals import AccessCode
from operations.codes import CODES, CodeKind, error_classes
from warehouse import errors as warehouse_errors
from warehouse.errors import SwingError
from warehouse.validation import QuarantineCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "benchmarks/README.md"])
FOLDERS = (
    "warehouse",
    "research",
    "execution",
    "operations",
    "dagster_defs",
    "dbt_project",
    "tests",
    "docs",
    "benchmarks",
    "deploy",
    "requirements",
)
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _exit_codes() -> str:
    kinds = error_classes()
    rows = []
    for number, meaning in meanings().items():
        code = CODES[kinds[number].__name__] if number in kinds else None
        passes = "" if code is None else "yes" if code.is_transient else "no"
        rows.append(
            f"| {number} | {f'`{code.code}`' if code else ''} | {passes} | {meaning} | {code.remedy if code else ''} |"
        )
    return "\n".join(
        ["| exit code | error | passes by itself | meaning | what to do |", "|---|---|---|---|---|", *rows]
    )


def _checks() -> str:
    checks = [code for code in CODES.values() if code.kind is CodeKind.CHECK]
    rows = [
        f"| `{each.code}` | {'yes' if each.is_transient else 'no'} | {each.cause} | {each.remedy} |" for each in checks
    ]
    return "\n".join(["| check | passes by itself | it holds if | what to do if not |", "|---|---|---|---|", *rows])


def _access_codes() -> str:
    rows = [f"| {each.status} | `{each}` | {each.meaning} | {each.remedy} |" for each in AccessCode]
    return "\n".join(["| status | code | meaning | what to do |", "|---|---|---|---|", *rows])


def _quarantine_codes() -> str:
    rows = [f"| `{code}` | {code.description} |" for code in QuarantineCode]
    return "\n".join(["| code | meaning |", "|---|---|", *rows])


def _gates() -> str:
    register = (ROOT / "dbt_project/models/quality/gates.sql").read_text(encoding="utf-8")
    rows = [
        f"| `{code}` | {allowed:g} {unit} | {'yes' if is_certain else 'no'} | {meaning} | {remedy} |"
        for code, allowed, is_certain, unit, meaning, remedy in duckdb.sql(register).fetchall()
    ]
    return "\n".join(["| code | allowed | certain | meaning | what to do |", "|---|---|---|---|---|", *rows])


def _refusals() -> str:
    rows = [f"| `{code}` | {code.meaning} |" for code in RefusalCode]
    return "\n".join(["| refusal | meaning, and what to do |", "|---|---|", *rows])


def _broker_codes() -> str:
    rows = []
    for known in CodeSet:
        traits = known.value
        if not traits.codes:
            continue
        codes = ", ".join(str(code) for code in sorted(traits.codes)) + (f" “{traits.text}”" if traits.text else "")
        rows.append(f"| {codes} | {traits.area} | {traits.fault} | {traits.meaning} | {traits.remedy} |")
    return "\n".join(["| code | about | class | meaning | what to do |", "|---|---|---|---|---|", *rows])


def _exceptions() -> str:
    rows = [f"| `{code}` | {code.demand} | {code.remedy} |" for code in ExceptionCode]
    return "\n".join(["| exception | it would not be there if | before you sign |", "|---|---|---|", *rows])


CODES_PAGE, RUNBOOK = ROOT / "docs/codes.md", ROOT / "docs/runbook.md"
TABLES = {
    "exit codes": (CODES_PAGE, _exit_codes),
    "checks": (CODES_PAGE, _checks),
    "access codes": (CODES_PAGE, _access_codes),
    "exceptions": (CODES_PAGE, _exceptions),
    "quarantine codes": (CODES_PAGE, _quarantine_codes),
    "gates": (CODES_PAGE, _gates),
    "refusals": (RUNBOOK, _refusals),
    "broker codes": (RUNBOOK, _broker_codes),
}


def _shell_lines(document: str) -> Iterator[str]:
    """Command lines of the document: after `$ ` in console blocks, every line of bash blocks."""
    for kind, block in BLOCK.findall(document):
        for line in block.replace("\\\n", " ").splitlines():
            if kind == "bash" or line.startswith("$ "):
                yield line.removeprefix("$ ")


def _commands(line: str) -> Iterator[list[str]]:
    """Split a line into its commands, without what stands before the program."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if not set(word) <= set("|&;<>"):
            words.append(word)
            continue
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words.pop(0)
        if words:
            yield [words[0].removeprefix(".venv/bin/"), *words[1:]]
        words = []


def _problem(words: list[str]) -> str | None:
    """Say what does not exist of a command of ours."""
    program, *arguments = words
    if program == "make":
        named = {word for word in arguments if "=" not in word and not word.startswith("-")}
        return f"no target {named - TARGETS}" if named - TARGETS else None
    if program != "swing" or not arguments or arguments[0].startswith("-"):
        return None
    command = main.get_command(click.Context(main), arguments[0])
    if command is None:
        return f"no command {arguments[0]}"
    wanted = [word for word in arguments[1:] if word not in {"-h", "--help"}]
    try:
        command.make_context(arguments[0], wanted)
    except click.UsageError as error:
        return error.format_message()
    return None


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_documented_commands_exist(path: Path) -> None:
    """Each `make` names a target, and each `swing` a command with options that it has."""
    lines = list(_shell_lines(path.read_text(encoding="utf-8")))
    wrong = [(line, problem) for line in lines for words in _commands(line) if (problem := _problem(words)) is not None]
    assert wrong == []


@pytest.mark.parametrize(
    "line",
    [
        "make demmo",
        "swing sell",
        "SWING_HOME=x .venv/bin/swing weights --asoff 2020-01-02",
        "swing backtest && swing walkforward --folder reports",
        'swing sql --at now "from runs"',
    ],
)
def test_a_wrong_command_is_noticed(line: str) -> None:
    """A target, command, option or value that does not exist is a problem."""
    assert any(_problem(words) for words in _commands(line))


def test_the_readme_shows_every_command() -> None:
    """Every command of `swing` stands in the README."""
    readme = README.read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"swing {name}" not in readme] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    """A link or picture that is no web address leads to a file or folder of the repository."""
    text = BLOCK.sub("", path.read_text(encoding="utf-8"))
    links = re.findall(r"\]\(<?([^)\s>]+)", text)
    files = [link.partition("#")[0] for link in links if not re.match(r"[a-z]+:|#", link)]
    assert [file for file in files if not (path.parent / file).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_named_files_exist(path: Path) -> None:
    """A file or folder of the repository that stands between backticks is there; NAME stands for a new one."""
    named = re.findall(rf"`((?:{'|'.join(FOLDERS)})/[^`\s]*)`", path.read_text(encoding="utf-8"))
    assert [name for name in named if "NAME" not in name and not (ROOT / name).exists()] == []


def test_the_readme_is_short() -> None:
    """The README has at most 250 lines of at most 120 characters."""
    lines = README.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 250
    assert [line for line in lines if len(line) > 120] == []


def test_contributing_answers_seven_questions() -> None:
    """CONTRIBUTING says for each kind of addition which files it takes, and which test proves it."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    answers = dict(re.findall(r"^### … an? (\w+)(.*?)(?=^##)", text, re.MULTILINE | re.DOTALL))
    assert sorted(answers) == ["broker", "metric", "page", "parameter", "rule", "score", "source"]
    assert [kind for kind, answer in answers.items() if "\n1. `" not in answer or "**Proof:** " not in answer] == []


@pytest.mark.parametrize("name", TABLES)
def test_a_table_repeats_the_code(name: str) -> None:
    """The table between its markers is the one made from the code."""
    document, table = TABLES[name]
    tables = re.findall(
        rf"<!-- {name} -->\n+(.*?)\n+<!-- /{name} -->",
        document.read_text(encoding="utf-8"),
        re.DOTALL,
    )
    assert tables == [table()]


def test_every_error_has_an_exit_code_of_its_own() -> None:
    """No two error classes share a code, and each code is listed with the class that sets it."""
    setting = [
        kind
        for module in (warehouse_errors, execution_errors, operations_errors)
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, SwingError)
        and "exit_code" in vars(kind)
        and kind is not SwingError
    ]
    assert sorted(kind.exit_code for kind in setting) == list(error_classes())
    assert SwingError.exit_code in NOT_OURS


def test_the_help_lists_every_exit_code() -> None:
    """`swing --help` says what each exit code means."""
    words = " ".join(main.get_help(click.Context(main)).split())
    assert [code for code, meaning in meanings().items() if f" {code} {meaning}" not in words] == []


@pytest.mark.parametrize(
    "module", [warehouse_errors, execution_errors, operations_errors], ids=lambda module: module.__name__
)
def test_the_tree_of_errors_is_drawn_as_it_is(module: ModuleType) -> None:
    """The tree in the module's docstring names each of its classes with its exit code."""
    drawn = dict(re.findall(r"─ (\w+) +(\d+) ", module.__doc__ or ""))
    kinds = [kind for kind in error_classes().values() if kind.__module__ == module.__name__]
    assert drawn == {kind.__name__: str(kind.exit_code) for kind in kinds}

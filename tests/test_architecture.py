"""The rules that keep the house in order, read from the source without running any of it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "warehouse": {"warehouse"},
    "research": {"warehouse", "research"},
    "execution": {"warehouse", "execution"},
    "dagster_defs": {"warehouse", "research", "execution", "dagster_defs"},
}
READS_ENVIRONMENT = {
    "dagster_defs/environment.py",
    "warehouse/transformation/runner.py",  # hands dbt's profile what it reads
}
ATTACHES_LAKE = {"warehouse/lake.py"}
LONGEST_MODULE = 350
MODELS = ROOT / "dbt_project" / "models"
MACROS = ROOT / "dbt_project" / "macros"

PRODUCT = sorted(path for package in MAY_IMPORT for path in (ROOT / package).rglob("*.py"))
MODULES = PRODUCT + sorted(path for folder in ("tests", "benchmarks") for path in (ROOT / folder).rglob("*.py"))


def _named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imported(tree: ast.Module) -> set[str]:
    """Dotted names of every imported module and of every name taken from one."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"line {node.lineno}: a relative import hides its direction"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _strings(tree: ast.Module) -> list[str]:
    """Every text of the program, its documentation left out."""
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
    ]


def _jinja(sql: str) -> str:
    """Return what dbt evaluates: its expressions and statements, without comments."""
    without_comments = re.sub(r"\{#.*?#\}", "", sql, flags=re.DOTALL)
    return "\n".join(re.findall(r"\{[{%].*?[%}]\}", without_comments, re.DOTALL))


def _statements(sql: str) -> str:
    """Return the SQL without the comments of either language."""
    return re.sub(r"--[^\n]*|\{#.*?#\}", "", sql, flags=re.DOTALL)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_one_way(package: str) -> None:
    """Nothing imports dagster_defs; research and execution import the warehouse, and never each other."""
    forbidden = MAY_IMPORT.keys() - MAY_IMPORT[package]
    wrong = {
        _named(path): sorted(backwards)
        for path in (ROOT / package).rglob("*.py")
        if (backwards := {n for n in _imported(_tree(path)) if n.split(".")[0] in forbidden})
    }
    assert not wrong


def test_the_product_does_not_need_its_tests() -> None:
    """No module of the product imports from tests or benchmarks."""
    helpers = {path.stem for path in (ROOT / "tests").rglob("*.py")} | {"tests", "benchmarks"}
    assert not {
        _named(path): wrong
        for path in PRODUCT
        if (wrong := {name.split(".")[0] for name in _imported(_tree(path))} & helpers)
    }


def test_only_the_environment_module_reads_the_environment() -> None:
    """os.environ and os.getenv stand in the named modules alone."""
    reading = {
        _named(path)
        for path in PRODUCT
        if _imported(_tree(path)) & {"os.environ", "os.getenv"}
        or re.search(r"\bos\.(environ|getenv)\b", ast.unparse(_tree(path)))
    }
    assert reading == READS_ENVIRONMENT


def test_only_the_lake_attaches() -> None:
    """No module but the lake's, and no SQL, attaches: one place knows the catalog."""
    attaching = {
        _named(path) for path in PRODUCT if any(re.search(r"\bATTACH\b", text) for text in _strings(_tree(path)))
    }
    attaching |= {
        _named(path)
        for path in (ROOT / "dbt_project").rglob("*.sql")
        if "target" not in path.parts
        and re.search(r"\battach\b", _statements(path.read_text(encoding="utf-8")), re.IGNORECASE)
    }
    assert attaching == ATTACHES_LAKE


@pytest.mark.parametrize("path", MODULES, ids=_named)
def test_a_module_is_short_and_says_its_purpose(path: Path) -> None:
    """A module has at most 350 lines, and its first line is a docstring."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_MODULE
    assert text.startswith('"""')
    assert ast.get_docstring(ast.parse(text))


def test_the_strategy_is_sql_alone() -> None:
    """There is no Python model."""
    assert not list(MODELS.rglob("*.py"))


@pytest.mark.parametrize("path", sorted(MODELS.rglob("*.sql")), ids=_named)
def test_a_model_is_plain_sql(path: Path) -> None:
    """A model neither recurses nor queries the lake while dbt compiles it."""
    sql = path.read_text(encoding="utf-8")
    assert not re.search(r"\brecursive\b", _statements(sql), re.IGNORECASE)
    assert not re.search(r"\b(run_query|statement|execute|load_result|graph)\b", _jinja(sql))


@pytest.mark.parametrize("path", sorted(MACROS.rglob("*.sql")), ids=_named)
def test_a_macro_says_what_it_is_for(path: Path) -> None:
    """A macro stands right below the comment that explains it, and refers to no model."""
    sql = path.read_text(encoding="utf-8")
    macros = re.findall(r"(.*)\n\{%-? *(?:macro|test) (\w+)", sql)
    assert [name for line_above, name in macros if not line_above.endswith("#}")] == []
    assert sql.startswith("{#")
    assert not re.search(r"\b(ref|source)\(", _jinja(sql))

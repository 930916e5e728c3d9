"""Rules of the house: each reads the source of every module, and returns the faults that it finds."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Tree = Mapping[str, ast.Module]
    Rule = Callable[[Tree], set[str]]

PACKAGES = {
    "warehouse": set[str](),
    "research": {"warehouse"},
    "execution": {"warehouse"},
    "operations": {"warehouse", "research", "execution"},
    "dagster_defs": {"warehouse", "research", "execution", "operations"},
}
"""The packages of the product, with the others that each may import."""

ROOMS = {
    "warehouse/calendar/": {"warehouse.errors", "warehouse.files"},
    "warehouse/settings/": {"warehouse.errors", "warehouse.files", "warehouse.calendar", "warehouse.symbols"},
    "warehouse/sources/": {
        "warehouse.errors",
        "warehouse.calendar",
        "warehouse.settings",
        "warehouse.symbols",
        "warehouse.validation",  # the gate that a failing source is judged by
    },
    "research/statistics/": {"warehouse.errors"},
    "research/report/facts/": {
        "warehouse",
        "research.readers",
        "research.statistics",
        "research.permutation",
        "research.dearer_trading",  # the one fact that is computed and not read
        "research.report.formats",
        "research.report.interpretation",
        "research.report.names",
    },
    "research/report/pictures/": {
        "research.readers",
        "research.statistics",
        "research.report.facts",
        "research.report.formats",
        "research.report.names",
    },
    "execution/planning/": {
        "warehouse.calendar",
        "warehouse.settings",
        "execution.models",
        "execution.errors",
        "execution.refusals",
        "execution.targets",
    },
    "execution/ledger/": {
        "warehouse.errors",
        "warehouse.calendar",
        "warehouse.settings",
        "execution.models",
        "execution.errors",
        "execution.refusals",
        "execution.brokers.base",  # the faults of the seam
        "execution.brokers.statements",  # the values of its statements
    },
    "execution/brokers/": {
        "warehouse.errors",
        "warehouse.calendar",
        "warehouse.settings",
        "warehouse.sources",
        "warehouse.symbols",
        "execution.models",
        "execution.errors",
    },
    "execution/simulator/": {
        "warehouse.errors",
        "warehouse.calendar",
        "warehouse.sources",
        "execution.models",
        "execution.errors",
        "execution.brokers",
    },
}
"""Rooms that must stay independent, with all of the product that each may import besides itself."""

CLIENT_LIBRARY = ("execution/brokers/tws/library.py",)
LIBRARIES = {
    "apprise": ("operations/alerts/channels.py",),
    "arch": ("research/statistics/",),
    "argon2": ("operations/access/",),
    "click": ("dagster_defs/cli/",),
    "dagster": ("dagster_defs/",),
    "dagster_dbt": ("dagster_defs/assets/",),
    "dbt": ("warehouse/transformation/", "research/workbench.py", "dagster_defs/assets/"),
    "eventkit": CLIENT_LIBRARY,
    "exchange_calendars": ("warehouse/calendar/",),
    "fastapi": ("operations/web/",),
    "ib_async": CLIENT_LIBRARY,
    "ib_insync": CLIENT_LIBRARY,
    "ibapi": CLIENT_LIBRARY,
    "itsdangerous": ("operations/access/",),
    "jinja2": ("operations/web/", "research/report/page/"),
    "matplotlib": ("research/report/pictures/",),
    "optuna": ("research/search/",),
    "prometheus_client": ("operations/web/",),
    "pyotp": ("operations/access/",),
    "rich": ("dagster_defs/cli/",),
    "scipy": ("research/statistics/",),
    "sqlalchemy": ("execution/ledger/", "dagster_defs/history.py"),
    "uvicorn": ("dagster_defs/cli/serve.py",),
    "yaml": ("warehouse/settings/",),
}
"""Libraries that one room hides from the others, with that room."""

IMPURE = {"asyncio", "duckdb", "os", "random", "socket", "sqlite3", "subprocess", "time"}
DATABASES = {"duckdb", "sqlalchemy", "sqlite3"}
CLOCKS = {"datetime.now", "datetime.today", "datetime.utcnow", "date.today"}
READS_ENVIRONMENT = {
    "dagster_defs/environment.py",
    "warehouse/transformation/compiler.py",  # hands dbt's profile what it reads
}
ATTACHES_LAKE = {"warehouse/lake.py"}
NO_PRODUCT = {path.stem for path in Path(__file__).parents[1].rglob("*.py")} | {"tests", "benchmarks"}


def read(root: Path) -> dict[str, ast.Module]:
    """Parse every module of the product, by its path from the root."""
    paths = sorted(path for package in PACKAGES for path in (root / package).rglob("*.py"))
    return {path.relative_to(root).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def packages_import_one_way(tree: Tree) -> set[str]:
    """Each package imports the ones below it; research and execution never meet, and nothing imports dagster_defs."""
    return {
        f"{path}: {name}"
        for path, name in _imports(tree)
        if (head := name.split(".")[0]) in PACKAGES and head not in PACKAGES[_package(path)] | {_package(path)}
    }


def rooms_import_what_they_may(tree: Tree) -> set[str]:
    """A room that must stay independent imports nothing else of the product."""
    return {
        f"{path}: {name}"
        for path, name in _imports(tree)
        for room in ROOMS
        if path.startswith(room)
        and name.split(".")[0] in PACKAGES
        and not _is_within(name, {room.strip("/").replace("/", "."), *ROOMS[room]})
    }


def a_broker_stays_behind_its_seam(tree: Tree) -> set[str]:
    """Only the registry opens a broker's folder; brokers and the simulators of their gateways know their own."""
    folders = {".".join(path.split("/")[:3]) for path in tree if re.match(r"execution/brokers/\w+/", path)}
    inside = re.compile(r"execution/(simulator/|brokers/(\w+/|registry\.py))")
    return {f"{path}: {name}" for path, name in _imports(tree) if _is_within(name, folders) and not inside.match(path)}


def libraries_stay_in_their_room(tree: Tree) -> set[str]:
    """A library that one room hides is imported nowhere else."""
    return {
        f"{path}: {name}"
        for path, name in _imports(tree)
        if name.split(".")[0] in LIBRARIES and not path.startswith(LIBRARIES[name.split(".")[0]])
    }


def planning_is_pure(tree: Tree) -> set[str]:
    """Planning sees values alone: no clock, no chance, nothing of the machine; no database, not even behind others."""
    planning = {path: module for path, module in tree.items() if path.startswith("execution/planning/")}
    return (
        {f"{path}: {name}" for path, name in _attributes(planning) if name in CLOCKS}
        | {f"{path}: {name}" for path, name in _imports(planning) if name.split(".")[0] in IMPURE}
        | {f"{path}: {name}" for path, name in _reached(tree, set(planning)) if name.split(".")[0] in DATABASES}
    )


def the_product_does_not_need_its_tests(tree: Tree) -> set[str]:
    """Nothing is imported from tests or benchmarks."""
    return {f"{path}: {name}" for path, name in _imports(tree) if name.split(".")[0] in NO_PRODUCT}


def imports_are_absolute(tree: Tree) -> set[str]:
    """A relative import hides its direction."""
    return {
        f"{path}: line {node.lineno}"
        for path, module in tree.items()
        for node in _walk(module)
        if isinstance(node, ast.ImportFrom) and node.level
    }


def one_module_reads_the_environment(tree: Tree) -> set[str]:
    """os.environ and os.getenv stand in the named modules alone."""
    return {
        f"{path}: {name}"
        for path, name in (*_attributes(tree), *_imports(tree))
        if name in {"os.environ", "os.getenv"} and path not in READS_ENVIRONMENT
    }


def only_the_lake_attaches(tree: Tree) -> set[str]:
    """One module knows the catalog."""
    return {
        f"{path}: {text.strip()[:40]}"
        for path, module in tree.items()
        if path not in ATTACHES_LAKE
        for text in _strings(module)
        if re.search(r"\bATTACH\b", text)
    }


def a_class_has_a_name_of_its_own(tree: Tree) -> set[str]:
    """A class name stands once in the product."""
    places = defaultdict(set)
    for path, module in tree.items():
        for node in _walk(module):
            if isinstance(node, ast.ClassDef):
                places[node.name].add(path)
    return {f"{name}: {', '.join(sorted(paths))}" for name, paths in places.items() if len(paths) > 1}


def docstrings_say_the_thing(tree: Tree) -> set[str]:
    """A docstring opens with a noun or a verb: not with What, Whether or How."""
    return {
        f"{path}: {getattr(node, 'name', 'module')}"
        for path, module in tree.items()
        for node in _walk(module)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and re.match(r"(What|Whether|How)\b", ast.get_docstring(node) or "")
    }


RULES: tuple[Rule, ...] = (
    packages_import_one_way,
    rooms_import_what_they_may,
    a_broker_stays_behind_its_seam,
    libraries_stay_in_their_room,
    planning_is_pure,
    the_product_does_not_need_its_tests,
    imports_are_absolute,
    one_module_reads_the_environment,
    only_the_lake_attaches,
    a_class_has_a_name_of_its_own,
    docstrings_say_the_thing,
)


@cache
def _walk(module: ast.Module) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(module))


def _package(path: str) -> str:
    return path.partition("/")[0]


def _is_within(name: str, modules: set[str]) -> bool:
    return any(f"{name}.".startswith(f"{module}.") for module in modules)


def _imports(tree: Tree) -> Iterator[tuple[str, str]]:
    """Every module imported, and every name taken from one, dotted, with the path of the module that imports it."""
    for path, module in tree.items():
        for node in _walk(module):
            match node:
                case ast.Import(names=names):
                    yield from ((path, alias.name) for alias in names)
                case ast.ImportFrom(module=str(source), names=names):
                    yield from ((path, f"{source}.{alias.name}") for alias in names)
                case ast.Call(
                    func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__"),
                    args=[ast.Constant(value=str(source)), *_],
                ):
                    yield path, source


def _reached(tree: Tree, start: set[str]) -> Iterator[tuple[str, str]]:
    """Every import that runs when the modules of `start` are imported, theirs and those of what they import."""
    seen, waiting = set(start), sorted(start)
    while waiting:
        path = waiting.pop()
        for name in _run_imports(tree[path]):
            yield path, name
            parts = name.split(".")
            found = {"/".join(parts[:end]) + ".py" for end in range(1, len(parts) + 1)} & tree.keys() - seen
            seen |= found
            waiting += found


@cache
def _run_imports(module: ast.Module) -> tuple[str, ...]:
    """The imports that run when the module is imported: not those for type checkers, nor those inside functions."""
    run = [node for node in module.body if not isinstance(node, (ast.If, ast.FunctionDef, ast.ClassDef))]
    return tuple(name for _, name in _imports({"": ast.Module(run, [])}))


def _attributes(tree: Tree) -> Iterator[tuple[str, str]]:
    """The last two names of every dotted expression, with the path of its module."""
    for path, module in tree.items():
        for node in _walk(module):
            match node:
                case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=name):
                    yield path, f"{owner}.{name}"


def _strings(module: ast.Module) -> Iterator[str]:
    """Every text of a module, documentation left out."""
    documentation = {
        id(node.body[0].value)
        for node in _walk(module)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in _walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.value

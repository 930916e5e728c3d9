"""Turns the figures of one benchmark run into Markdown."""

from __future__ import annotations

from statistics import median
from typing import Any

TITLES = {
    "a": "(a) Features and the backtest of 81 strategies: 9 ETFs, 2015-2024",
    "b": "(b) The same and the walk-forward",
    "c71": "(c) 71 ETFs, 20 years",
    "c1000": "(c) 1,000 symbols, 20 years",
    "d": "(d) The job daily through Dagster, as a whole process: 71 ETFs landed, 9 in the universe",
}
HEADINGS = (
    "contestant",
    "cold process, s",
    "second process, s",
    "warm call, s",
    "peak memory, MB",
    "from pandas",
    "checksum",
)
REFERENCE = "pandas"
EXPLANATION = """\
Cold: a new process with an empty compile cache, from its start to its first answer (imports,
reading, compilation). Second: the same with the cache that the first one left. Warm: the median
of further calls in one process, bars already read. From pandas: the largest difference of a
session's net return, and how many folds have another winner."""


def markdown(results: dict[str, Any]) -> str:
    """Write one table per scope, the machine, and what each contestant leaves out."""
    host = results["machine"]
    setting = (
        f"{host['cpu']}, {host['cores']} cores, {host['memory_gigabytes']} GB; "
        f"{results['measured_at']}, load {host['load_average_at_start']:.1f} at the start; "
        f"commit {results['commit']}. Repeat with `make bench`."
    )
    lines = [
        "# Benchmarks",
        "",
        setting,
        "",
        EXPLANATION,
    ]
    for scope, figures in results["scopes"].items():
        if figures:
            lines += ["", f"## {TITLES[scope]}", "", row(HEADINGS), row(["---"] * len(HEADINGS))]
            lines += [row(cells(figure)) for figure in figures]
    notes = {
        f"- {figure['name']}: {figure['note']}."
        for figures in results["scopes"].values()
        for figure in figures
        if figure["note"]
    }
    return "\n".join([*lines, "", *sorted(notes)]) + "\n"


def row(texts: tuple[str, ...] | list[str]) -> str:
    """Write one line of a table."""
    return f"| {' | '.join(texts)} |"


def cells(figure: dict[str, Any]) -> list[str]:
    """Write one contestant's figures in the order of the headings."""
    versions = ", ".join(f"{name} {number}" for name, number in figure["version"].items())
    warm = figure["warm_seconds"]
    return [
        f"{figure['name']} ({versions})",
        f"{figure['cold_seconds']:.2f}",
        f"{figure['second_process_seconds']:.2f}",
        duration(median(warm), figure) if warm else "",
        f"{figure['peak_megabytes']:.0f}",
        agreement(figure),
        f"`{figure['checksum'][:12]}`",
    ]


def duration(seconds: float, figure: dict[str, Any]) -> str:
    """Write a time; where not every strategy was measured, what all would take, labelled so."""
    measured, strategies = figure["strategies_measured"], figure["strategies"]
    if measured == strategies:
        return f"{seconds:.3f}"
    every = seconds * strategies / measured
    return f"{seconds:.1f} for {measured} of {strategies}; {every:.0f} for all, extrapolated"


def agreement(figure: dict[str, Any]) -> str:
    """Write how far a contestant's answer is from the reference."""
    found = figure["differences"].get(REFERENCE, {})
    texts = [f"{found['net']:.0e}"] if "net" in found else []
    if "winners" in found:
        texts.append(f"{found['winners']:.0f} winners")
    return ", ".join(texts)

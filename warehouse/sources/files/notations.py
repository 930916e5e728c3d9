"""JSON to sheets: records, columns, days as keys, with wrappings around them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from warehouse.errors import SourceError
from warehouse.sources.files.columns import is_header
from warehouse.sources.files.days import is_day
from warehouse.sources.files.sheets import Sheet, tabulated

if TYPE_CHECKING:
    from warehouse.sources.files.packages import BarFile


def json_sheet(entry: BarFile) -> Sheet:
    """Find the table in a JSON text.

    Raises:
        SourceError: It is no JSON, or holds no table.
    """
    try:
        text = entry.content().decode("utf-8-sig")
        found = (
            [json.loads(line) for line in text.splitlines() if line.strip()] if _is_lines(text) else json.loads(text)
        )
        rows = _rows(found)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{entry.label}: no readable JSON ({error}).") from error
    if rows is None:
        raise SourceError(
            f"{entry.label}: no table found in the JSON; a list of records such as"
            ' [{"date": "2024-01-02", "open": 1, "high": 1, "low": 1, "close": 1}] is read.'
        )
    return tabulated(entry.label, entry.stem, rows, no_header=False)


def _is_lines(text: str) -> bool:
    first = text.lstrip().partition("\n")[0].strip()
    return first.startswith("{") and first.endswith("}") and text.strip() != first


def _rows(value: Any) -> list[list[str]] | None:  # noqa: ANN401, C901, PLR0911 - JSON; one case a form
    """Return header and rows of the first table in the value."""
    match value:
        case [dict(), *_] if all(isinstance(record, dict) and _is_flat(record) for record in value):
            return _of_records(value)
        case {"columns": list(columns), "data": [list(), *_] as data, **rest}:  # pandas, split
            index = rest.get("index")
            if isinstance(index, list) and len(index) == len(data):
                return [
                    ["", *map(_text, columns)],
                    *([_text(at), *map(_text, row)] for at, row in zip(index, data, strict=True)),
                ]
            return [[*map(_text, columns)], *([_text(cell) for cell in row] for row in data)]
        case dict() if value and all(_is_column(column) for column in value.values()):
            if len({len(column) for column in value.values()}) == 1:
                return [[*value], *([_text(cell) for cell in row] for row in zip(*value.values(), strict=True))]
        case dict() if value and all(isinstance(record, dict) and _is_flat(record) for record in value.values()):
            if all(is_day(key) for key in value):  # a record for each day
                return _of_records([{"date": key, **record} for key, record in value.items()])
            keys = dict.fromkeys(key for column in value.values() for key in column)
            if len(value) >= 4:  # noqa: PLR2004 - pandas, columns: each column is an object by row
                named = [""] if all(is_day(key) for key in keys) else []
                return [
                    [*named, *value],
                    *([key] * len(named) + [_text(column.get(key)) for column in value.values()] for key in keys),
                ]
    if isinstance(value, (dict, list)):
        parts = value.values() if isinstance(value, dict) else value
        tables = [rows for part in parts if isinstance(part, (dict, list)) and (rows := _rows(part)) is not None]
        if sum(is_header(rows[0]) for rows in tables) > 1:
            raise ValueError("several tables of bars; save one file per symbol")
        return max(tables, key=len, default=None)
    return None


def _is_column(value: object) -> bool:
    return isinstance(value, list) and not any(isinstance(cell, (dict, list)) for cell in value[:1])


def _is_flat(record: dict[str, Any]) -> bool:
    return bool(record) and not any(isinstance(value, (dict, list)) for value in record.values())


def _of_records(records: list[dict[str, Any]]) -> list[list[str]]:
    columns = list(dict.fromkeys(key for record in records for key in record))
    return [columns, *([_text(record.get(column)) for column in columns] for record in records)]


def _text(value: object) -> str:
    return "" if value is None else str(value)

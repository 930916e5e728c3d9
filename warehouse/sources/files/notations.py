"""JSON to sheets: records, columns, days as keys, with wrappings around them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from warehouse.errors import SourceError
from warehouse.sources.files.cells import ticker
from warehouse.sources.files.columns import is_header, plain
from warehouse.sources.files.days import is_day
from warehouse.sources.files.sheets import Sheet, tabulated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warehouse.sources.files.packages import BarFile

_NEXT = ("next_page_token", "next_url", "next_cursor_id")
_LARGEST_NOTE = 20
_MOST_SAID = 160


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
        symbols = {symbol for wrapper in _wrappers(found) for symbol in _symbols(wrapper)}
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{entry.label}: no readable JSON ({error}).") from error
    if rows is None:
        says = next((f" It says: {text[:_MOST_SAID]!r}." for text in _texts(found) if " " in text), "")
        raise SourceError(
            f"{entry.label}: no table found in the JSON.{says} A list of records such as"
            ' [{"date": "2024-01-02", "open": 1, "high": 1, "low": 1, "close": 1}] is read.'
        )
    if more := next((key for wrapper in _wrappers(found) for key in _NEXT if wrapper.get(key)), None):
        raise SourceError(
            f"{entry.label}: one page of several ({more} names the next): the history would have a gap. Ask for all"
            " pages, and save their bars as one list."
        )
    return tabulated(entry.label, symbols.pop() if len(symbols) == 1 else entry.stem, rows, no_header=False)


def _wrappers(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Yield the objects around a table: what is said there holds for all of its rows."""
    if isinstance(value, dict) and not _is_flat(value) and not all(is_day(key) for key in value):
        yield value
        for part in value.values():
            yield from _wrappers(part)
            if isinstance(part, dict) and _is_flat(part) and len(part) < _LARGEST_NOTE:
                yield part
    elif isinstance(value, list) and len(value) < _LARGEST_NOTE:
        for part in value:
            yield from _wrappers(part)


def _symbols(wrapper: dict[str, Any]) -> Iterator[str]:
    for key, text in wrapper.items():
        if plain(key) in {"symbol", "ticker"} and isinstance(text, str) and (symbol := ticker(text)):
            yield symbol


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    match value:
        case str():
            yield value
        case dict() | list():
            for part in value.values() if isinstance(value, dict) else value:
                yield from _texts(part)


def _is_lines(text: str) -> bool:
    first = text.lstrip().partition("\n")[0].strip()
    return first.startswith("{") and first.endswith("}") and text.strip() != first


def _rows(value: Any) -> list[list[str]] | None:  # noqa: ANN401, C901, PLR0911 - JSON; one case a form
    """Return header and rows of the first table in the value."""
    match value:
        case [dict(), *_] if _is_records(value):
            return _of_records(value)
        case {"timestamp": list(), "indicators": dict()}:
            return _of_chart(value)
        case {"columns": list(heads), "data": [list(), *_] as data, **rest}:  # pandas, split
            index = rest.get("index")
            names = [_text(head.get("name") if isinstance(head, dict) else head) for head in heads]
            if isinstance(index, list) and len(index) == len(data):
                return [
                    ["", *names],
                    *([_text(at), *map(_text, row)] for at, row in zip(index, data, strict=True)),
                ]
            return [names, *([_text(cell) for cell in row] for row in data)]
        case dict() if columns := {key: column for key, column in value.items() if _is_column(column)}:
            others = [other for key, other in value.items() if key not in columns]
            if len({len(column) for column in columns.values()}) == 1 and not any(map(_is_nested, others)):
                return [[*columns], *([_text(cell) for cell in row] for row in zip(*columns.values(), strict=True))]
        case dict() if value and all(ticker(key) == key and _is_records(part) for key, part in value.items()):
            return _of_records([{"symbol": key, **record} for key, part in value.items() for record in part])
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


def _of_chart(chart: dict[str, Any]) -> list[list[str]]:
    """Read the columns of Yahoo's charts, which stand apart from their times."""
    columns = {"timestamp": chart["timestamp"]}
    for parts in chart["indicators"].values():
        columns |= parts[0]
    paid = {event["date"]: event["amount"] for event in chart.get("events", {}).get("dividends", {}).values()}
    if strays := paid.keys() - set(chart["timestamp"]):
        raise ValueError(f"a dividend at {min(strays)}, which has no bar")
    columns["dividend"] = [paid.get(stamp, 0) for stamp in chart["timestamp"]]
    return [[*columns], *([_text(cell) for cell in row] for row in zip(*columns.values(), strict=True))]


def _is_records(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) and _is_flat(each) for each in value)


def _is_nested(value: object) -> bool:
    return isinstance(value, (dict, list))


def _is_column(value: object) -> bool:
    return isinstance(value, list) and not any(map(_is_nested, value[:1]))


def _is_flat(record: dict[str, Any]) -> bool:
    return bool(record) and not any(map(_is_nested, record.values()))


def _of_records(records: list[dict[str, Any]]) -> list[list[str]]:
    columns = list(dict.fromkeys(key for record in records for key in record))
    if {"T", "t"} <= set(columns):  # Polygon: the ticker and the time
        records = [{"ticker": record.get("T")} | {k: v for k, v in record.items() if k != "T"} for record in records]
        columns = list(dict.fromkeys(key for record in records for key in record))
    return [columns, *([_text(record.get(column)) for column in columns] for record in records)]


def _text(value: object) -> str:
    return "" if value is None else str(value)

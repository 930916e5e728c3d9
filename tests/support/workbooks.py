"""Workbooks as a spreadsheet writes them."""

from __future__ import annotations

import zipfile
from datetime import date
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

CONTENT = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]]) -> None:
    """Write a workbook: texts as texts, numbers as numbers, days as numbers in a format of dates."""

    def cell(value: object) -> str:
        if isinstance(value, date):
            return f'<c s="1"><v>{(value - date(1899, 12, 30)).days}</v></c>'
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        return f"<c><v>{value}</v></c>"

    def part(name: str, root: str, inside: str, space: str = CONTENT) -> None:
        archive.writestr(name, f'<{root} xmlns="{space}" xmlns:r="{RELATIONS}">{inside}</{root}>')

    names = list(enumerate(sheets, start=1))
    related = "".join(
        f'<Relationship Id="r{i}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{i}.xml"/>' for i, _ in names
    )
    related += f'<Relationship Id="s" Type="{RELATIONS}/styles" Target="styles.xml"/>'
    root = f'<Relationship Id="w" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/>'
    listed = "".join(f'<sheet name="{name}" sheetId="{i}" r:id="r{i}"/>' for i, name in names)
    with zipfile.ZipFile(path, "w") as archive:
        part("[Content_Types].xml", "Types", "", f"{PACKAGE}/content-types")
        part("_rels/.rels", "Relationships", root, f"{PACKAGE}/relationships")
        part("xl/workbook.xml", "workbook", f"<sheets>{listed}</sheets>")
        part("xl/_rels/workbook.xml.rels", "Relationships", related, f"{PACKAGE}/relationships")
        part("xl/styles.xml", "styleSheet", '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>')
        for i, name in names:
            rows = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in sheets[name])
            part(f"xl/worksheets/sheet{i}.xml", "worksheet", f"<sheetData>{rows}</sheetData>")

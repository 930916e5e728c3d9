"""The page: well-formed, complete, self-contained, accessible, and the same numbers as its JSON."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64decode
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from research.report.facts.record import as_record
from research.report.facts.series import Missing
from research.report.formats import ratio
from research.report.page.contents import CHARTS, GROUPS, pictures_of
from research.report.page.rendering import FOLDER, render
from research.report.pictures.canvas import DARK, NARROW, WIDE
from research.statistics.metrics import Metric

if TYPE_CHECKING:
    from report_market import Gathered, Sheet

VOID = {"meta", "img", "source", "br", "link"}
SECTIONS = ("answer", *(part.name for group in GROUPS for part in group.sections))
SVG = "data:image/svg+xml;base64,"


@dataclass
class Reading(HTMLParser):
    """What a strict reader finds in the page."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the parser."""
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Elements end in the order they were opened in."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Remember what is written."""
        if not self.open or self.open[-1] not in {"style", "script"}:
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def page(sheet: Sheet) -> str:
    """The page as it was written."""
    return sheet.page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def reading(page: str) -> Reading:
    """The page as a strict reader finds it."""
    found = Reading()
    found.feed(page)
    found.close()
    assert not found.open, "every element ends"
    return found


def numbers(value: Any) -> set[float]:  # noqa: ANN401 - any JSON value
    """Every number in a JSON value."""
    if isinstance(value, dict):
        return set[float]().union(*map(numbers, value.values()))
    if isinstance(value, list):
        return set[float]().union(*map(numbers, value))
    return {float(value)} if isinstance(value, int | float) and not isinstance(value, bool) else set()


def test_every_section_is_there_once(reading: Reading) -> None:
    """Each section has its anchor, its heading, and a link to it."""
    names = [attributes["id"] for attributes in reading.all("section")]
    assert sorted(filter(None, names)) == sorted(SECTIONS)
    identities = [attributes["id"] for _, attributes in reading.elements if "id" in attributes]
    assert len(set(identities)) == len(identities)
    links = {attributes["href"] for attributes in reading.all("a")}
    assert {f"#{name}" for name in SECTIONS} == links


def test_a_template_is_a_section() -> None:
    """Each section has its template, and no template is left over."""
    assert {path.stem for path in (FOLDER / "templates" / "sections").iterdir()} == {*SECTIONS} - {"answer"}


def test_the_page_needs_nothing_else(page: str, reading: Reading) -> None:
    """No script, style sheet, picture, font or address comes from anywhere else, and the page forbids that it does."""
    assert not reading.all("link")
    assert not [script for script in reading.all("script") if "src" in script]
    for tag, attributes in reading.elements:
        for name in ("src", "srcset", "href"):
            value = attributes.get(name) or ""
            assert not value or value.startswith(("data:", "#")), (tag, value[:80])
    library = (FOLDER / "uplot" / "uPlot.iife.min.js").read_text(encoding="utf-8")
    assert library in page
    own = re.sub(r"data:image/svg\+xml;base64,[\w+/=]+", "", page.replace(library, ""))
    assert not re.search(r"https?:|url\(|@import", own)
    policy = next(each["content"] or "" for each in reading.all("meta") if "http-equiv" in each)
    assert policy.startswith("default-src 'none'")


def test_the_library_is_what_was_published() -> None:
    """The files of uPlot are those of the package, by the checksums beside them; its licence stands in the page."""
    told = (FOLDER / "uplot" / "README.md").read_text(encoding="utf-8")
    checksums = dict(re.findall(r"\| `([\w.]+)` \| `([0-9a-f]{64})` \|", told))
    assert len(checksums) == 2
    for name, checksum in checksums.items():
        assert hashlib.sha256((FOLDER / "uplot" / name).read_bytes()).hexdigest() == checksum


def test_pictures_speak(reading: Reading) -> None:
    """Every picture has an alternative text with numbers and a size; wide ones have a shape for narrow screens."""
    images = reading.all("img")
    assert len(images) == len(reading.all("picture")) >= 15
    for image in images:
        assert len(image["alt"] or "") > 40
        assert re.search(r"\d", image["alt"] or "")
        assert image["width"] in {"960", "470"}
        assert image["height"]
    wide = [image for image in images if image["width"] == "960"][len(CHARTS) :]
    assert [source["media"] for source in reading.all("source")] == ["(max-width: 640px)"] * len(wide)


def test_charts_have_the_growth_of_every_series(gathered: Gathered, page: str) -> None:
    """The data of the charts are the series' growth, to six digits, at their sessions; nothing before they begin."""
    found = json.loads(re.findall(r'id="growth-data">(.*?)</script>', page)[0])
    curves = gathered.curves
    assert found["start"] == gathered.facts.provenance.initial_equity
    assert pd.to_datetime(found["seconds"], unit="s").equals(curves.live.sessions)
    shown = (curves.walk_forward, curves.live, *curves.benchmarks)
    assert [each["name"] for each in found["series"]] == [each.name for each in shown]
    for each, series in zip(found["series"], shown, strict=True):
        known = [value for value in each["growth"] if value is not None]
        assert known == pytest.approx(series.growth, rel=1e-5)
        assert each["growth"][-len(known) :] == known


def test_tables_have_headers(reading: Reading) -> None:
    """Every table has a caption, and every header says what it heads."""
    assert len(reading.all("caption")) == len(reading.all("table")) > 10
    assert {header.get("scope") for header in reading.all("th")} == {"row", "col"}


def test_the_pages_numbers_are_the_jsons(reading: Reading, sheet: Sheet) -> None:
    """Each number of the page carries its exact value, and that value is in the JSON."""
    known = numbers(sheet.record)
    shown = [float(attributes["value"] or "nan") for attributes in reading.all("data")]
    assert len(shown) > 200
    # A fall is shown as a positive loss.
    assert [value for value in shown if value not in known and -value not in known] == []


def test_the_answer_comes_first_and_is_the_jsons(page: str, sheet: Sheet) -> None:
    """Four statements stand before any section, and in the JSON."""
    assert len(sheet.record["summary"]) == 4
    assert page.index('id="answer"') < page.index('id="growth"')
    for statement in sheet.record["summary"]:
        assert statement.partition(". ")[0].replace("'", "&#39;") in page


def test_nothing_is_left_unsaid(reading: Reading) -> None:
    """No placeholder of a program is shown to a reader."""
    text = " ".join(reading.text)
    assert not re.search(r"\b(nan|inf|None|NaT|Missing)\b|[{}]", text)


def test_the_same_snapshot_gives_the_same_page(gathered: Gathered, page: str, sheet: Sheet) -> None:
    """Read, measured, drawn and written again, page and numbers are the same to the last character."""
    assert render(gathered.facts, gathered.curves).html == page
    assert {name: value for name, value in sheet.record.items() if name not in {"summary", "caveat"}} == as_record(
        gathered.facts
    )


def test_pictures_follow_the_readers_theme(gathered: Gathered) -> None:
    """No colour of the palette is fixed in a picture, and what is written in it is whole."""
    drawing = pictures_of(gathered.facts, gathered.curves)["intervals"].drawing()
    for source, shape in ((drawing.desk, WIDE), (drawing.phone, NARROW)):
        svg = b64decode(source.uri.removeprefix(SVG)).decode()
        assert source.width == shape.width
        drawn = svg[svg.index("</style>", svg.index("--c")) :]
        assert not [colour for colour in DARK if colour in drawn]
        assert "<text" in drawn
        honest = gathered.facts.common[0]
        assert not isinstance(honest, Missing)
        assert ratio(honest.metrics[Metric.SHARPE].estimate) in svg


def test_the_page_says_how_to_make_what_is_missing(page: str) -> None:
    """Without a permutation test its section names the command."""
    assert "swing permute --runs 200" in page


def test_made_up_bars_are_said_to_be(gathered: Gathered, page: str) -> None:
    """A page about the sample market says so before its first number; a page about landed bars does not."""
    facts = replace(gathered.facts, provenance=replace(gathered.facts.provenance, is_made_up=True))
    text = render(facts, gathered.curves).html
    assert text.index("The bars are made up") < text.index("<data")
    assert "The bars are made up" not in page

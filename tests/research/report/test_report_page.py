"""The page: well-formed, complete, self-contained, accessible, and the same numbers as its JSON."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from research.report.facts.record import as_record
from research.report.facts.series import Missing
from research.report.formats import ratio
from research.report.page.rendering import pictures, render, sections
from research.report.pictures.canvas import DARK, NARROW, WIDE
from research.statistics.metrics import Metric

if TYPE_CHECKING:
    from report_market import Gathered, Sheet

VOID = {"meta", "img", "source", "br", "link"}
SECTIONS = {
    *(
        "answer",
        "numbers",
        "walk-forward",
        "before-and-after",
        "luck",
        "permuted",
        "map",
        "growth",
        "drawdowns",
        "months",
    ),
    *("trailing", "held", "costs", "tonight", "tails", "crises", "alike", "small-print"),
}
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
        if not self.open or self.open[-1] != "style":
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


def test_the_page_needs_nothing_else(page: str, reading: Reading) -> None:
    """No script, no style sheet, no picture, font or address from anywhere else."""
    assert not reading.all("script")
    assert not reading.all("link")
    for tag, attributes in reading.elements:
        for name in ("src", "srcset", "href"):
            value = attributes.get(name) or ""
            assert not value or value.startswith(("data:", "#")), (tag, value[:80])
    without_pictures = re.sub(r"data:image/svg\+xml;base64,[\w+/=]+", "", page)
    assert not re.search(r"https?:|url\(|@import", without_pictures)


def test_pictures_speak(reading: Reading) -> None:
    """Every picture has an alternative text with numbers, a size, and a shape for narrow screens."""
    images = reading.all("img")
    assert len(images) == len(reading.all("picture")) == len(reading.all("source")) >= 15
    for image in images:
        assert len(image["alt"] or "") > 40
        assert re.search(r"\d", image["alt"] or "")
        assert image["width"]
        assert image["height"]
    assert {source["media"] for source in reading.all("source")} == {"(max-width: 640px)"}


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
    assert page.index('id="answer"') < page.index('id="numbers"')
    for statement in sheet.record["summary"]:
        assert statement.partition(". ")[0] in page


def test_nothing_is_left_unsaid(reading: Reading) -> None:
    """No placeholder of a program is shown to a reader."""
    text = " ".join(reading.text)
    assert not re.search(r"\b(nan|inf|None|NaT|Missing)\b|[{}]", text)


def test_the_same_snapshot_gives_the_same_page(gathered: Gathered, page: str, sheet: Sheet) -> None:
    """Read, measured, drawn and written again, page and numbers are the same to the last character."""
    assert render(gathered.facts, sections(gathered.facts, gathered.curves)) == page
    assert {name: value for name, value in sheet.record.items() if name != "summary"} == as_record(gathered.facts)


def test_pictures_follow_the_readers_theme(gathered: Gathered) -> None:
    """No colour of the palette is fixed in a picture, and what is written in it is whole."""
    shown = pictures(sections(gathered.facts, gathered.curves))
    for shape in (WIDE, NARROW):
        source, width, _ = shown[0].source(shape)
        svg = b64decode(source.removeprefix(SVG)).decode()
        assert width == shape.width
        drawing = svg[svg.index("</style>", svg.index("--c")) :]
        assert not [colour for colour in DARK if colour in drawing]
        assert "<text" in drawing
        honest = gathered.facts.common[0]
        assert not isinstance(honest, Missing)
        assert ratio(honest.metrics[Metric.SHARPE].estimate) in svg


def test_the_page_says_how_to_make_what_is_missing(page: str) -> None:
    """Without a permutation test its section names the command."""
    assert "swing permute --runs 200" in page


def test_made_up_bars_are_said_to_be(gathered: Gathered, page: str) -> None:
    """A page about the sample market says so before its first number; a page about landed bars does not."""
    facts = replace(gathered.facts, provenance=replace(gathered.facts.provenance, is_made_up=True))
    text = render(facts, [])
    assert text.index("The bars are made up") < text.index("<data")
    assert "The bars are made up" not in page

"""A corpus of files that people have: each lands right, or is refused in words that help; none lands wrong."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import corpus_forms
import corpus_names
import corpus_notations
import corpus_oddities
import corpus_pages
import corpus_replies
import corpus_vendors
import pyarrow as pa
import pytest
from exports import require

from warehouse.calendar.sessions import is_session
from warehouse.errors import SourceError
from warehouse.sources.base import silent
from warehouse.sources.files.source import FileOptions, FileSource
from warehouse.validation import validate

if TYPE_CHECKING:
    from pathlib import Path

    from corpus import Sample

MODULES = (
    corpus_vendors,
    corpus_pages,
    corpus_notations,
    corpus_replies,
    corpus_forms,
    corpus_names,
    corpus_oddities,
)
SAMPLES: dict[str, Sample] = {
    f"{module.__name__.removeprefix('corpus_')}: {kind}": sample
    for module in MODULES
    for kind, sample in module.SAMPLES.items()
}
TODAY = date(2024, 6, 3)


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_file_lands_right_or_is_refused_clearly(tmp_path: Path, kind: str) -> None:
    """Days, prices, adjusted closes, volumes and dividends are those that were written, under the right symbol."""
    sample = SAMPLES[kind]
    path = tmp_path / sample.name
    path.write_bytes(sample.raw)
    source = FileSource([path], FileOptions(**{"final_until": TODAY, **sample.options}))
    if sample.refused:
        with pytest.raises(SourceError, match=sample.refused) as raised:
            list(source.fetch(silent))
        assert str(raised.value).startswith(str(path))
        return
    rows = validate(pa.concat_tables(source.fetch(silent)), is_session).valid.sort_by("session_date").to_pylist()
    assert {row["symbol"] for row in rows} == {sample.symbol}
    require(rows, list(sample.bars), adjusted=sample.adjusted, volume=sample.volume)
    paid = [bar.dividend if sample.dividends else 0 for bar in sample.bars]
    assert [row["dividend"] for row in rows] == pytest.approx(paid)


def test_a_json_of_several_symbols_is_read_whole(tmp_path: Path) -> None:
    """Each symbol's list of bars lands under its own name."""
    sample = SAMPLES["notations: Alpaca, two symbols"]
    (tmp_path / sample.name).write_bytes(sample.raw)
    source = FileSource([tmp_path / sample.name])
    list(source.fetch(silent))
    assert [(verdict.symbol, verdict.bars) for verdict in source.verdicts] == [("SPY", 80), ("QQQ", 80)]

"""Columns of a file by name: the writings of many exports are recognised, the user names the rest."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from warehouse.errors import SourceError
from warehouse.symbols import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "symbol": "symbol ticker tic tickersymbol stocksymbol actsymbol sym code instrument security asset stock name",
        "session_date": "sessiondate date tradedate tradingdate datetime timestamp dtyyyymmdd localtime gmttime"
        " windowstart data datum fecha tarih дата 日期 日付け 日付 날짜 time t",
        "open": "open o openprice openingprice opening pxopen otwarcie apertura abertura ouv ouverture eroffn eroffnung"
        " erofnung erster acilis откр 开盘 始値 시가",
        "high": "high h highprice hi max pxhigh najwyzszy hoch tageshoch plushaut haut maximo massimo maxima hoog"
        " yuksek макс 高 高値 고가",
        "low": "low l lowprice lo min pxlow najnizszy tief tagestief plusbas bas minimo minima laag dusuk мин 低 安値"
        " 저가",
        "close": "close c closelast closeprice closingprice closing zamkniecie schlusskurs schluss clot cloture last"
        " lastprice latest pxlast price ostatnio zuletzt dernier ultimo laatste simdi цена 收盘 終値 종가",
        "adj_close": "adjclose adjustedclose adjusted closeadj closeadjusted adjcloseprice adjustedcloseprice"
        " adjclosingprice adjustedclosingprice adjprice adjustedprice adjlast adjc",
        "volume": "volume vol v pxvolume wol wolumen stuecke volumen hac sharestraded numberofshares totalvolume"
        " объем 交易量 出来高 거래량",
        "dividend": "dividend dividends dividendamount divcash exdividend exdividends cashdividend dividendcash",
        "split": "split splits stocksplit stocksplits splitcoefficient splitfactor splitratio",
        "period": "per period",
        "time": "time timeofday mi minute minutes hour hhmm",
        "currency": "currency currencycode ccy devise wahrung waluta moneda valuta",
    }
)
"""Our name -> the files' names, as `plain` reduces them; where several match, an earlier one wins."""

REQUIRED = ("session_date", "open", "high", "low", "close")
_NAME_OF: Mapping[str, str] = MappingProxyType(
    {
        unicodedata.normalize("NFKD", word): name
        for name, words in reversed(list(NAMES.items()))
        for word in reversed(words.split())
    }
)
_ADJUSTED = {"open": "adjopen", "high": "adjhigh", "low": "adjlow", "close": "adjclose"}
_NO_SECOND_CLOSE = re.compile(
    r"\d|prev|raw|unadj|time|chg|change|pct|ret|log|diff|norm|scaled|sma|ema|mean|std|avg|lag|pred|next|roll"
)
_UNNAMED = re.compile(r"|Unnamed: \d+|index|Index|X|rownames|level_\d+|__index_level_\d+__")


@dataclass(frozen=True, slots=True)
class ColumnLayout:
    """The places (from 0) of the columns of one symbol's bars.

    Attributes:
        places: By our name. Columns of one name stand in the file's order; they must agree.
        symbol: The symbol, where the columns' names tell it.
    """

    places: Mapping[str, tuple[int, ...]]
    symbol: str | None = None


def plain(column: str) -> str:
    """Reduce a column's name to small letters and digits: `5. adjusted close` and `Adjusted_Close` are the same.

    pandas writes the second `Close` of a file as `Close.1`.
    """
    name = re.split(r"\s{2,}|\n| (?=(?:adjusted )?close price adjusted for)", column.strip(), flags=re.IGNORECASE)[0]
    name = re.sub(r"^\d+[.)]\s*|\.\d$|\s*\((?:usd|us\$|\$)\)$", "", name, flags=re.IGNORECASE)
    letters = unicodedata.normalize("NFKD", name.lower().replace("ł", "l").replace("\u0131", "i"))
    return re.sub(r"[\W_]", "", letters)


def is_header(cells: Sequence[str]) -> bool:
    """Tell whether the cells name columns: at least three of those that a bar must have."""
    found = {name for cell in cells if (name := _name_of(plain(cell))) is not None}
    return len(found & {*REQUIRED, "adj_close"}) >= 3  # noqa: PLR2004 - one may be spelt in an unknown way, one missing


def recognise(found: Sequence[str], chosen: Mapping[str, str], file: str) -> list[ColumnLayout]:
    """Find the columns of bars.

    Args:
        found: The columns of the file.
        chosen: Our name -> the file's column or its place from 1, where the user said so; it wins.
        file: For messages.

    Returns:
        One layout, or one for each symbol whose columns stand side by side.

    Raises:
        SourceError: A column is missing, ambiguous or chosen but not there, or looks adjusted and is not used.
    """
    places = _by_name(found) | _chosen(found, chosen, file)
    if "session_date" not in places:
        unnamed = [place for place, column in enumerate(found) if _UNNAMED.fullmatch(column.strip())]
        places |= {"session_date": (unnamed[0],)} if unnamed else {}
    missing = [name for name in REQUIRED if name not in places]
    if missing and "session_date" in places:
        if layouts := _side_by_side(found, places["session_date"], file):
            if len(layouts) == 1 and "symbol" in places:
                return [ColumnLayout({**layouts[0].places, "symbol": places["symbol"]})]
            return layouts
        _refuse_closes_alone(found, places, file)
    if missing:
        raise SourceError(
            f"{file}: no column for {', '.join(missing)}; found {', '.join(map(repr, found)) or 'none'}."
            f" Say which column it is with --column {missing[0]}=<column>, by name or place (from 1)."
        )
    _refuse_unused(found, places, file)
    return [ColumnLayout(places)]


def _name_of(word: str) -> str | None:
    return _NAME_OF.get(word)


def _by_name(found: Sequence[str]) -> dict[str, tuple[int, ...]]:
    words = [plain(column) for column in found]
    places: dict[str, tuple[int, ...]] = {}
    for name, known in NAMES.items():
        best = next((word for word in unicodedata.normalize("NFKD", known).split() if word in words), None)
        if best is not None:
            places[name] = tuple(place for place, word in enumerate(words) if word == best)
    if places.get("time") == places.get("session_date"):
        places.pop("time", None)
    if set(_ADJUSTED.values()) <= set(words) and not {"open", "high", "low"} & places.keys():
        places |= {name: (words.index(word),) for name, word in _ADJUSTED.items()}
    return places


def _chosen(found: Sequence[str], chosen: Mapping[str, str], file: str) -> dict[str, tuple[int, ...]]:
    places = {}
    for name, column in chosen.items():
        if name not in NAMES:
            raise SourceError(f"--column {name}=…: no such name; there are {', '.join(NAMES)}.")
        same = [place for place, other in enumerate(found) if other.strip() == column.strip()]
        if not same and column.isdecimal() and 1 <= int(column) <= len(found):
            same = [int(column) - 1]
        if not same:
            raise SourceError(
                f"{file}: no column for {name}; found {', '.join(map(repr, found))}, and no {column!r}."
                f" Say which column it is with --column {name}=<column>, by name or place (from 1)."
            )
        places[name] = tuple(same)
    return places


def _side_by_side(found: Sequence[str], date: tuple[int, ...], file: str) -> list[ColumnLayout]:
    """Read names that hold a symbol and a column: `SPY.Close`, `Close SPY`, `('Close', 'SPY')`."""
    symbols: dict[str, dict[str, tuple[int, ...]]] = {}
    for place, column in enumerate(found):
        words = [word for word in re.split(r"[\s\-_,.:|()'\"]+", column) if word]
        for cut in range(1, len(words)):
            sides = [(words[:cut], words[cut:]), (words[cut:], words[:cut])]
            named = [(_name_of(plain(" ".join(left))), canonical(" ".join(right))) for left, right in sides]
            name, symbol = next(((n, s) for n, s in named if n is not None and s is not None), (None, None))
            if name is not None and symbol is not None:
                columns = symbols.setdefault(symbol, {"session_date": date})
                columns[name] = (*columns.get(name, ()), place)
                break
    if len(symbols) > 1 and not any({"high", "low"} & columns.keys() for columns in symbols.values()):
        raise SourceError(_closes_alone(file, symbols))
    whole = {symbol: columns for symbol, columns in symbols.items() if set(REQUIRED) <= columns.keys()}
    if whole and len(whole) < len(symbols):
        lacking = next(symbol for symbol in symbols if symbol not in whole)
        raise SourceError(
            f"{file}: not every symbol has columns for {', '.join(REQUIRED[1:])}: {lacking} has"
            f" {', '.join(repr(found[places[0]]) for places in symbols[lacking].values())}. Remove its columns."
        )
    return [ColumnLayout(columns, symbol) for symbol, columns in whole.items()]


def _refuse_closes_alone(found: Sequence[str], places: Mapping[str, tuple[int, ...]], file: str) -> None:
    others = [column.strip() for place, column in enumerate(found) if place not in places["session_date"]]
    tickers = [column for column in others if canonical(column) and column.isupper()]
    if len(tickers) > 1 and not {"high", "low", "symbol"} & places.keys():
        raise SourceError(_closes_alone(file, tickers))


def _closes_alone(file: str, symbols: Iterable[str]) -> str:
    listed = ", ".join(list(symbols)[:3])
    return (
        f"{file}: one column per symbol ({listed}, …), closes only. Bars need the high and the low of each day: the"
        " strategy sizes its positions by them. Export one file per symbol, with open, high, low and close."
    )


def _is_second_close(word: str) -> bool:
    is_close = word.startswith("close") or word.endswith("close")
    return is_close and not _NO_SECOND_CLOSE.search(word)


def _refuse_unused(found: Sequence[str], places: Mapping[str, tuple[int, ...]], file: str) -> None:
    used = {place for several in places.values() for place in several}
    for place, column in enumerate(found):
        word = plain(column)
        is_adjusted = ("adj" in word and "unadj" not in word) or "totalreturn" in word or _is_second_close(word)
        if place in used or not is_adjusted or "adj_close" in places:
            continue
        if not re.search(r"open|high|low|vol|date|avg|average|vwap", word):
            raise SourceError(
                f"{file}: {column!r} looks like an adjusted close and is not used. If it is, say --column"
                f" adj_close={column!r}; if not, rename or remove the column."
            )

"""Tables as pages of brokers, papers and exchanges have them, in many languages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from corpus import Sample, comma, plain, quoted, rows, us_day
from exports import PLAIN, SHARE, Day, ohlc, share

if TYPE_CHECKING:
    from collections.abc import Mapping

DEAR = tuple(share(price=4000.0))
"""Prices above a thousand."""


def investing(form: str, *, numbers: str = "us") -> str:
    """Write the cells of an export of Investing.com; its first column is quoted like all others."""

    def line(bar: Day) -> str:
        shown = [bar.close, bar.open, bar.high, bar.low]
        prices = [comma(price) if numbers == "eu" else f"{price:,.2f}" for price in shown]
        volume = f"{bar.volume / 1e6:.5f}M"
        return quoted(f"{bar.day:{form}}", *prices, volume.replace(".", ",") if numbers == "eu" else volume, "-0.5%")

    return "".join(f"{line(bar)}\n" for bar in SHARE[::-1])


def heading(*names: str) -> str:
    """Write the header of Investing.com."""
    return "\ufeff" + quoted(*names) + "\n"


INVESTING = {
    "Investing.com": Sample(
        "SPY Historical Data.csv",
        heading("Date", "Price", "Open", "High", "Low", "Vol.", "Change %") + investing("%m/%d/%Y"),
    ),
    "Investing.com, names of months": Sample(
        "SPY Historical Data (1).csv",
        heading("Date", "Price", "Open", "High", "Low", "Vol.", "Change %") + investing("%b %d, %Y"),
    ),
    "Investing.com UK": Sample(
        "SPY ETF Stock Price History.csv",
        heading("Date", "Price", "Open", "High", "Low", "Vol.", "Change %") + investing("%d/%m/%Y"),
    ),
    "Investing.com, thousands": Sample(
        "SPX.csv",
        heading("Date", "Price", "Open", "High", "Low", "Vol.", "Change %")
        + "".join(
            quoted(f"{b.day:%m/%d/%Y}", *(f"{p:,.2f}" for p in (b.close, b.open, b.high, b.low)), "", "0.1%") + "\n"
            for b in DEAR[::-1]
        ),
        volume=False,
        bars=DEAR,
        symbol="SPX",
    ),
} | {
    f"Investing.com {language}": Sample("SPY.csv", heading(*names) + investing(form, numbers=numbers))
    for language, form, numbers, names in (
        ("Germany", "%d.%m.%Y", "eu", ("Datum", "Zuletzt", "Eröffn.", "Hoch", "Tief", "Vol.", "+/- %")),
        ("France", "%d/%m/%Y", "eu", ("Date", "Dernier", "Ouv.", " Plus Haut", "Plus Bas", "Vol.", "Variation %")),
        ("Spain", "%d.%m.%Y", "eu", ("Fecha", "Último", "Apertura", "Máximo", "Mínimo", "Vol.", "% var.")),
        ("Italy", "%d.%m.%Y", "eu", ("Data", "Ultimo", "Apertura", "Massimo", "Minimo", "Vol.", "Var. %")),
        ("Brazil", "%d.%m.%Y", "eu", ("Data", "Último", "Abertura", "Máxima", "Mínima", "Vol.", "Var%")),
        ("the Netherlands", "%d-%m-%Y", "eu", ("Datum", "Laatste", "Open", "Hoog", "Laag", "Vol.", "Wijzig. %")),
        ("Poland", "%d.%m.%Y", "eu", ("Data", "Ostatnio", "Otwarcie", "Max.", "Min.", "Wol.", "Zmiana%")),
        ("Turkey", "%d.%m.%Y", "eu", ("Tarih", "Şimdi", "Açılış", "Yüksek", "Düşük", "Hac.", "Fark %")),  # noqa: RUF001
        ("Russia", "%d.%m.%Y", "eu", ("Дата", "Цена", "Откр.", "Макс.", "Мин.", "Объём", "Изм. %")),
        ("China", "%Y-%m-%d", "us", ("日期", "收盘", "开盘", "高", "低", "交易量", "涨跌幅")),
        ("Japan", "%Y年%m月%d日", "us", ("日付け", "終値", "始値", "高値", "安値", "出来高", "変化率 %")),
        ("Korea", "%Y- %m- %d", "us", ("날짜", "종가", "시가", "고가", "저가", "거래량", "변동 %")),
    )
}

PAGES = {
    "Nasdaq": Sample(
        "SPY.csv",
        rows(
            "Date,Close/Last,Volume,Open,High,Low",
            lambda b: f"{b.day:%m/%d/%Y},${b.close},{b.volume},${b.open},${b.high},${b.low}",
            SHARE[::-1],
        ),
    ),
    "Nasdaq, its own file name": Sample(
        "HistoricalData_1700000000000.csv",
        rows(
            "Date,Close/Last,Volume,Open,High,Low",
            lambda b: f"{b.day:%m/%d/%Y},{b.close},{b.volume},{b.open},{b.high},{b.low}",
        ),
        refused="--symbol",
    ),
    "Nasdaq, volumes not given": Sample(
        "SPY.csv",
        rows(
            "Date,Close/Last,Volume,Open,High,Low",
            lambda b: (
                f'{b.day:%m/%d/%Y},"$1,{b.close:06.2f}",N/A,"$1,{b.open:06.2f}","$1,{b.high:06.2f}","$1,{b.low:06.2f}"'
            ),
        ),
        volume=False,
        bars=[
            replace(b, open=1000 + b.open, high=1000 + b.high, low=1000 + b.low, close=1000 + b.close) for b in SHARE
        ],
    ),
    "MarketWatch": Sample(
        "Download Data - FUND_US_ARCX_SPY.csv",
        rows("Date,Open,High,Low,Close,Volume", lambda b: f'{b.day:%m/%d/%Y},{ohlc(b)},"{b.volume:,}"', SHARE[::-1]),
    ),
    "WSJ": Sample(
        "HistoricalPrices.csv",
        rows(
            "Date, Open, High, Low, Close, Volume",
            lambda b: f"{b.day:%m/%d/%y}, {ohlc(b, separator=', ')}, {b.volume}",
            SHARE[::-1],
        ),
        options={"symbol": "SPY"},
    ),
    "Google Finance, old": Sample(
        "SPY.csv", rows("\ufeffDate,Open,High,Low,Close,Volume", lambda b: f"{b.day:%-d-%b-%y},{ohlc(b)},{b.volume}")
    ),
    "Google Sheets": Sample("SPY.csv", rows(PLAIN, lambda b: f"{us_day(b)} 16:00:00,{ohlc(b)},{b.volume}")),
    "Google Sheets, Germany": Sample(
        "SPY.csv",
        rows(PLAIN, lambda b: ",".join([f"{b.day:%d.%m.%Y} 16:00:00", *(f'"{comma(p)}"' for p in b.prices), "1"])),
        volume=False,
    ),
    "Barchart": Sample(
        "spy_price-history-11-28-2023.csv",
        rows(
            "Time,Open,High,Low,Latest,Change,%Change,Volume",
            lambda b: f'"{b.day:%m/%d/%Y}",{ohlc(b)},0.5,"+0.5%",{b.volume}',
            SHARE[::-1],
        )
        + '"Downloaded from Barchart.com as of 11-28-2023 07:00am CST"\n',
        options={"symbol": "SPY"},
    ),
    "Barchart, last": Sample(
        "SPY.csv",
        rows(
            "Symbol,Time,Open,High,Low,Last,Change,%Chg,Volume",
            lambda b: f"SPY,{b.day:%m/%d/%y},{ohlc(b)},0.5,0.5%,{b.volume}",
        )
        + '"Downloaded from Barchart.com as of 11-28-2023 07:00am CST",,,,,,,,\n',
    ),
    "Macrotrends": Sample(
        "SPY.csv",
        '"Macrotrends Data Download"\n\n"SPDR S&P 500 - Historical Price and Volume Data"\n\n"Disclaimer: made up, and'
        ' as is."\n"Terms: see the page, which says more, with commas"\n\n'
        + rows("date,open,high,low,close,volume", plain),
    ),
    "Fidelity": Sample(
        "SPY.csv",
        "SPDR S&P 500\nSymbol: SPY\n\n"
        + rows("Date,Open,High,Low,Close,Volume,SMA(50)", lambda b: f"{b.day:%m/%d/%Y},{ohlc(b)},{b.volume},1.0")
        + '\n"The data, which is provided as is, may be late."\n"Copyright, all rights reserved"\n',
    ),
    "Stooq": Sample("spy_us_d.csv", rows(PLAIN, plain)),
    "Stooq, bulk": Sample(
        "spy.us.txt",
        rows(
            "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>",
            lambda b: f"SPY.US,D,{b.day:%Y%m%d},000000,{ohlc(b)},{b.volume},0",
        ),
    ),
    "Stooq, Polish": Sample("spy.us.csv", rows("Data,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie,Wolumen", plain)),
    "Kaggle, huge stock market": Sample(
        "spy.us.txt", rows("Date,Open,High,Low,Close,Volume,OpenInt", lambda b: plain(b) + ",0")
    ),
    "Boerse, semicolons": Sample(
        "SPY.csv",
        rows(
            "Datum;Eröffnung;Hoch;Tief;Schluss;Volumen",
            lambda b: ";".join([f"{b.day:%d.%m.%Y}", *map(comma, b.prices), f"{b.volume:,}".replace(",", ".")]),
        ),
    ),
    "ariva": Sample(
        "SPY.csv",
        rows(
            "Datum;Erster;Hoch;Tief;Schlusskurs;Stuecke;Volumen",
            lambda b: ";".join([f"{b.day}", *map(comma, b.prices), f"{b.volume}", "1.000.000,00"]),
        ),
        volume=False,
    ),
    "finanzen.net": Sample(
        "SPY.csv",
        rows(
            "Datum;Eröffnung;Tageshoch;Tagestief;Schluss",
            lambda b: ";".join([f"{b.day:%d.%m.%y}", *map(comma, b.prices)]),
        ),
        volume=False,
    ),
    "Switzerland": Sample(
        "SPX.csv",
        rows(
            "Datum;Eröffnung;Hoch;Tief;Schlusskurs;Volumen",
            lambda b: ";".join([f"{b.day:%d.%m.%Y}", *(f"{p:,.2f}".replace(",", "'") for p in b.prices), "1'234"]),
            DEAR,
        ),
        volume=False,
        bars=DEAR,
        symbol="SPX",
    ),
    "Boursorama": Sample(
        "SPY.txt",
        rows(
            "date\touv\thaut\tbas\tclot\tvol\tdevise\t",
            lambda b: f"{b.day:%d/%m/%Y %H:%M}\t{ohlc(b, separator=chr(9))}\t{b.volume}\tUSD\t",
        ),
    ),
    "France, blanks between thousands": Sample(
        "SPX.csv",
        rows(
            "Date;Ouverture;Haut;Bas;Dernier;Volume",
            lambda b: ";".join(
                [
                    f"{b.day:%d/%m/%Y}",
                    *(f"{p:,.2f}".translate({44: 0x202F, 46: 44}) for p in b.prices),
                    f"{b.volume:,}".replace(",", "\u00a0"),
                ]
            ),
            DEAR,
        ),
        bars=DEAR,
        symbol="SPX",
    ),
    "Euronext": Sample(
        "SPY.csv",
        '"Historical Data"\n"From 2023-01-03 to 2023-04-28"\nUS78462F1030\n'
        + rows(
            "Date;Open;High;Low;Last;Close;Number of Shares;Number of Trades;Turnover;vwap",
            lambda b: f"{b.day:%d/%m/%Y};{ohlc(b, separator=';')};{b.close};{b.volume};9;1;100.0",
        ),
        volume=False,
    ),
}

SAMPLES: Mapping[str, Sample] = {**INVESTING, **PAGES}

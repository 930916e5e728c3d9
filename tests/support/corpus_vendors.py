"""Texts as vendors and programs of brokers export them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corpus import Sample, plain, rows, us_day
from exports import SHARE, Day, epoch, ohlc

if TYPE_CHECKING:
    from collections.abc import Mapping

OLD_YAHOO = "Date,Open,High,Low,Close,Adj Close,Volume"


def payouts(bar: Day) -> str:
    """Write the line that a copied page of Yahoo has for a dividend."""
    return f"{bar.day:%b %-d, %Y}\t{bar.dividend} Dividend\n" if bar.dividend else ""


YAHOO = {
    "Yahoo, old download": Sample(
        "SPY.csv", rows(OLD_YAHOO, lambda b: f"{b.day},{ohlc(b)},{b.adj_close},{b.volume}"), adjusted=True
    ),
    "Yahoo, old download with a null row": Sample(
        "SPY.csv",
        rows(OLD_YAHOO, lambda b: f"{b.day},{ohlc(b)},{b.adj_close},{b.volume}")
        + "2023-04-29,null,null,null,null,null,null\n",
        adjusted=True,
    ),
    "Yahoo, old page with stars": Sample(
        "SPY.csv",
        rows(
            "Date,Open,High,Low,Close*,Adj Close**,Volume",
            lambda b: f'"{b.day:%b %d, %Y}",{ohlc(b)},{b.adj_close},"{b.volume:,}"',
        ),
        adjusted=True,
    ),
    "Yahoo, page of today copied": Sample(
        "SPY.txt",
        rows(
            "Date\tOpen\tHigh\tLow\tClose Close price adjusted for splits.\tAdj Close Adjusted close price adjusted for"
            " splits and dividend and/or capital gain distributions.\tVolume",
            lambda b: payouts(b) + f"{b.day:%b %-d, %Y}\t{ohlc(b, separator=chr(9))}\t{b.adj_close}\t{b.volume:,}",
            SHARE[::-1],
        ),
        adjusted=True,
        dividends=True,
    ),
    "yfinance, header of three rows": Sample(
        "SPY.csv",
        "Price,Adj Close,Close,High,Low,Open,Volume\nTicker,SPY,SPY,SPY,SPY,SPY,SPY\nDate,,,,,,\n"
        + rows("", lambda b: f"{b.day},{b.adj_close},{b.close},{b.high},{b.low},{b.open},{b.volume}"),
        adjusted=True,
    ),
    "yfinance, grouped by ticker": Sample(
        "all.csv",
        "Ticker,SPY,SPY,SPY,SPY,SPY\nPrice,Open,High,Low,Close,Volume\nDate,,,,,\n" + rows("", plain),
    ),
    "yfinance, history with actions": Sample(
        "SPY.csv",
        rows(
            "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits,Capital Gains",
            lambda b: f"{b.day} 00:00:00-05:00,{ohlc(b)},{b.volume},0.0,0.0,0.0",
        ),
    ),
    "yfinance, stacked": Sample(
        "all.csv",
        rows(
            "Date,Ticker,Adj Close,Close,High,Low,Open,Volume",
            lambda b: f"{b.day},SPY,{b.adj_close},{b.close},{b.high},{b.low},{b.open},{b.volume}",
        ),
        adjusted=True,
    ),
    "yfinance, closes of several": Sample(
        "prices.csv",
        "Price,Close,Close\nTicker,SPY,QQQ\nDate,,\n" + rows("", lambda b: f"{b.day},{b.close},{b.close}"),
        refused="closes only",
    ),
}

VENDORS = {
    "Alpha Vantage": Sample(
        "daily_adjusted_SPY.csv",
        rows(
            "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient",
            lambda b: f"{b.day},{ohlc(b)},{b.adj_close},{b.volume},{b.dividend},1.0",
            SHARE[::-1],
        ),
        adjusted=True,
        dividends=True,
    ),
    "Tiingo": Sample(
        "SPY.csv",
        rows(
            "date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor",
            lambda b: f"{b.day},{b.close},{b.high},{b.low},{b.open},{b.volume},{b.adj_close},1,1,1,1,{b.dividend},1.0",
        ),
        adjusted=True,
        dividends=True,
    ),
    "Polygon, flat file": Sample(
        "2023.csv",
        rows(
            "ticker,volume,open,close,high,low,window_start,transactions",
            lambda b: f"SPY,{b.volume},{b.open},{b.close},{b.high},{b.low},{epoch(b, 5)}000000000,99",
        ),
    ),
    "Alpaca, as a frame": Sample(
        "bars.csv",
        rows(
            "symbol,timestamp,open,high,low,close,volume,trade_count,vwap",
            lambda b: f"SPY,{b.day} 05:00:00+00:00,{ohlc(b)},{b.volume},9.0,100.0",
        ),
    ),
    "EODHD": Sample(
        "SPY.US.csv",
        rows("Date,Open,High,Low,Close,Adjusted_close,Volume", lambda b: f"{b.day},{ohlc(b)},{b.adj_close},{b.volume}")
        + "Total size\n",
        adjusted=True,
    ),
    "Twelve Data": Sample(
        "SPY.csv",
        rows(
            "datetime;open;high;low;close;volume", lambda b: f"{b.day};{ohlc(b, separator=';')};{b.volume}", SHARE[::-1]
        ),
    ),
    "SimFin": Sample(
        "us-shareprices-daily.csv",
        rows(
            "Ticker;SimFinId;Date;Open;High;Low;Close;Adj. Close;Volume;Dividend;Shares Outstanding",
            lambda b: f"SPY;1;{b.day};{ohlc(b, separator=';')};{b.adj_close};{b.volume};{b.dividend or ''};5",
        ),
        adjusted=True,
        dividends=True,
    ),
    "Norgate": Sample(
        "SPY.csv",
        rows(
            "Date,Open,High,Low,Close,Volume,Turnover,Unadjusted Close,Dividend",
            lambda b: f"{b.day:%Y%m%d},{ohlc(b)},{b.volume},5,{b.close},0",
        ),
    ),
    "FirstRate": Sample(
        "SPY_full_1day_adjsplit.txt",
        rows("", plain),
        options={"symbol": "SPY"},
    ),
    "Kibot": Sample("SPY.txt", rows("", lambda b: f"{b.day:%m/%d/%Y},{ohlc(b)},{b.volume}")),
    "IBKR, as a frame": Sample(
        "SPY.csv",
        rows(",date,open,high,low,close,volume,average,barCount", lambda b: f"0,{b.day},{ohlc(b)},{b.volume},100.0,99"),
    ),
    "IBKR, days as numbers": Sample(
        "SPY.csv",
        rows("Date,Open,High,Low,Close,Volume,WAP,Count", lambda b: f"{b.day:%Y%m%d},{ohlc(b)},{b.volume},100.0,9"),
    ),
    "TradingView, seconds": Sample(
        "BATS_SPY, 1D.csv", rows("time,open,high,low,close,Volume", lambda b: f"{epoch(b, 14)},{ohlc(b)},{b.volume}")
    ),
    "TradingView, ISO": Sample(
        "AMEX_SPY, 1D_8a1b2.csv",
        rows(
            "time,open,high,low,close,MA,MA,Volume",
            lambda b: f"{b.day}T09:30:00-05:00,{ohlc(b)},100.1,100.2,{b.volume}",
        ),
    ),
    "TradingView, dates": Sample("NYSEARCA_SPY, 1D.csv", rows("time,open,high,low,close,Volume", plain)),
    "MetaStock": Sample(
        "SPY.txt",
        rows(
            "<TICKER>,<PER>,<DTYYYYMMDD>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>",
            lambda b: f"SPY,D,{b.day:%Y%m%d},000000,{ohlc(b)},{b.volume},0",
        ),
    ),
    "MetaStock, short": Sample(
        "SPY.txt",
        rows("<ticker>,<date>,<open>,<high>,<low>,<close>,<vol>", lambda b: f"SPY,{b.day:%Y%m%d},{ohlc(b)},{b.volume}"),
    ),
    "AmiBroker": Sample(
        "all.csv",
        rows("Ticker,Date/Time,Open,High,Low,Close,Volume", lambda b: f"SPY,{us_day(b)},{ohlc(b)},{b.volume}"),
    ),
    "MetaTrader 5": Sample(
        "SPY_Daily.csv",
        rows(
            "<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>",
            lambda b: f"{b.day:%Y.%m.%d}\t{ohlc(b, separator=chr(9))}\t7\t{b.volume}\t1",
        ),
    ),
    "MetaTrader 4": Sample(
        "SPY1440.csv", rows("", lambda b: f"{b.day:%Y.%m.%d},00:00,{ohlc(b)},{b.volume}"), options={"symbol": "SPY"}
    ),
    "NinjaTrader": Sample(
        "SPY.Last.txt",
        rows("", lambda b: f"{b.day:%Y%m%d};{ohlc(b, separator=';')};{b.volume}"),
        options={"symbol": "SPY"},
    ),
    "Dukascopy": Sample(
        "SPY.USUSD_Candlestick_1_D_BID.csv",
        rows(
            "Local time,Open,High,Low,Close,Volume",
            lambda b: f"{b.day:%d.%m.%Y} 00:00:00.000 GMT-0500,{ohlc(b)},{b.volume}",
        ),
        options={"symbol": "SPY"},
    ),
    "Bloomberg": Sample(
        "SPY.csv",
        "Security,SPY US Equity\nStart Date,1/3/2023\nEnd Date,4/28/2023\nPeriod,D\n\n"
        + rows("Date,PX_OPEN,PX_HIGH,PX_LOW,PX_LAST,PX_VOLUME", lambda b: f"{us_day(b)},{ohlc(b)},{b.volume}"),
    ),
    "quantmod, rows without a name": Sample(
        "SPY.csv",
        rows(
            '"SPY.Open" "SPY.High" "SPY.Low" "SPY.Close" "SPY.Volume" "SPY.Adjusted"',
            lambda b: f'"{b.day}" {ohlc(b, separator=" ")} {b.volume} {b.adj_close}',
        ),
        adjusted=True,
    ),
    "zoo": Sample(
        "SPY.csv",
        rows(
            '"Index","SPY.Open","SPY.High","SPY.Low","SPY.Close","SPY.Volume","SPY.Adjusted"',
            lambda b: f"{b.day},{ohlc(b)},{b.volume},{b.adj_close}",
        ),
        adjusted=True,
    ),
    "FinRL": Sample(
        "train_data.csv",
        rows(",date,open,high,low,close,volume,tic,day", lambda b: f"0,{plain(b)},SPY,{b.day.weekday()}"),
    ),
    "Bloomberg, several": Sample(
        "book.csv",
        "SPY US Equity,,,,,,QQQ US Equity,,,,,\n"
        + rows(
            "Date,PX_OPEN,PX_HIGH,PX_LOW,PX_LAST,PX_VOLUME,Date,PX_OPEN,PX_HIGH,PX_LOW,PX_LAST,PX_VOLUME",
            lambda b: f"{us_day(b)},{ohlc(b)},{b.volume},{us_day(b)},{ohlc(b)},{b.volume}",
        ),
        refused="no symbol column",
    ),
    "QuantConnect": Sample(
        "spy.csv",
        rows("", lambda b: f"{b.day:%Y%m%d} 00:00,{ohlc(b, lambda p: str(round(p * 10000)))},{b.volume}"),
        refused="10,?000",
    ),
    "CRSP": Sample(
        "SPY.csv",
        rows(
            "PERMNO,date,TICKER,BIDLO,ASKHI,PRC,VOL,RET,OPENPRC",
            lambda b: f"84398,{b.day:%Y%m%d},SPY,{b.low},{b.high},{b.close},{b.volume},0.01,{b.open}",
        ),
        refused="--column",
    ),
}

SAMPLES: Mapping[str, Sample] = {**YAHOO, **VENDORS}

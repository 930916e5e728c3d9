"""Makes a larger market from the real bars, in the project's own Parquet form.

Its symbols are replicas of those with a full history (SPY.01, SPY.02, …) that move almost, not
exactly, alike.
"""

from __future__ import annotations

import argparse
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator

PRICES = ["open", "high", "low", "close", "adj_close", "dividend"]
# Of a symbol's own volatility: replicas then correlate at about 0.94 with one another.
NOISE = 0.25
SYMBOLS_A_FILE = 500
"""A source reads no more than five million rows of one file."""


def replicate(bars: Path, folder: Path, symbols: int) -> None:
    """Write Parquet files of so many symbols into a folder, one symbol after another in little memory."""
    schema = pq.read_schema(bars).remove_metadata()
    folder.mkdir(parents=True, exist_ok=True)
    made = islice(replicas(pd.read_parquet(bars)), symbols)
    for file in range(-(-symbols // SYMBOLS_A_FILE)):
        with pq.ParquetWriter(folder / f"symbols_{file}.parquet", schema) as writer:
            for frame in islice(made, SYMBOLS_A_FILE):
                writer.write_table(pa.Table.from_pandas(frame, schema, preserve_index=False))


def replicas(bars: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield endless replicas of the symbols with a full history, one frame per new symbol."""
    histories = dict(list(bars.groupby("symbol")))
    longest = max(len(history) for history in histories.values())
    for replica in count(1):
        for index, (symbol, history) in enumerate(histories.items()):
            if len(history) == longest:
                rng = np.random.default_rng([index, replica])
                yield perturb(history, rng).assign(symbol=f"{symbol!s}.{replica:02d}")


def perturb(history: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Multiply each session's return by its own noise.

    One factor scales all prices of a session, so that high and low still enclose open and close
    and the adjustment for dividends stays what it was.
    """
    deviation = NOISE * history["adj_close"].pct_change().std()
    noise = rng.normal(-(deviation**2) / 2, deviation, len(history))
    factor = np.exp(noise.cumsum())
    return history.assign(**{name: history[name] * factor for name in PRICES})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=Path, required=True, help="Parquet file of daily bars")
    parser.add_argument("--target", type=Path, required=True, help="folder to write into")
    parser.add_argument("--symbols", type=int, default=1000, help="number of replicas")
    options = parser.parse_args()
    replicate(options.bars, options.target, options.symbols)

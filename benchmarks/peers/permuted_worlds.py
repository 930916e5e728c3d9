"""The permutation test's worlds through a peer: optimise the grid in each, and count."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from compiled_kernel import account, calmar, correlate, features, scores, targets
from contest import Panel
from rules import COMMISSION, SLIPPAGE


def kernel_best(panel: Panel, first: int) -> float:
    """Optimise the grid over one world with the compiled kernel."""
    high, low, close, traded = (frame.to_numpy() for frame in (panel.high, panel.low, panel.close, panel.traded_close))
    returns, volatility, atr = features(high, low, close)
    weights = targets(scores(close, volatility, atr), 1 / volatility, correlate(returns))
    return float(calmar(account(weights, returns, SLIPPAGE + COMMISSION / traded)[first:]).max())


def vectorbt_best(panel: Panel, first: int) -> float:
    """Optimise the grid over one world with vectorbt, and a compiled selection."""
    import vectorbt as vbt  # noqa: PLC0415 - its import is part of a cold start
    from with_vectorbt import SESSIONS_PER_YEAR, VOL_WINDOW, net_returns  # noqa: PLC0415
    from with_vectorbt import scores as vectorbt_scores  # noqa: PLC0415

    returns = panel.close.vbt.pct_change()
    volatility = vbt.MSTD.run(returns, VOL_WINDOW, ddof=1).mstd.to_numpy()
    weights = targets(vectorbt_scores(panel, volatility), 1 / volatility, correlate(returns.to_numpy()))
    net = net_returns(panel, weights).iloc[first:]
    year = pd.Timedelta(days=SESSIONS_PER_YEAR)
    ratios = net.vbt.returns(freq="1D", year_freq=year).calmar_ratio().to_numpy()
    return float(np.nan_to_num(ratios, nan=-np.inf).max())


CONTESTANTS = {"kernel": kernel_best, "vectorbt": vectorbt_best}


def main(name: str, file: Path) -> None:
    """Time a contestant over all worlds, cold and warm; print one line of JSON."""
    optimise = CONTESTANTS[name]
    with np.load(file) as loaded:
        arrays = dict(loaded)
    labels = {"index": pd.DatetimeIndex(arrays["sessions"]), "columns": arrays["symbols"]}
    prices = [arrays[field] for field in ("adjusted_high", "adjusted_low", "adjusted_close", "close")]
    panels = [Panel(*(pd.DataFrame(each, **labels) for each in world)) for world in zip(*prices, strict=True)]
    first = int(arrays["first"])
    started = time.perf_counter()
    optimise(panels[0], first)
    warm = time.perf_counter()
    best = np.array([optimise(panel, first) for panel in panels])
    ended = time.perf_counter()
    said = {
        "name": name,
        "seconds": round(ended - warm, 2),
        "cold_seconds": round(warm - started, 2),
        "p": float((1 + (best[1:] >= best[0]).sum()) / len(best)),
        "largest_difference": float(np.nanmax(np.abs(best - arrays["best"]))),
    }
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

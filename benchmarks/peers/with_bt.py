"""The strategy in bt: its own accounting over targets computed in pandas, one backtest each."""

from __future__ import annotations

import bt
import numpy as np
import pandas as pd
from contest import Answer, Contestant, Panel, main
from plain_pandas import targets
from rules import COMMISSION, GRID, SLIPPAGE

# It walks each session in Python, seconds per strategy: all 81 would take minutes per call.
EVERY = 10
NOTE = (
    "a target is a share of the value before the session's costs, and each order pays its costs out of its own amount"
)


def solve(panel: Panel, _scope: str) -> Answer:
    """Backtest every tenth strategy of the grid, which mixes all its axes."""
    weights = targets(panel)
    net = np.full((weights.shape[1], len(GRID)), np.nan)
    for strategy in range(0, len(GRID), EVERY):
        net[:, strategy] = net_returns(panel, weights[strategy])
    return Answer(net)


def net_returns(panel: Panel, weights: np.ndarray) -> np.ndarray:
    """Rebalance to the weights (sessions by symbols) at every close; return net returns."""
    # A price before the listing is only there to be multiplied by a weight of zero.
    close, traded_close = panel.close.bfill(), panel.traded_close.bfill()
    # Half of this spread is paid per unit traded, which makes it any cost per unit wanted.
    spread = 2 * close * (SLIPPAGE + COMMISSION / traded_close)
    rebalance = bt.Strategy(
        "rotation",
        [
            bt.algos.WeighTarget(pd.DataFrame(weights, close.index, close.columns)),
            bt.algos.Rebalance(),
        ],
    )
    backtest = bt.Backtest(
        rebalance,
        close,
        initial_capital=10_000,
        integer_positions=False,
        additional_data={"bidoffer": spread},
    )
    backtest.run()
    # The first value is the capital on the day before the first session.
    return backtest.strategy.values.pct_change().iloc[1:].to_numpy()  # noqa: PD011 - bt's own


if __name__ == "__main__":
    main(Contestant("bt", ("bt", "ffn", "pandas"), solve, note=NOTE))

"""Statistics that judge a backtest: pure functions over arrays of per-session returns, without a lake or a clock."""

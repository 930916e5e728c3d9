"""Research: doubts the backtest; reads the warehouse, and writes nothing that trading reads."""

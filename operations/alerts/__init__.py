"""Alerts: what a person is told, over which channels, once; never in the way of a rebalance."""

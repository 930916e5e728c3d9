"""Execution: target weights become broker orders, each sent exactly once.

planning and models see plain values only; orders sends and follows; ledger records; brokers is the seam, with a folder
for each broker behind it; rebalance puts them in order, service and controls compose them for the callers.
"""

"""Target weights become broker orders here, each exactly once.

models, planner, limits and reconcile see plain values only; ledger remembers; broker is the seam, ibkr.py what stands
behind it; run.py puts them in order.
"""

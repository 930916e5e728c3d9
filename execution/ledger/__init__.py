"""The ledger: an append-only record of every decision, order and report."""

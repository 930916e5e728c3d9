"""The ledger: an append-only record of everything decided, sent and heard."""

"""The ledger: an append-only record of every decision, order and report."""

FILE_NAME = "ledger.sqlite"
"""The ledger of a home that names no other; who only asks whether there is one need not import its database."""

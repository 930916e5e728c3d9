"""The broker's own statement as the judge after the day: read, kept, compared with the ledger, signed for."""

"""Everything the warehouse holds, as assets."""

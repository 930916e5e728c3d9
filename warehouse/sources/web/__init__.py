"""Bars from vendors' web interfaces, one module a vendor; no vendor's own client library is needed."""

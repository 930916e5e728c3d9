"""Brokers behind one seam: a folder each."""

"""Bars from files: CSV and Parquet."""

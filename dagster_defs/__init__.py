"""Composition: the assets, jobs and command line that put warehouse, models and execution together."""

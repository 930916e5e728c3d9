"""Parameter search, judged out of sample."""

"""The permutation test: the choice repeated in worlds without structure."""

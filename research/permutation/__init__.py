"""The permutation test: worlds without structure, and how often luck does as well in them."""

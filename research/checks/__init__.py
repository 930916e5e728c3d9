"""Checks of the models themselves: look-ahead and warm-up."""

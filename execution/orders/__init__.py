"""Orders on their way: what must hold before, how each is sent exactly once and followed to its end."""

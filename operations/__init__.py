"""Care for an installation: it reads all of it, and decides nothing."""

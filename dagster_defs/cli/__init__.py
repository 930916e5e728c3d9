"""The `swing` command."""

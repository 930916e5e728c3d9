"""Runs the dbt models inside this process, and publishes a build whole or not at all."""

"""Measurements: each module is a command (`python -m benchmarks.NAME`) that prints one table of what it measured in one run."""

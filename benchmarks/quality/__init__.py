"""How often each contender cries wolf, and what it finds, on the same rows: see ``docs/benchmarks.md``."""

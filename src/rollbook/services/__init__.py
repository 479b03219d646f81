"""Use cases: what a person wants done, on domain and ports only."""

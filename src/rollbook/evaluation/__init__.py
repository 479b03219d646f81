"""How good and how fast: protocols, rates and benchmarks."""

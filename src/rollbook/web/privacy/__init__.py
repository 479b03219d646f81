"""Privacy: papers, how long things are kept, receipts, erasure and access."""

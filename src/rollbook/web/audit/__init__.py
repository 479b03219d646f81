"""The audit page: who did what, when, and to whom."""

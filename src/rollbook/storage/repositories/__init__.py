"""Rows to domain values and back: sealed on their way in, opened on their way out."""

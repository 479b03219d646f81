"""Rows, keys and the sealed register."""

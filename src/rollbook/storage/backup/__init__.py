"""Backups: sealed files with all that an installation needs to come back, and its key bundle."""

"""Signing in, the own account, and the list of accounts."""

"""Kiosks, for who adds and revokes them."""

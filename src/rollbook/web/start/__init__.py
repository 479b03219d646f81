"""Where one begins, and what has no other place."""

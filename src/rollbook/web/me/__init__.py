"""One person and their own record."""

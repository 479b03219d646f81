"""The page of exports: a month's register of one's groups, as a file."""

"""Keys and backups."""

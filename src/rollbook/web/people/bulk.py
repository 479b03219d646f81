"""Changes of many people at once, each with a preview."""

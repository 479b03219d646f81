"""What runs beside the pages: the clock that looks for due work."""

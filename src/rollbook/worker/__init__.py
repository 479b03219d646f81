"""What runs beside the pages: the clock of due work, and the thread that sends messages."""

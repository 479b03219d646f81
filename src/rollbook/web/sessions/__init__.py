"""Sessions of a day, and the page of each."""

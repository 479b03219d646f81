"""The live board, for a wall or a phone."""

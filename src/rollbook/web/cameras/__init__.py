"""The server's own cameras."""

"""Codes and PINs: people's own, and those that staff hand out."""

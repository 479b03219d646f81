"""Adapters to cameras and networks."""

"""The web application: pages in Flask, streams beside it, both thin over the services."""

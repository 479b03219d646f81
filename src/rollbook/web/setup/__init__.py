"""The first start, and the settings of the site."""

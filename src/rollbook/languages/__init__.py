"""The languages of pages, messages and reports: one catalog for all of them."""

"""People: the list, a person's page, samples, bulk import and bulk changes."""

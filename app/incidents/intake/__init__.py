"""Taking in reports: one, or as many as a phone has kept while it was offline."""

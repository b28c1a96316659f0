"""What every domain stands on: settings, database, errors, clock, paging."""

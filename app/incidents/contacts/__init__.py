"""The one contact of a case: sealed, shown on demand, erased in time."""

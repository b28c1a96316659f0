"""The list of cases as a table to take away."""

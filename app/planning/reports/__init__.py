"""A plan beside others, beside staff, on paper and as a file."""

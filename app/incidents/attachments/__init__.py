"""Photos of a case: taken in, drawn anew, given."""

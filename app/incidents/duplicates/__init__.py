"""Cases that tell of the same."""

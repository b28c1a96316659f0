"""Open cases follow the boundaries: what happens to them when cells are redrawn."""

"""Base units, of which the cells are drawn."""

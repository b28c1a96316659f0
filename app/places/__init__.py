"""The area tree and the grid cells, each with the time for which it holds; addresses."""

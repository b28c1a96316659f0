"""A plan over the base units that it is drawn on, with their load and the cases in them."""

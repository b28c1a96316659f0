"""A plan in figures: measures, cells and problems of a plan, and the bench of one community."""

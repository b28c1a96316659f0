"""Base units, of which the cells are drawn, and plans to draw them otherwise.

Here is what all rooms share: the words (`rules`), the tables, a plan as a row, what its paths ask.
"""

"""Rebalancing: other boundaries of grid cells, drawn from whole base units.

A plan says of every base unit in which cell it lies. Cells never leave their community, so each
community is a problem of its own. Pure: arrays in, arrays out; files and commands stand elsewhere.
"""

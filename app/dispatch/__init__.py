"""Stations, duty units and who is assigned where."""

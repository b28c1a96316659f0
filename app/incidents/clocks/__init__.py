"""Limits, working days and the clocks of a case."""

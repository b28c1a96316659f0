"""Promises in seconds, measured on real processes: `scripts/drill`.

The tests assert in which order things happen and never how long they take; this says how long.
"""

"""The reading model: what the log says of each open case, kept beside it for lists and counts."""

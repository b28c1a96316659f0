"""Studies of a plan: past cases replayed on it, next year's forecast, seams between cells."""

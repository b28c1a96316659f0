"""Reports, their life cycle and the filing standard."""

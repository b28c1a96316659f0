"""Plans that were drawn elsewhere."""

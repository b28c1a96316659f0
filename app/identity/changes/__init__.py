"""A change of many accounts while it is being made: how far it is, and whether it is to end."""

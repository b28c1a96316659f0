"""Who asks, and through which door to the database."""

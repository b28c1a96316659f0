"""A city's own files: checked whole against the loaded city, then written whole or not at all."""

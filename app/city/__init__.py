"""Loading a whole city: the demo bundle, and a city's own files."""

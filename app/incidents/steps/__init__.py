"""Taking steps: by whoever may, by programs, by themselves."""

"""The cases that wait for whoever asks."""

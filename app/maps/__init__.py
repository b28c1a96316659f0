"""Layers, tiles, heat, counts: what the map draws."""

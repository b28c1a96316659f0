"""Vector tiles, heat tiles and the point store. Knows SQL, not HTTP."""

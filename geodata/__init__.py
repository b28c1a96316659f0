"""Geography without web or database: codes, coordinates, coverages, gazetteer, the demo city."""

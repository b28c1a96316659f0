"""Mirrors the three packages, plus e2e. Every database is a real PostGIS, every page a real one."""

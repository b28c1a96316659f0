"""Webhooks: what happens in an area, sent to a program's address, signed and in order."""

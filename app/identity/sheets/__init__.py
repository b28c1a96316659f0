"""Accounts and grants of many posts from one sheet: looked at, then taken, or ended likewise."""

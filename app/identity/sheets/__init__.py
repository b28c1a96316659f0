"""Accounts and grants of many posts from one sheet: looked at first, then taken, or ended likewise."""

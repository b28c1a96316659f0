"""Programs outside: what they are told when they ask, and what is sent to them."""

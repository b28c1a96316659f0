"""The life of a plan: begun, discussed, submitted, approved, brought up to date, published."""

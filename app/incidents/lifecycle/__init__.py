"""What a case is by its log, which step may follow, and who may take it."""

"""Drawing on a plan: edits that can be undone, and the moves that they make."""

"""Mail to desks: a duty unit that is sent to a case while no page of theirs is open hears of it."""

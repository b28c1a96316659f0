"""Long work on plans, done behind the scenes: asked for, worked on, cancelled."""

"""Anti-fraud warnings (1 + 10 + 112): to the police station at once, and up when nobody visits."""

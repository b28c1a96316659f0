"""Joint mediation of a dispute: who is called in, when and where they meet, what they agree."""

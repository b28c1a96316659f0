"""The working days of a year: shown, and taken by the city once the State Council has told them."""

"""The case that is shown: reports taken in, lists, the card, what is due."""

"""The pull of states: which cases have changed since a program last asked."""

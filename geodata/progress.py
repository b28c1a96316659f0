"""How long work reports where it is, and how it is told to stop."""

from typing import Protocol


class Cancelled(Exception):
    """Raised by a progress receiver when whoever watches has asked the work to stop."""


class Progress(Protocol):
    """Receiver of progress. Called from the working thread, at most a few times a second."""

    def step(self, name: str, done: int, total: int) -> None:
        """Say that `done` of `total` parts of the step `name` are finished.

        Raises:
            Cancelled: the work is to stop here and leave nothing half-made.
        """


class Silent:
    """A receiver that shows nothing and never cancels."""

    def step(self, name: str, done: int, total: int) -> None:
        """Ignore the report."""

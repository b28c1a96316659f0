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


class Stretch:
    """Work that is a part of other work: its steps move the whole from one share to another."""

    PARTS = 1_000

    def __init__(self, whole: Progress, begin: float, end: float) -> None:
        """Move `whole` from the share `begin` to the share `end`, each 0 to 1."""
        self._whole = whole
        self._begin, self._end = begin, end

    def step(self, name: str, done: int, total: int) -> None:
        """Say how far the whole is, in `PARTS`.

        Raises:
            Cancelled: by the whole.
        """
        share = self._begin + (self._end - self._begin) * (done / total if total else 0.0)
        self._whole.step(name, round(share * self.PARTS), self.PARTS)


class Silent:
    """A receiver that shows nothing and never cancels."""

    def step(self, name: str, done: int, total: int) -> None:
        """Ignore the report."""


class Stoppable:
    """A receiver for work done beside other work, which ends with it."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._stopped = False

    def stop(self) -> None:
        """Make every later step raise `Cancelled`."""
        self._stopped = True

    def step(self, name: str, done: int, total: int) -> None:
        """Hand the report on.

        Raises:
            Cancelled: it was stopped, or by the receiver itself.
        """
        if self._stopped:
            raise Cancelled
        self._progress.step(name, done, total)


class Parts:
    """Work of a known number of parts, wherever these are done: called once before each of them,
    and once when all are."""

    def __init__(self, progress: Progress, name: str, total: int) -> None:
        self._progress, self._name, self._total = progress, name, total
        self._done = 0

    def __call__(self) -> None:
        """Say that the next part begins.

        Raises:
            Cancelled: the work is to stop here.
        """
        self._progress.step(self._name, min(self._done, self._total), self._total)
        self._done += 1

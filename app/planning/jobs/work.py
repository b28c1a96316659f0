"""What a kind of job is: work on a plan that reports where it is, and what comes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.orm import Session

from app.core.context import Context
from app.planning.models import PlanJob
from geodata.progress import Progress


class Watch(Progress, Protocol):
    """Receiver of progress that also hears how good the best found so far is."""

    def better(self, objective: float) -> None:
        """Say that something better was found; lower is better."""


@dataclass(frozen=True)
class Outcome:
    """What came of a job.

    Attributes:
        result: as JSON, shown to whoever asks.
        draw: writes what is to stand, in the transaction that says the job is done, and gives what
            more is to be told; None for work that only looks.
    """

    result: dict[str, Any]
    draw: Callable[[Session, PlanJob], dict[str, Any]] | None = None


Kind = Callable[[Context, int, Mapping[str, Any], Watch], Outcome]
"""Does the work on a plan (by its number) with the job's `params`; holds no transaction open while
it computes. May raise a `Problem`, of which `detail` is told, and `Cancelled`."""

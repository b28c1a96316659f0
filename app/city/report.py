"""What loading a city answers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LoadReport:
    """What a load wrote.

    Attributes:
        name: the city's.
        demo: whether it is made up.
        rows: table -> rows written.
        later_incidents: cases of the bundle that would lie in the future, and were left out.
        shift_weeks: by how many weeks the times of the bundle were moved.
        boundary_version: the number of the new boundaries.
        seconds: how long it took.
    """

    name: str
    demo: bool
    rows: dict[str, int]
    later_incidents: int
    shift_weeks: int
    boundary_version: int
    seconds: float

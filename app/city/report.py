"""What loading a city answers, and what is loaded."""

from dataclasses import dataclass
from datetime import datetime


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


@dataclass(frozen=True)
class CityStatus:
    """The loaded city.

    Attributes:
        code, name, name_en: the city's.
        demo: whether it is made up.
        loaded_at: when it was loaded (UTC).
        areas: level -> areas in force.
        units, stations, duty_units, incidents, open_incidents: how many.
        last_report_at: when the newest case was reported (UTC), if there is any.
        boundary_version, boundary_note: of the boundaries in force.
    """

    code: int
    name: str
    name_en: str | None
    demo: bool
    loaded_at: datetime
    areas: dict[str, int]
    units: int
    stations: int
    duty_units: int
    incidents: int
    open_incidents: int
    last_report_at: datetime | None
    boundary_version: int | None
    boundary_note: str | None

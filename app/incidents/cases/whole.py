"""A case whole, as one look at the database gives it: its row, its log, what a card says. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from app.incidents.clocks.limits import Limit
from app.incidents.clocks.rules import Limits
from app.incidents.clocks.standard import limits_over_time
from app.incidents.lifecycle.who_may import TIER_OF_LEVEL, Unit
from app.incidents.rules import Event, Status, Tier
from geodata import codes


@dataclass(frozen=True)
class LoggedStep(Event):
    """A line of the log: a step, why it was taken, and in which role and for which area, or by
    which program."""

    reason: str | None = None
    role: str | None = None
    area_code: int | None = None
    program: str | None = None


@dataclass(frozen=True)
class DutyUnit:
    """A duty unit that the log names, on duty or not."""

    unit_id: int
    call_sign: str
    role: str
    station: str
    station_area: int

    def as_unit(self) -> Unit:
        """As the rules take it."""
        return Unit(self.role, TIER_OF_LEVEL[codes.level_of(self.station_area)])


@dataclass(frozen=True)
class WholeCase:
    """A case as of a minute.

    Attributes:
        fields: what never changes of it, as members of `schemas.Incident`, and where it lies now
            (degrees, EPSG:4326).
        row_cell: code of the cell in which it lies now.
        cell_code, chain: the cell in which it lay then, and the areas that contain it.
        log: up to then, in order; at least one step.
        limits: what its clock goes by.
        units, posts, others: duty units, names of areas, and cases that the log names: those that
            may be seen.
        followers: numbers of the cases that were ever merged into it.
        may_be_sent: whether the unit that was asked about is on duty for this place.
    """

    fields: Mapping[str, Any]
    row_cell: int
    cell_code: int
    chain: Sequence[Mapping[str, Any]]
    log: tuple[LoggedStep, ...]
    name_zh: str
    name_en: str
    limits: Limits
    units: Mapping[int, DutyUnit]
    posts: Mapping[int, str]
    others: Mapping[int, Mapping[str, Any]]
    followers: Sequence[int]
    has_contact: bool
    photos: int
    may_be_sent: bool

    @property
    def no(self) -> int:
        """Its short number."""
        return int(self.fields["no"])

    @property
    def category(self) -> str:
        """Four digits of the filing standard."""
        return str(self.fields["category"])

    @property
    def reported_at(self) -> datetime:
        """When we received it (UTC)."""
        return datetime.fromisoformat(self.fields["reported_at"])

    def unit(self, unit_id: int | None) -> Unit | None:
        """One of its units as the rules take it."""
        found = self.units.get(unit_id) if unit_id is not None else None
        return found.as_unit() if found is not None else None

    def call_sign(self, unit_id: int | None) -> str | None:
        """Of one of its units; never a person's name."""
        found = self.units.get(unit_id) if unit_id is not None else None
        return found.call_sign if found is not None else None

    def after(self, steps: Sequence[LoggedStep]) -> "WholeCase":
        """The same with more steps in its log."""
        return replace(self, log=(*self.log, *steps))


def of_json(found: Mapping[str, Any]) -> WholeCase:
    """A case as `whole_case` (app/sql/57_steps.sql) tells it."""
    category = found["fields"]["category"]
    named = found["category"] or {"zh": category, "en": category}
    return WholeCase(
        fields=found["fields"],
        row_cell=found["row_cell"],
        cell_code=found["cell_code"],
        chain=found["chain"] or (),
        log=tuple(map(_step, found["log"])),
        name_zh=named["zh"],
        name_en=named["en"],
        limits=_limits(category, found["limits"] or ()),
        units={line["unit_id"]: DutyUnit(**line) for line in found["units"] or ()},
        posts={int(code): name for code, name in (found["posts"] or {}).items()},
        others={line["no"]: line for line in found["others"] or ()},
        followers=found["followers"] or (),
        has_contact=found["has_contact"],
        photos=found["photos"],
        may_be_sent=found["may_be_sent"],
    )


_STEP_FIELDS = tuple(field.name for field in fields(LoggedStep))


def _step(line: Mapping[str, Any]) -> LoggedStep:
    values = {name: line[name] for name in _STEP_FIELDS}
    values["at"] = datetime.fromisoformat(line["at"])
    values["until"] = _instant(line["until"])
    values["status"], values["tier"] = Status(line["status"]), Tier(line["tier"])
    return LoggedStep(**values)


def _limits(category: str, lines: Iterable[Mapping[str, Any]]) -> Limits:
    versions = []
    for (since, until), each in groupby(lines, lambda line: (line["since"], line["until"])):
        limits = tuple(
            Limit.of(line["limit"], line["unit"]) if line["limit"] else None for line in each
        )
        versions.append((datetime.fromisoformat(since), _instant(until), limits))
    return limits_over_time(category, versions)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)

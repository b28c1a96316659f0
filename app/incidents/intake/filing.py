"""From a report to what is filed and answered: everything that needs no database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import orjson

from app.core.errors import Problem, id_conflict, invalid, outside_city
from app.identity.service import outside_scope
from app.incidents import rules
from app.incidents.cases.schemas import Incident, NewIncident
from app.incidents.clocks.rules import Clock, Limits
from app.incidents.clocks.service import as_sent
from app.incidents.clocks.workdays import CityCalendar
from app.incidents.intake.queries import Outcome
from app.incidents.reading.service import CaseKey, fold

LONGEST_AGO = timedelta(days=366)
CLOCK_SLACK = timedelta(minutes=5)
FIRST_ORDINAL = 1
FIRST = rules.CaseState(rules.Status.REPORTED, rules.Tier.GRID, None)
"""How every case begins."""


@dataclass(frozen=True)
class Place:
    """Degrees of EPSG:4326, and the radius (m) that it may be off."""

    lon: float
    lat: float
    uncertainty_m: float


def fault_of(new: NewIncident, now: datetime, *, demo: bool) -> Problem | None:
    """Why a report cannot be taken, as far as it says so by itself."""
    if new.simulated and not demo:
        return invalid("simulated", "is accepted by a demo server only (MINQING_DEMO=1)")
    if new.occurred_at is not None and new.occurred_at > now + CLOCK_SLACK:
        return invalid("occurred_at", "lies more than 5 minutes ahead of the server's clock")
    if new.occurred_at is not None and new.occurred_at < now - LONGEST_AGO:
        return invalid("occurred_at", "lies more than 366 days back")
    return None


def refusal_of(new: NewIncident, outcome: str) -> Problem:
    """Why a report was not filed, by the word of `queries.file_reports`."""
    fields = ["address"] if new.address is not None else ["lon", "lat"]
    if outcome == "category":
        return invalid("category", "is not in the filing standard in force")
    if outcome == "outside_city":
        return outside_city(*fields)
    if outcome == "outside_scope":
        return outside_scope(*fields)
    return id_conflict(new.id)


def head_of(new: NewIncident, where: Place, now: datetime) -> dict[str, Any]:
    """What is said of a case that has just been reported, but for what filing it finds: number,
    cell and the names of category and areas."""
    return {
        "id": new.id,
        "category": new.category,
        "kind": rules.kind_of(new.category),
        "title": new.title,
        "lon": where.lon,
        "lat": where.lat,
        "location_uncertainty_m": where.uncertainty_m,
        "severity": new.severity,
        "source": new.source,
        "status": FIRST.status,
        "stage": FIRST.stage,
        "occurred_at": new.occurred_at or now,
        "reported_at": now,
        "closed_at": None,
        "simulated": new.simulated,
    }


def as_row(place: int, new: NewIncident, digest: bytes, head: Mapping[str, Any]) -> dict[str, Any]:
    """A report as `queries.file_reports` takes it."""
    return {
        "place": place,
        "body_hash": digest.hex(),
        "description": new.description,
        "head": {**head, "at": head["reported_at"]},
    }


def first_answer(new: NewIncident, head: Mapping[str, Any], row: Outcome) -> Incident:
    """The incident as it is acknowledged, from what was sent and what was found."""
    return Incident(
        **head,
        no=row.no,
        category_name_zh=row.category_name_zh,
        category_name_en=row.category_name_en,
        cell_code=row.cell_code,
        chain=orjson.loads(row.chain),
        description=new.description,
        clock=_NO_CLOCK,
    )


def first_reading(now: datetime) -> dict[str, Any]:
    """The row of `case_now` of any case that has just been reported."""
    return {**_reading(), **dict.fromkeys(_INSTANTS, now)}


_NO_CLOCK = as_sent(Clock())
_INSTANTS = ("reported_at", "since", "held_since")


@cache
def _reading() -> dict[str, Any]:
    at = datetime.min.replace(tzinfo=UTC)
    event = rules.Event(
        at, FIRST_ORDINAL, rules.Step.REPORT, rules.Status.REPORTED, rules.Tier.GRID
    )
    # No clock starts with a report, so neither limits nor working days say anything of it yet.
    row = fold(CaseKey(0, at, "", 0), [event], Limits(), CityCalendar(), {})
    if row is None or {name for name, value in row.items() if value == at} != set(_INSTANTS):
        raise ValueError("a report says more of the clocks than when it came")
    return row

"""Taking in reports: each is acknowledged exactly once, whether it comes alone or among others."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import groupby
from uuid import UUID

from sqlalchemy.orm import Session

from app.core import outbox
from app.core.context import Context
from app.core.db import writing
from app.core.errors import Problem, id_conflict
from app.identity.keys import bad_key
from app.identity.rules import Asker, Key
from app.identity.service import not_signed_in, scope_of
from app.incidents.cases.schemas import Incident, NewIncident
from app.incidents.cases.service import incidents_as
from app.incidents.clocks.rules import Clock
from app.incidents.contacts import service as contact
from app.incidents.intake import queries
from app.incidents.intake.filing import (
    FIRST,
    Place,
    as_row,
    fault_of,
    first_answer,
    first_reading,
    head_of,
    refusal_of,
)
from app.incidents.intake.queries import Outcome
from app.incidents.queries import AnyRow
from app.places import addresses

EVERYWHERE = (0, 10**15)
MOST_UNDER_ONE_ID = 10
"""Different reports of one batch."""
Receipt = AnyRow | Outcome
"""`no`, `reported_at` and `body_hash` of what was acknowledged before."""


@dataclass(frozen=True)
class Taken:
    """A report that is acknowledged.

    Attributes:
        receipt: its `no`, `reported_at` and `cell_code`.
        is_new: whether it is filed just now.
        first_answer: gives the incident as it was first.
    """

    receipt: AnyRow | Outcome | Incident
    is_new: bool
    first_answer: Callable[[], Incident]

    @property
    def incident(self) -> Incident:
        """As it was first, word for word."""
        return self.first_answer()

    def again(self) -> "Taken":
        """The same for whoever sends it once more."""
        return replace(self, is_new=False)


def take(
    context: Context, asker: Asker, given: Sequence[NewIncident], now: datetime
) -> list[Taken | Problem]:
    """Acknowledge what somebody sends, in a transaction of its own; what became of each report."""
    with writing(context.request_engine, scope_of(asker)) as session:
        outcomes = report_all(session, given, now, demo=context.settings.demo, asker=asker)
        for new, outcome in zip(given, outcomes, strict=True):
            if new.contact is not None and isinstance(outcome, Taken) and outcome.is_new:
                keys = contact.key_file(context.settings)
                contact.attach(session, asker, new.id, new.contact, keys=keys, now=now)
    outbox.emitted(context.request_engine)
    return outcomes


def report(
    session: Session, new: NewIncident, now: datetime, *, demo: bool, asker: Asker | None = None
) -> Taken:
    """Acknowledge a report: receipt, case, first step and outbox row, in the caller's transaction.

    The same report under the same id gets the first answer again, word for word.

    Args:
        session: committed by its owner before the answer leaves.
        demo: whether simulated reports are accepted.
        asker: who reports, only from inside their area; None for what is no request.

    Raises:
        Problem: 401 where the session has just ended; 403 for a place beyond the asker's area; 409
            when the id names another report; 422 naming the field for a place outside the city, a
            category that is not in force, an instant out of range.
    """
    outcome = report_all(session, [new], now, demo=demo, asker=asker)[0]
    if isinstance(outcome, Problem):
        raise outcome
    return outcome


def report_all(
    session: Session,
    given: Sequence[NewIncident],
    now: datetime,
    *,
    demo: bool,
    asker: Asker | None = None,
) -> list[Taken | Problem]:
    """Acknowledge reports; what became of each, in their order. Arguments as of `report`.

    Of several under one id the first that can be filed counts; the others are the same report, or a
    conflict. Each that is looked at takes a statement of its own, so there is an end to them.
    """
    found: dict[int, Taken | Problem] = dict(_beyond_all(given))
    waiting = {place: new for place, new in enumerate(given) if place not in found}
    while waiting:
        first_of = {new.id: place for place, new in reversed(waiting.items())}
        firsts = {place: waiting.pop(place) for place in sorted(first_of.values())}
        found |= _outcomes(session, firsts, now, demo=demo, asker=asker)
        next_first: set[UUID] = set()
        for place, new in list(waiting.items()):
            first = first_of[new.id]
            outcome = _again(new, firsts[first], found[first])
            if outcome is None:
                next_first.add(new.id)
            if outcome is not None and new.id not in next_first:
                found[place] = outcome
                del waiting[place]
    return [found[place] for place in range(len(given))]


def _beyond_all(given: Sequence[NewIncident]) -> Iterator[tuple[int, Problem]]:
    """The reports before which too many others stand under their ids, by place: conflicts."""
    times = Counter(new.id for new in given)
    under: dict[UUID, set[bytes]] = {}
    for place, new in enumerate(given):
        if times[new.id] <= MOST_UNDER_ONE_ID:
            continue
        known, digest = under.setdefault(new.id, set()), new.digest()
        if len(known) < MOST_UNDER_ONE_ID:
            known.add(digest)
        elif digest not in known:
            yield place, id_conflict(new.id)


def _again(
    new: NewIncident, first: NewIncident, outcome: Taken | Problem
) -> Taken | Problem | None:
    """What became of a second report under an id; None where it is the first that may be filed.

    Args:
        first: the report before it.
        outcome: what became of that one.
    """
    if new.digest() == first.digest():
        return outcome if isinstance(outcome, Problem) else outcome.again()
    return None if isinstance(outcome, Problem) else id_conflict(new.id)


def _outcomes(
    session: Session,
    given: Mapping[int, NewIncident],
    now: datetime,
    *,
    demo: bool,
    asker: Asker | None,
) -> dict[int, Taken | Problem]:
    """What became of reports, every id once, by their places in the batch."""
    places, refused, receipts = _looked_at(session, given, now, demo=demo)
    digests = {place: new.digest() for place, new in given.items()}
    heads = {place: head_of(given[place], where, now) for place, where in places.items()}
    rows: list[Outcome] = []
    if places:
        codes = (asker.lo, asker.hi) if asker is not None else EVERYWHERE
        sent = [as_row(place, given[place], digests[place], heads[place]) for place in places]
        rows = queries.file_reports(session, sent, first_reading(now), now, codes)
        if not rows:
            raise bad_key() if isinstance(asker, Key) else not_signed_in()
    filed = {
        row.place: Taken(row, True, partial(first_answer, given[row.place], heads[row.place], row))
        for row in rows
        if row.outcome == "filed"
    }
    taken = [row.place for row in rows if row.outcome == "taken"]
    receipts |= {row.place: row for row in rows if row.outcome == "known"}
    receipts |= _receipts(session, given, taken)
    refused |= {
        row.place: refusal_of(given[row.place], row.outcome)
        for row in rows
        if row.place not in filed and row.place not in receipts
    }
    return {**filed, **refused, **_answers_again(session, given, digests, receipts)}


def _looked_at(
    session: Session, given: Mapping[int, NewIncident], now: datetime, *, demo: bool
) -> tuple[dict[int, Place], dict[int, Taken | Problem], dict[int, Receipt]]:
    """Reports before they are filed, by their places in the batch: where those lie that may be
    filed, why others may not be, and receipts of which it is known already that they are there."""
    faults = {place: fault_of(new, now, demo=demo) for place, new in given.items()}
    # What was acknowledged before stays so, whatever would be said of it today.
    doubtful = [p for p, new in given.items() if faults[p] or new.address is not None]
    receipts = _receipts(session, given, doubtful)
    places: dict[int, Place] = {}
    refused: dict[int, Taken | Problem] = {}
    for place in given.keys() - receipts.keys():
        settled = faults[place] or _settled(session, given[place], now)
        if isinstance(settled, Problem):
            refused[place] = settled
        else:
            places[place] = settled
    return places, refused, receipts


def _receipts(
    session: Session, given: Mapping[int, NewIncident], wanted: Sequence[int]
) -> dict[int, Receipt]:
    if not wanted:
        return {}
    known = queries.receipts(session, [given[place].id for place in wanted])
    return {place: known[given[place].id] for place in wanted if given[place].id in known}


def _settled(session: Session, new: NewIncident, now: datetime) -> Place | Problem:
    if new.address is None:
        return Place(*new.point(), 0.0)
    try:
        found = addresses.settle(session, new.address, now)
    except Problem as problem:
        return problem
    return Place(found.lon, found.lat, found.uncertainty_m)


def _answers_again(
    session: Session,
    given: Mapping[int, NewIncident],
    digests: Mapping[int, bytes],
    receipts: Mapping[int, Receipt],
) -> dict[int, Taken | Problem]:
    """The first answers to reports that were acknowledged before, or conflicts."""
    outcomes: dict[int, Taken | Problem] = {}
    same = {}
    for place, receipt in receipts.items():
        if receipt.body_hash == digests[place]:
            same[place] = receipt
        else:
            outcomes[place] = id_conflict(given[place].id)
    for reported_at, places in groupby(
        sorted(same, key=lambda place: same[place].reported_at),
        key=lambda place: same[place].reported_at,
    ):
        first = _as_first(session, {same[place].no: place for place in places}, reported_at)
        outcomes |= {
            place: Taken(incident, False, lambda incident=incident: incident)  # type: ignore[misc]
            for place, incident in first.items()
        }
    return outcomes


def _as_first(
    session: Session, place_of: Mapping[int, int], reported_at: datetime
) -> dict[int, Incident]:
    # Of all that is said only the state changes later, so the first answer can be given again.
    rows = queries.cases(session, list(place_of), reported_at)
    states, clocks = dict.fromkeys(place_of, FIRST), dict.fromkeys(place_of, Clock())
    found = incidents_as(session, rows, states, reported_at, clocks)
    return {place_of[incident.no]: incident for incident in found}

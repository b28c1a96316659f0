"""What may be done at a table, and how it stands after everything that was done. Pure.

The course: units are called in and answer, a meeting is set, they meet, an outcome is recorded; an
agreement is performed; whoever had told of the dispute is asked afterwards.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any


class TableState(StrEnum):
    """How far a table has come."""

    CALLED = "called"
    SCHEDULED = "scheduled"
    MET = "met"
    CONCLUDED = "concluded"
    PERFORMED = "performed"
    FOLLOWED_UP = "followed_up"
    CANCELLED = "cancelled"


class Act(StrEnum):
    """What was done at a table."""

    OPENED = "opened"
    CALL_IN = "call_in"
    ANSWER = "answer"
    MEETING = "meeting"
    MET = "met"
    OUTCOME = "outcome"
    PERFORMANCE = "performance"
    FOLLOW_UP = "follow_up"
    CANCEL = "cancel"


class Answer(StrEnum):
    """What a unit said when it was called in."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"


class Performance(StrEnum):
    """How much of an agreement was done."""

    NONE = "none"
    PARTLY = "partly"
    FULLY = "fully"


MEDIATED = "mediated"
STANDING = (TableState.CALLED, TableState.SCHEDULED, TableState.MET)
# Who usually sits at a table; any unit on duty may be called in.
USUAL_ROLES = ("officer", "legal_adviser", "mediator", "grid_worker")
FEWEST_UNITS = 2
LONGEST_MEETING = timedelta(hours=8)
FURTHEST_AHEAD = timedelta(days=90)


@dataclass(frozen=True)
class Agreement:
    """What was agreed.

    Attributes:
        performed_at: when all of it was done (UTC).
    """

    terms: str
    amount_yuan: Decimal | None
    due_on: date | None
    performance: Performance = Performance.NONE
    performed_at: datetime | None = None


@dataclass(frozen=True)
class Meeting:
    """A time (UTC) and a room."""

    starts_at: datetime
    ends_at: datetime
    room_id: int


@dataclass(frozen=True)
class Event:
    """Something that was done, as the append-only log keeps it; what it does not say is None."""

    at: datetime
    ordinal: int
    what: str
    unit_id: int | None = None
    answer: str | None = None
    room_id: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    outcome: str | None = None
    terms: str | None = None
    amount_yuan: Decimal | None = None
    due_on: date | None = None
    performance: str | None = None
    satisfaction: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Table:
    """How a mediation stands after its last event.

    Attributes:
        version: ordinal of that event.
        units: the units that were called in and what each said, in the order of the calls.
    """

    state: TableState
    version: int
    last_at: datetime
    units: dict[int, Answer] = field(default_factory=dict)
    meeting: Meeting | None = None
    outcome: str | None = None
    agreement: Agreement | None = None
    satisfaction: str | None = None

    @property
    def coming(self) -> list[int]:
        """The units that did not say no."""
        return [unit for unit, answer in self.units.items() if answer is not Answer.DECLINED]


_OPEN = frozenset({TableState.CALLED, TableState.SCHEDULED})
MAY: dict[Act, frozenset[TableState]] = {
    Act.CALL_IN: _OPEN,
    Act.ANSWER: _OPEN,
    Act.MEETING: _OPEN,
    Act.MET: frozenset({TableState.SCHEDULED}),
    Act.OUTCOME: frozenset({TableState.MET}),
    Act.PERFORMANCE: frozenset({TableState.CONCLUDED}),
    Act.FOLLOW_UP: frozenset({TableState.CONCLUDED, TableState.PERFORMED}),
    Act.CANCEL: frozenset({TableState.CALLED, TableState.SCHEDULED, TableState.MET}),
}
"""In which states something may be done."""


def replay(events: Iterable[Event]) -> Table | None:
    """A table from its log, in any order; None without an event."""
    table: Table | None = None
    for event in sorted(events, key=lambda event: event.ordinal):
        table = apply(table, event)
    return table


def apply(table: Table | None, event: Event) -> Table:
    """The table after one more event."""
    if table is None:
        return Table(TableState.CALLED, event.ordinal, event.at)
    by_act = _EFFECTS.get(event.what)
    changed = by_act(table, event) if by_act else {}
    return replace(table, version=event.ordinal, last_at=event.at, **changed)


def _said(table: Table, event: Event) -> dict[str, Any]:
    if event.unit_id is None:
        return {}
    return {"units": {**table.units, event.unit_id: Answer(event.answer or Answer.ASKED)}}


def _meeting(event: Event) -> Meeting | None:
    if event.starts_at is None or event.ends_at is None or event.room_id is None:
        return None
    return Meeting(event.starts_at, event.ends_at, event.room_id)


def _agreement(event: Event) -> Agreement | None:
    if event.terms is None:
        return None
    return Agreement(event.terms, event.amount_yuan, event.due_on)


def _performed(table: Table, event: Event) -> dict[str, Any]:
    if table.agreement is None:
        return {}
    performance = Performance(event.performance or Performance.NONE)
    is_done = performance is Performance.FULLY
    kept = replace(
        table.agreement, performance=performance, performed_at=event.at if is_done else None
    )
    return {"agreement": kept, "state": TableState.PERFORMED if is_done else table.state}


def _followed_up(table: Table, event: Event) -> dict[str, Any]:
    # Nobody reached is noted, and asked for again.
    is_done = event.satisfaction != "not_reached"
    state = TableState.FOLLOWED_UP if is_done else table.state
    return {"state": state, "satisfaction": event.satisfaction}


_EFFECTS: dict[str, Callable[[Table, Event], dict[str, Any]]] = {
    Act.CALL_IN: _said,
    Act.ANSWER: _said,
    Act.MEETING: lambda table, event: {"state": TableState.SCHEDULED, "meeting": _meeting(event)},
    Act.MET: lambda table, event: {"state": TableState.MET},
    Act.OUTCOME: lambda table, event: {
        "state": TableState.CONCLUDED, "outcome": event.outcome, "agreement": _agreement(event),
    },
    Act.PERFORMANCE: _performed,
    Act.FOLLOW_UP: _followed_up,
    Act.CANCEL: lambda table, event: {"state": TableState.CANCELLED},
}  # fmt: skip


def why_not(table: Table, act: Act) -> str | None:
    """Why something may not be done now; None when it may."""
    if table.state not in MAY.get(act, ()):
        return f"{act} may not follow in state {table.state}"
    if act is Act.MEETING and len(table.coming) < FEWEST_UNITS:
        return f"{act} may not follow: call in {FEWEST_UNITS} units at least that can come"
    if act is Act.ANSWER and not table.units:
        return f"{act} may not follow: nobody was called in"
    if act is Act.PERFORMANCE and table.agreement is None:
        return f"{act} may not follow: nothing was agreed"
    if act is Act.FOLLOW_UP and table.state is TableState.CONCLUDED and table.agreement is not None:
        return f"{act} may not follow: the agreement has not been performed"
    return None


def possible(table: Table) -> tuple[Act, ...]:
    """What may be done now, the ordinary course in order."""
    return tuple(act for act in MAY if why_not(table, act) is None)


def why_no_meeting(starts_at: datetime, ends_at: datetime, now: datetime) -> tuple[str, str] | None:
    """Why nobody can meet then (all UTC): the field and the reason; None where they can."""
    if ends_at <= starts_at:
        return "ends_at", "must lie after starts_at"
    if ends_at - starts_at > LONGEST_MEETING:
        return "ends_at", "lies more than 8 hours after starts_at"
    if ends_at <= now:
        return "ends_at", "lies in the past"
    if starts_at > now + FURTHEST_AHEAD:
        return "starts_at", "lies more than 90 days ahead"
    return None

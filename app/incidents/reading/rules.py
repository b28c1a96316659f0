"""What the log of a case says, as one row that holds until its next event. Pure.

A row is written with each event and answers for every minute from then to the next event: nothing
in it moves with time. What does move follows from comparing instants, in SQL as here:

- overdue once `due_at` has passed, due soon since `soon_at`; a clock that ended keeps what it was
  at `ended_at`;
- suspended until `resumes_at`, from then on in the state `resumes_as`;
- while the clock is paused, `due_at` is the deadline for a suspension that runs to its end. The
  deadline that is shown moves with the minute; the open time that is left stays the same.

`clock_at` gives the clock of a minute back from a row. It equals the fold of the log
(`clocks.rules.clock_of`) at every minute; tests hold that.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.incidents.clocks.limits import Calendar, Limit, after, counted, is_provisional
from app.incidents.clocks.rules import (
    DUE_SOON_PART,
    Clock,
    ClockState,
    Limits,
    clock_of,
    paused_until,
)
from app.incidents.lifecycle.rules import Case, apply
from app.incidents.rules import Event, Status, Tier, is_open

SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Reading:
    """How a case stands from one event to the next. Instants are UTC.

    Attributes:
        since: instant of the event.
        version: its ordinal.
        status, tier, unit_id: the state, who carries the case, to which duty unit it is assigned.
        held_since: since when tier and unit have been these.
        started_at, ended_at: of the clock of the case; None before.
        limit: what that clock goes by; None where none is fixed, and before it starts.
        raw_due_at, due_at: deadlines without and with adjustment; None where there is none.
        soon_at: from when on it is due soon.
        extensions: how many count.
        paused_until: when the suspension that stops the clock now ends by itself.
        resumes_at, resumes_as: when the suspension of the case ends by itself, and in which state.
        provisional: a deadline counts days of a year whose calendar is not published yet.
    """

    since: datetime
    version: int
    status: Status
    tier: Tier
    unit_id: int | None
    held_since: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    limit: Limit | None = None
    raw_due_at: datetime | None = None
    due_at: datetime | None = None
    soon_at: datetime | None = None
    extensions: int = 0
    paused_until: datetime | None = None
    resumes_at: datetime | None = None
    resumes_as: Status | None = None
    provisional: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the case is."""
        return is_open(self.status)


def read(log: Iterable[Event], limits: Limits, calendar: Calendar) -> tuple[Reading, Case]:
    """The row that holds from the last event of a log on, and the case as that event left it.

    Args:
        log: of one case, in any order, at least one event.
        limits: what the clock of its category goes by.
    """
    events = sorted(log, key=lambda event: (event.at, event.ordinal))
    case, held_since = _held(events)
    since = events[-1].at
    until = paused_until(events, since)
    clock = clock_of(events, limits, calendar, until or since)
    reading = Reading(
        since, case.version, case.status, case.tier, case.unit_id, held_since,
        clock.started_at, clock.ended_at, clock.limit, clock.raw_due_at, clock.due_at,
        extensions=clock.extensions, paused_until=until, provisional=clock.provisional,
    )  # fmt: skip
    if case.status is Status.SUSPENDED and case.suspended_until is not None:
        reading = replace(reading, resumes_at=case.suspended_until, resumes_as=case.before)
    soon_at = _soon_at(events, limits, calendar, reading)
    return replace(reading, soon_at=soon_at), case


def _held(events: list[Event]) -> tuple[Case, datetime]:
    """The case after its last event, and since when tier and unit have been as they are."""
    case = apply(None, events[0])
    held_since = events[0].at
    for event in events[1:]:
        following = apply(case, event)
        if (following.tier, following.unit_id) != (case.tier, case.unit_id):
            held_since = event.at
        case = following
    return case, held_since


def _soon_at(
    events: list[Event], limits: Limits, calendar: Calendar, reading: Reading
) -> datetime | None:
    """From when on the clock is due soon, as it stands; `since` where it is so already."""
    limit, due_at = reading.limit, reading.due_at
    if limit is None or due_at is None:
        return None
    if due_at <= reading.since:
        return reading.since
    if reading.paused_until is not None:
        # The open time left does not change while it is paused: either it is soon now, or it will
        # not be before the case goes on.
        now = clock_of(events, limits, calendar, reading.since)
        if now.state is ClockState.DUE_SOON:
            return reading.since
    left = counted(reading.since, due_at, limit.unit, calendar)
    return after(reading.since, left - limit.length // DUE_SOON_PART, limit.unit, calendar)


def clock_at(reading: Reading, calendar: Calendar, at: datetime) -> Clock:
    """The clock of a minute from the row that holds then; `unknown_year` is left out.

    Args:
        at: from `since` on, before the next event.
    """
    if reading.started_at is None:
        return Clock()
    state = _state(reading, reading.due_at, at)
    is_paused = reading.paused_until is not None and at < reading.paused_until
    until = reading.ended_at or at
    due_at = _shown_due_at(reading, calendar, at) if is_paused else reading.due_at
    if reading.limit is not None and state is ClockState.OK and _is_soon(reading, at):
        state = ClockState.DUE_SOON
    raw_state = _state(reading, reading.raw_due_at, at)
    if reading.limit is not None and raw_state is ClockState.OK and reading.ended_at is None:
        raw_state = _raw_state(reading, calendar, at)
    provisional = reading.provisional
    if is_paused:
        provisional = _is_provisional(reading, due_at, calendar)
    return Clock(
        limit=reading.limit,
        started_at=reading.started_at,
        ended_at=reading.ended_at,
        raw_due_at=reading.raw_due_at,
        raw_state=raw_state,
        raw_remaining_s=_seconds(until, reading.raw_due_at),
        due_at=due_at,
        state=state,
        remaining_s=_seconds(until, due_at),
        extensions=reading.extensions,
        is_paused=is_paused,
        provisional=provisional,
    )


def status_at(reading: Reading, at: datetime) -> Status:
    """The state of a minute: a suspension that has run out is over."""
    if reading.resumes_at is not None and reading.resumes_as is not None:
        return reading.status if at < reading.resumes_at else reading.resumes_as
    return reading.status


def _state(reading: Reading, due_at: datetime | None, at: datetime) -> ClockState:
    if reading.limit is None:
        return ClockState.NO_LIMIT
    if due_at is None:
        return ClockState.UNKNOWN
    return ClockState.OVERDUE if (reading.ended_at or at) > due_at else ClockState.OK


def _is_soon(reading: Reading, at: datetime) -> bool:
    return reading.ended_at is None and reading.soon_at is not None and at >= reading.soon_at


def _raw_state(reading: Reading, calendar: Calendar, at: datetime) -> ClockState:
    limit, due_at = reading.limit, reading.raw_due_at
    if limit is None or due_at is None:
        return ClockState.UNKNOWN
    left = counted(at, due_at, limit.unit, calendar)
    return ClockState.DUE_SOON if left * DUE_SOON_PART <= limit.length else ClockState.OK


def _shown_due_at(reading: Reading, calendar: Calendar, at: datetime) -> datetime | None:
    limit, due_at, until = reading.limit, reading.due_at, reading.paused_until
    if limit is None or due_at is None or until is None or due_at <= at:
        return due_at
    return after(at, counted(until, due_at, limit.unit, calendar), limit.unit, calendar)


def _is_provisional(reading: Reading, due_at: datetime | None, calendar: Calendar) -> bool:
    limit, start = reading.limit, reading.started_at
    ends = [at for at in (reading.raw_due_at, due_at) if at is not None]
    if limit is None or start is None or not ends:
        return False
    return is_provisional(start, max(ends), limit.unit, calendar)


def _seconds(now: datetime, due_at: datetime | None) -> int | None:
    return None if due_at is None else (due_at - now) // SECOND

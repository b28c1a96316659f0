"""The clocks of a case, computed from its log and never stored. Pure: imports rules only.

The clock of a case starts with its registration (a warning's with its first assignment) under the
limit that is in force at that instant, whatever happens to the standard later. It stops when the
handler confirms and hands back, not when the worker finishes; sent back by the check, or reopened,
a case has not been handed back. At the very deadline is in time.

Raw is start plus limit, whatever happened. Adjusted takes the steps in their order:

- an approved extension adds one original limit to the current deadline, twice at most;
- the first suspension stops the clock until the case goes on, or the suspension ends by itself, a
  year at most; others do not count;
- while a case was merged into another as its duplicate the clock stood, once it is unmerged;
- a granted appeal stops the clock from the appeal to the grant, and excuses what was overrun by
  then: the deadline does not lie before the grant. Refused or undecided, it changes nothing.

A case that climbs a rung of the dispute ladder gets the limit of that rung, from that instant on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise, zip_longest
from typing import NamedTuple

from app.incidents.clocks.limits import (
    ZONE,
    Calendar,
    CalendarUnknown,
    Limit,
    Span,
    Unit,
    after,
    counted,
    due,
    is_provisional,
    without,
)
from app.incidents.rules import STAGE_OF, Event, Stage, Status, Step, Tier, is_open

MOST_EXTENSIONS = 2
DUE_SOON_PART = 4
"""Due soon: no more than one part in so many of the limit is left, in its own unit."""


class ClockState(StrEnum):
    """How a clock stands; one that was stopped keeps the state in which it was stopped."""

    NO_LIMIT = "no_limit"
    NOT_STARTED = "not_started"
    OK = "ok"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class LimitVersion:
    """The limits of a category for as long as they are in force.

    Attributes:
        since, until: in force from the one to before the other (UTC); None for no end.
        limits: one a line of the standard, in its order; None for a line without a limit.
    """

    since: datetime
    until: datetime | None
    limits: tuple[Limit | None, ...]

    def holds_at(self, at: datetime) -> bool:
        """Whether it is in force."""
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True)
class Limits:
    """What the clocks of one case go by.

    Attributes:
        versions: limits of its category over time, in any order.
        is_ladder: the lines of the category are rungs (simple, general, complex); otherwise the
            first line holds.
        starts_with: the step with which the clock of the case starts.
        stages: limits of single stages, where the city has set some.
    """

    versions: tuple[LimitVersion, ...] = ()
    is_ladder: bool = False
    starts_with: Step = Step.REGISTER
    stages: Mapping[Stage, Limit] = field(default_factory=dict)

    def at(self, start: datetime, tier: Tier) -> Limit | None:
        """The limit in force at `start` for a case that this tier carries."""
        for version in self.versions:
            if version.holds_at(start) and version.limits:
                rung = min(rung_of(tier), len(version.limits) - 1) if self.is_ladder else 0
                return version.limits[rung]
        return None


def rung_of(tier: Tier) -> int:
    """Which rung of the dispute ladder a tier is: 0 village, 1 township, 2 district and above."""
    rungs = {Tier.COMMAND_POST: 1, Tier.SUB_CENTRE: 2, Tier.CITY_CENTRE: 2}
    return rungs.get(tier, 0)


@dataclass(frozen=True)
class Clock:
    """One clock as of one minute.

    Attributes:
        limit: what was in force when it started; None for none.
        started_at: None while it has not.
        ended_at: None while it runs.
        raw_due_at, raw_state: start plus limit, whatever happened in between.
        due_at, state: adjusted.
        remaining_s, raw_remaining_s: seconds from now (or from `ended_at`) to the deadlines, of the
            clock on the wall; negative beyond them.
        extensions: how many count.
        is_paused: it stands now, and `due_at` moves until it goes on.
        unknown_year: the year of which no calendar is known, where that is why there is no
            deadline.
        provisional: a deadline, raw or adjusted, rests on days that are only expected: it may move
            when the notice about that year is taken.
    """

    limit: Limit | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    raw_due_at: datetime | None = None
    raw_state: ClockState = ClockState.NOT_STARTED
    raw_remaining_s: int | None = None
    due_at: datetime | None = None
    state: ClockState = ClockState.NOT_STARTED
    remaining_s: int | None = None
    extensions: int = 0
    is_paused: bool = False
    unknown_year: int | None = None
    provisional: bool = False

    @property
    def is_provisional(self) -> bool:
        """`provisional`, as the paths call it."""
        return self.provisional

    @property
    def is_running(self) -> bool:
        """Whether somebody is still expected to be done in time."""
        return self.started_at is not None and self.ended_at is None


@dataclass(frozen=True)
class StageClock:
    """One stay of a case in one stage, with who carried it at its beginning.

    Attributes:
        started_at, ended_at: the latter None while it lasts.
        elapsed_s: seconds it has lasted, pauses left out.
        clock: of the city's limit for this stage; pauses are its only adjustment.
    """

    stage: Stage
    tier: Tier
    started_at: datetime
    ended_at: datetime | None
    elapsed_s: int
    clock: Clock


@dataclass(frozen=True)
class Clocks:
    """All clocks of a case as of one minute: of the whole, and of every stay in a stage so far."""

    total: Clock
    stages: tuple[StageClock, ...]


def clocks_of(
    events: Iterable[Event], limits: Limits, calendar: Calendar, as_of: datetime
) -> Clocks:
    """The clocks of a case at a minute.

    Args:
        events: the log of one case, in any order; what lies after `as_of` is not looked at, and
            steps that mean nothing to a clock change nothing.
    """
    log = _until(events, as_of)
    changes = _changes(log, as_of)
    total = _total(log, changes, limits, calendar, as_of)
    return Clocks(total, _stages(log, limits, changes, calendar, as_of))


def clock_of(events: Iterable[Event], limits: Limits, calendar: Calendar, as_of: datetime) -> Clock:
    """The clock of a case as a whole, without those of its stages; otherwise as `clocks_of`."""
    log = _until(events, as_of)
    return _total(log, _changes(log, as_of), limits, calendar, as_of)


def _until(events: Iterable[Event], as_of: datetime) -> list[Event]:
    return sorted((e for e in events if e.at <= as_of), key=lambda e: (e.at, e.ordinal))


def _total(
    log: Sequence[Event],
    changes: Sequence["_Change"],
    limits: Limits,
    calendar: Calendar,
    as_of: datetime,
) -> Clock:
    start = start_of(log, limits)
    if start is None:
        return Clock()
    limit = limits.at(start.at, start.tier)
    run = _Run(start.at, _end_of(log), limit, changes, _is_paused(log, as_of))
    return _read(run, calendar, as_of)


class _Change(NamedTuple):
    """Something that moves a deadline, known since `at`.

    Attributes:
        pause: the span in which the clock stood; None for an extension.
        excuses: what was overrun by the end of the pause does not count.
    """

    at: datetime
    ordinal: int
    pause: Span | None = None
    excuses: bool = False


@dataclass(frozen=True)
class _Run:
    start: datetime
    end: datetime | None
    limit: Limit | None
    changes: Sequence[_Change]
    is_paused: bool


def start_of(log: Sequence[Event], limits: Limits) -> Event | None:
    """The step with which the clock that counts now started; None before it.

    Args:
        log: of one case, in order.
    """
    start: Event | None = None
    for event in log:
        if start is None:
            start = event if event.step == limits.starts_with else None
        elif limits.is_ladder and rung_of(event.tier) > rung_of(start.tier):
            start = event
    return start


HANDED_BACK = frozenset({Status.HANDLED, Status.PENDING_CHECK})
"""The handler is done: what follows is the checker's time."""


def _end_of(log: Sequence[Event]) -> datetime | None:
    """When it was handed back, or ended without that; None while it is not."""
    end: datetime | None = None
    for event in log:
        if is_open(event.status) and event.status not in HANDED_BACK:
            end = None
        elif end is None:
            end = event.at
    return end


def _changes(log: Sequence[Event], as_of: datetime) -> list[_Change]:
    """What moves deadlines, in the order in which it came to be known."""
    changes = [_Change(e.at, e.ordinal) for e in log if e.step == Step.EXTEND]
    for since, until, ordinal in _stays(log, Status.DUPLICATE):
        if until is not None:
            changes.append(_Change(until, ordinal, Span(since, until)))
    appealed: datetime | None = None
    for event in log:
        if event.step == Step.APPEAL:
            appealed = event.at
        elif event.step == Step.GRANT_APPEAL and appealed is not None:
            pause = Span(appealed, event.at)
            changes.append(_Change(event.at, event.ordinal, pause, excuses=True))
            appealed = None
        elif event.step == Step.REFUSE_APPEAL:
            appealed = None
    changes += _suspension(log, [change.at for change in changes], as_of)
    return sorted(changes, key=lambda change: (change.at, change.ordinal))


def _suspension(
    log: Sequence[Event], others: Iterable[datetime], as_of: datetime
) -> Iterator[_Change]:
    """The first suspension, in parts: whatever else moves the deadline meanwhile finds the clock
    stopped until then."""
    for since, until, _ordinal in _stays(log, Status.SUSPENDED)[:1]:
        ended = min(until or as_of, _end_of_suspension(log, since))
        ends = sorted({at for at in others if since < at < ended} | {ended})
        for part in pairwise([since, *ends]):
            yield _Change(part[1], 0, Span(*part))


def _stays(log: Sequence[Event], status: Status) -> list[tuple[datetime, datetime | None, int]]:
    """When a case came into a state, when it left it (None: not yet), by which ordinal."""
    stays: list[tuple[datetime, datetime | None, int]] = []
    since: datetime | None = None
    for event in log:
        if event.status is status:
            since = since or event.at
        elif since is not None:
            stays.append((since, event.at, event.ordinal))
            since = None
    if since is not None:
        stays.append((since, None, log[-1].ordinal))
    return stays


def paused_until(log: Sequence[Event], as_of: datetime) -> datetime | None:
    """When the suspension that stops the clock at `as_of` ends by itself; None where none does.

    Args:
        log: of one case up to `as_of`, in order.
    """
    stays = _stays(log, Status.SUSPENDED)
    if len(stays) != 1 or stays[0][1] is not None:
        return None
    until = _end_of_suspension(log, stays[0][0])
    return until if as_of < until else None


def _is_paused(log: Sequence[Event], as_of: datetime) -> bool:
    return paused_until(log, as_of) is not None


def _end_of_suspension(log: Sequence[Event], since: datetime) -> datetime:
    """When a suspension ends by itself: as it was granted, a year later at most."""
    until = next((e.until for e in log if e.at == since and e.status is Status.SUSPENDED), None)
    latest = a_year_after(since)
    return latest if until is None else min(until, latest)


def a_year_after(at: datetime) -> datetime:
    """The same local time a year later (28 February for the 29th), in UTC."""
    local = at.astimezone(ZONE)
    day = 28 if (local.month, local.day) == (2, 29) else local.day
    return local.replace(year=local.year + 1, day=day).astimezone(UTC)


def _adjusted(run: _Run, limit: Limit, raw: datetime, calendar: Calendar) -> tuple[datetime, int]:
    """The deadline after all that happened, and how many extensions count."""
    deadline, extensions = raw, 0
    pauses: list[Span] = []
    for change in run.changes:
        if change.at < run.start:
            continue
        if change.pause is None:
            if extensions < MOST_EXTENSIONS:
                extensions += 1
                deadline = after(deadline, limit.length, limit.unit, calendar, pauses)
            continue
        since, until = change.pause
        # Pauses may overlap: what has been paused before does not count twice.
        unpaused = list(without([Span(max(since, run.start), until)], pauses))
        if unpaused and unpaused[0].since < deadline:
            left = counted(unpaused[0].since, deadline, limit.unit, calendar, pauses)
            deadline = after(until, left, limit.unit, calendar)
        pauses = sorted([*pauses, *unpaused])
        if change.excuses:
            deadline = max(deadline, until)
    return deadline, extensions


def _read(run: _Run, calendar: Calendar, as_of: datetime) -> Clock:
    if run.limit is None:
        return Clock(
            None,
            run.start,
            run.end,
            raw_state=ClockState.NO_LIMIT,
            state=ClockState.NO_LIMIT,
            is_paused=run.is_paused,
        )
    raw_at, due_at, extensions, unknown_year = None, None, 0, None
    try:
        raw_at = due(run.start, run.limit, calendar)
        due_at, extensions = _adjusted(run, run.limit, raw_at, calendar)
    except CalendarUnknown as error:
        unknown_year = error.year
    until = run.end or as_of
    return Clock(
        limit=run.limit,
        started_at=run.start,
        ended_at=run.end,
        raw_due_at=raw_at,
        raw_state=_state(run, raw_at, calendar, as_of),
        raw_remaining_s=_seconds(until, raw_at),
        due_at=due_at,
        state=_state(run, due_at, calendar, as_of),
        remaining_s=_seconds(until, due_at),
        extensions=extensions,
        is_paused=run.is_paused,
        unknown_year=unknown_year,
        provisional=_is_provisional(run, run.limit, (raw_at, due_at), calendar),
    )


def _is_provisional(
    run: _Run, limit: Limit, deadlines: Iterable[datetime | None], calendar: Calendar
) -> bool:
    latest = max((at for at in deadlines if at is not None), default=run.start)
    return is_provisional(run.start, latest, limit.unit, calendar)


def _state(run: _Run, due_at: datetime | None, calendar: Calendar, as_of: datetime) -> ClockState:
    if due_at is None or run.limit is None:
        return ClockState.UNKNOWN
    if (run.end or as_of) > due_at:
        return ClockState.OVERDUE
    if run.end is None and _is_soon(as_of, due_at, run.limit, calendar):
        return ClockState.DUE_SOON
    return ClockState.OK


def _is_soon(now: datetime, due_at: datetime, limit: Limit, calendar: Calendar) -> bool:
    return counted(now, due_at, limit.unit, calendar) * DUE_SOON_PART <= limit.length


def _seconds(now: datetime, due_at: datetime | None) -> int | None:
    return None if due_at is None else (due_at - now) // timedelta(seconds=1)


def _clock_stage(event: Event) -> Stage:
    # Once it is handed back, what passes is the checker's time.
    return Stage.CHECKING if event.status is Status.HANDLED else STAGE_OF[event.status]


def _stages(
    log: Sequence[Event],
    limits: Limits,
    changes: Sequence[_Change],
    calendar: Calendar,
    as_of: datetime,
) -> tuple[StageClock, ...]:
    """Every stay in a stage that is not the end, in order."""
    pauses = [change for change in changes if change.pause is not None and not change.excuses]
    is_paused = _is_paused(log, as_of)
    found: list[StageClock] = []
    firsts = [
        event
        for before, event in zip([None, *log], log, strict=False)
        if before is None or _clock_stage(before) is not _clock_stage(event)
    ]
    for event, following in zip_longest(firsts, firsts[1:]):
        stage = _clock_stage(event)
        if stage is Stage.CLOSED:
            continue
        end = following.at if following else None
        limit = limits.stages.get(stage)
        run = _Run(event.at, end, limit, pauses, is_paused and end is None)
        clock = _read(run, calendar, as_of)
        elapsed = counted(
            event.at, end or as_of, Unit.URGENT_HOUR, calendar, _within(pauses, event.at)
        )
        elapsed_s = elapsed // timedelta(seconds=1)
        found.append(StageClock(stage, event.tier, event.at, end, elapsed_s, clock))
    return tuple(found)


def _within(changes: Sequence[_Change], start: datetime) -> list[Span]:
    spans: list[Span] = []
    for change in changes:
        if change.pause is not None:
            since = max(change.pause.since, spans[-1].until if spans else start)
            if since < change.pause.until:
                spans.append(Span(since, change.pause.until))
    return spans

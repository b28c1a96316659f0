"""What may be done about a warning, and who must act when nobody has. Pure.

1 + 10 + 112: a centre warns, and the police station that covers the place visits within the time
that `visit_rule` gives, 30 minutes from dispatch; then it is the sub-centre's matter, then the
city centre's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

CATEGORY_PREFIX = "11"


class WarningState(StrEnum):
    """How far a warning has come."""

    DISPATCHED = "dispatched"
    CALLED = "called"
    DEPARTED = "departed"
    ARRIVED = "arrived"
    CONCLUDED = "concluded"


class WarningStep(StrEnum):
    """What was done about a warning."""

    DISPATCH = "dispatch"
    CALL = "call"
    DEPART = "depart"
    ARRIVE = "arrive"
    CONCLUDE = "conclude"


class VisitOutcome(StrEnum):
    """What came of a visit."""

    DISSUADED = "dissuaded"
    NOT_DISSUADED = "not_dissuaded"
    NOT_FOUND = "not_found"
    FALSE_ALARM = "false_alarm"


class WarningLevel(StrEnum):
    """Who must act now, from near to far."""

    POLICE_STATION = "police_station"
    SUB_CENTRE = "sub_centre"
    CITY_CENTRE = "city_centre"


RUNNING = (WarningState.DISPATCHED, WarningState.CALLED, WarningState.DEPARTED)
STATE_AFTER = {
    WarningStep.DISPATCH: WarningState.DISPATCHED,
    WarningStep.CALL: WarningState.CALLED,
    WarningStep.DEPART: WarningState.DEPARTED,
    WarningStep.ARRIVE: WarningState.ARRIVED,
    WarningStep.CONCLUDE: WarningState.CONCLUDED,
}
MAY: dict[WarningState, tuple[WarningStep, ...]] = {
    WarningState.DISPATCHED: (WarningStep.CALL, WarningStep.DEPART, WarningStep.CONCLUDE),
    WarningState.CALLED: (WarningStep.DEPART, WarningStep.CONCLUDE),
    WarningState.DEPARTED: (WarningStep.ARRIVE, WarningStep.CONCLUDE),
    WarningState.ARRIVED: (WarningStep.CONCLUDE,),
    WarningState.CONCLUDED: (),
}
"""What may follow, what is waited for first."""
# Whether somebody was dissuaded is known by whoever has been there.
WITHOUT_A_VISIT = (VisitOutcome.NOT_FOUND, VisitOutcome.FALSE_ALARM)


@dataclass(frozen=True)
class Timer:
    """How long a visit may take, and after how long more it climbs another tier."""

    visit: timedelta
    climb: timedelta


@dataclass(frozen=True)
class Event:
    """Something that was done, as the append-only log keeps it."""

    at: datetime
    ordinal: int
    step: str
    outcome: str | None = None


@dataclass(frozen=True)
class Climb:
    """When a warning became the matter of a farther level (UTC)."""

    at: datetime
    to: WarningLevel


@dataclass(frozen=True)
class Standing:
    """How a warning stands.

    Attributes:
        version: ordinal of its last event.
        visited_at: when the timer stopped: somebody arrived, or it ended without; None while it
            runs.
        climbs: so far, in order.
    """

    state: WarningState
    version: int
    last_at: datetime
    dispatched_at: datetime
    due_at: datetime
    visited_at: datetime | None
    climbs: tuple[Climb, ...]

    @property
    def level(self) -> WarningLevel:
        """Who must act now, or had to when it ended."""
        return self.climbs[-1].to if self.climbs else WarningLevel.POLICE_STATION


def standing(
    events: Iterable[Event],
    timer: Timer,
    now: datetime,
    *,
    has_station: bool,
    closed_at: datetime | None,
) -> Standing | None:
    """How a warning stands at `now` after its whole log; None without one.

    A step may have been noted while `now` was already told: then it is that late.

    Args:
        has_station: whether a police station covers the place; without one it is the sub-centre's
            matter from the start.
        closed_at: when its case was closed, by whatever step.
    """
    log = sorted(events, key=lambda event: event.ordinal)
    if not log:
        return None
    now = max(now, log[-1].at)
    state = STATE_AFTER[WarningStep(log[-1].step)]
    stops = [event.at for event in log if event.step in (WarningStep.ARRIVE, WarningStep.CONCLUDE)]
    if closed_at is not None and closed_at <= now:
        state = WarningState.CONCLUDED
        stops.append(closed_at)
    first = log[0].at
    visited_at = min(stops) if stops else None
    return Standing(
        state=state,
        version=log[-1].ordinal,
        last_at=log[-1].at,
        dispatched_at=first,
        due_at=first + timer.visit,
        visited_at=visited_at,
        climbs=tuple(_climbs(first, timer, visited_at or now, has_station=has_station)),
    )


def _climbs(
    dispatched_at: datetime, timer: Timer, until: datetime, *, has_station: bool
) -> list[Climb]:
    """The climbs up to an instant; who arrives in the very instant is in time."""
    due_at = dispatched_at + timer.visit
    at = (due_at, due_at + timer.climb) if has_station else (dispatched_at, due_at)
    levels = (WarningLevel.SUB_CENTRE, WarningLevel.CITY_CENTRE)
    found = [Climb(when, to) for when, to in zip(at, levels, strict=True) if when < until]
    if not has_station and not found:
        found = [Climb(dispatched_at, WarningLevel.SUB_CENTRE)]
    return found


def outcomes(state: WarningState) -> tuple[VisitOutcome, ...]:
    """How a warning may end in a state."""
    return tuple(VisitOutcome) if state is WarningState.ARRIVED else WITHOUT_A_VISIT


def ordinary_step(state: WarningState) -> WarningStep | None:
    """What is waited for."""
    following = MAY[state]
    return following[0] if following else None


def fault(state: WarningState, step: WarningStep, outcome: str | None) -> tuple[str, str] | None:
    """What is wrong with the words of a step that may follow: (field, message); None if nothing."""
    if step is not WarningStep.CONCLUDE:
        return ("outcome", f"means nothing to the step {step}") if outcome is not None else None
    if outcome is None:
        return "outcome", "is needed for the step conclude"
    if outcome not in outcomes(state):
        words: Sequence[str] = outcomes(state)
        why = "" if state is WarningState.ARRIVED else " before somebody has arrived"
        return "outcome", f"must be one of {', '.join(words)}{why}"
    return None

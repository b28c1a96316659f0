"""When everybody who is called and a room are free. Pure: calendar and time are passed in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from app.incidents.clocks.limits import WORKING_SPANS, ZONE, Calendar, CalendarUnknown, Unit

LENGTH = timedelta(hours=1)


@dataclass(frozen=True)
class Taken:
    """From when until when something is taken (UTC)."""

    since: datetime
    until: datetime

    def overlaps(self, since: datetime, until: datetime) -> bool:
        """Whether a time shares more than an instant with this one."""
        return self.since < until and since < self.until


@dataclass(frozen=True)
class Opening:
    """A time (UTC) and a room."""

    starts_at: datetime
    ends_at: datetime
    room_id: int


def openings(
    rooms: Sequence[int],
    rooms_taken: Mapping[int, Sequence[Taken]],
    units_taken: Iterable[Taken],
    hours: Iterable[tuple[datetime, datetime]],
) -> Iterator[Opening]:
    """Each hour in which all units are free, with each room that is, the best room first.

    Args:
        rooms: their numbers, the best first.
        rooms_taken: when each of them is taken.
        units_taken: when any of the units is.
        hours: that are asked about, in order.
    """
    busy = list(units_taken)
    for since, until in hours:
        if any(taken.overlaps(since, until) for taken in busy):
            continue
        for room in rooms:
            if not any(taken.overlaps(since, until) for taken in rooms_taken.get(room, ())):
                yield Opening(since, until, room)


def work_hours(calendar: Calendar, now: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
    """The whole hours of work that begin after `now`, in so many local days from today on (UTC).

    Ends with the last day of which it is known whether it is worked.
    """
    first = now.astimezone(ZONE).date()
    for offset in range(days):
        day = first + timedelta(days=offset)
        try:
            if not calendar.is_working(day):
                continue
        except CalendarUnknown:
            return
        for opens, closes in WORKING_SPANS[Unit.WORK_HOUR]:
            for hour in range(opens, closes):
                since = datetime.combine(day, time(hour), ZONE).astimezone(UTC)
                if since > now:
                    yield since, since + LENGTH

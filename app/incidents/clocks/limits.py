"""Limits and deadlines. Pure: the calendar of working days is passed in, the time is passed in.

A unit is a set of open spans of time; a limit is used up inside them and nowhere else.

| unit | open |
|---|---|
| `urgent_hour`, `urgent_work_day`, `calendar_day` | always, nights and holidays included |
| `work_hour` | 08:00-12:00 and 14:00-18:00 of working days |
| `work_day` | all 24 hours of working days |

The deadline of a limit L from a start is the earliest instant by which L has been counted. So a
deadline that falls on the end of a span is that end, not the next morning: 4 work hours from 14:00
end at 18:00, and 1 work day from a Saturday ends with the Monday, at Tuesday 00:00. It follows that
`after(start, a + b) == after(after(start, a), b)` and `counted(start, after(start, a)) == a`.

Instants given back are UTC; days and hours are those of Asia/Shanghai. What becomes of a limit in
the course of a case (extension, suspension, appeal) is in `rules`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOTHING, INSTANT = timedelta(0), timedelta(microseconds=1)
FOR_EVER = datetime.max.replace(tzinfo=UTC)
AMOUNT = re.compile(r"[0-9]{1,4}(\.[0-9]{1,3})?", re.ASCII)


class Unit(StrEnum):
    """What a limit is counted in."""

    WORK_HOUR = "work_hour"
    URGENT_HOUR = "urgent_hour"
    WORK_DAY = "work_day"
    URGENT_WORK_DAY = "urgent_work_day"
    CALENDAR_DAY = "calendar_day"


UNIT_NUMBERS = {
    Unit.WORK_HOUR: 1,
    Unit.URGENT_HOUR: 2,
    Unit.WORK_DAY: 3,
    Unit.URGENT_WORK_DAY: 4,
    Unit.CALENDAR_DAY: 5,
}
"""Units as the reading model writes them: a number stays its unit's for ever."""
LENGTH = {
    Unit.WORK_HOUR: HOUR,
    Unit.URGENT_HOUR: HOUR,
    Unit.WORK_DAY: DAY,
    Unit.URGENT_WORK_DAY: DAY,
    Unit.CALENDAR_DAY: DAY,
}
# Open spans of a working day (hours of the local day); a unit that is not here runs all the time.
WORKING_SPANS = {Unit.WORK_HOUR: ((8, 12), (14, 18)), Unit.WORK_DAY: ((0, 24),)}


class CalendarUnknown(ValueError):
    """Nobody can say which days of a year are worked."""

    def __init__(self, year: int) -> None:
        super().__init__(f"the working days of {year} are not known")
        self.year = year


class Calendar(Protocol):
    """Which local days are worked."""

    def is_working(self, day: date) -> bool:
        """Whether a local day is a working day, holidays and 调休 considered.

        Raises:
            CalendarUnknown: nobody can say that of its year.
        """

    def is_provisional(self, year: int) -> bool:
        """Whether the days of a year are only what is expected before its notice is taken."""


@dataclass(frozen=True)
class Limit:
    """How long something may take: a positive amount of one unit, exact to 0.001 of it."""

    amount: Decimal
    unit: Unit

    @classmethod
    def of(cls, amount: str, unit: str) -> "Limit":
        """A limit from the two cells in which the filing standard writes it.

        Raises:
            ValueError: no positive number of at most 9999.999, or no known unit.
        """
        if not AMOUNT.fullmatch(amount) or not Decimal(amount):
            raise ValueError(f"{amount!r} is not a positive number such as 4 or 0.5")
        if unit not in set(Unit):
            raise ValueError(f"{unit!r} is none of the units {', '.join(Unit)}")
        return cls(Decimal(amount), Unit(unit))

    @classmethod
    def parse(cls, words: str) -> "Limit":
        """A limit written as a number and a unit, such as `4 work_hour`.

        Raises:
            ValueError: it is not.
        """
        parts = words.split()
        if len(parts) != 2:
            raise ValueError(f"{words!r} is not a number and a unit, such as 4 work_hour")
        return cls.of(*parts)

    def __str__(self) -> str:
        return f"{self.amount.normalize():f} {self.unit}"

    @property
    def thousandths(self) -> int:
        """The amount in thousandths of its unit."""
        return int(self.amount * 1000)

    @property
    def length(self) -> timedelta:
        """How much open time it is."""
        return LENGTH[self.unit] * self.thousandths / 1000


class Span(NamedTuple):
    """From an instant to a later one, the end not included."""

    since: datetime
    until: datetime


@lru_cache(maxsize=2_048)
def local_midnight(day: date) -> datetime:
    """The instant (UTC) at which a local day begins."""
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def open_spans(start: datetime, unit: Unit, calendar: Calendar) -> Iterator[Span]:
    """The open spans of a unit from `start` on, in order, without end.

    Raises:
        CalendarUnknown: once the walk reaches a year that is not covered.
    """
    start = start.astimezone(UTC)
    hours = WORKING_SPANS.get(unit)
    if hours is None:
        yield Span(start, FOR_EVER)
        return
    day = start.astimezone(ZONE).date()
    while True:
        if calendar.is_working(day):
            midnight = local_midnight(day)
            for first, last in hours:
                opened, closed = midnight + first * HOUR, midnight + last * HOUR
                if closed > start:
                    yield Span(max(opened, start), closed)
        day += DAY


def without(spans: Iterable[Span], pauses: Sequence[Span]) -> Iterator[Span]:
    """The spans with the pauses taken out of them; both in order, pauses apart from each other."""
    for since, until in spans:
        begin = since
        for pause in pauses:
            if begin < pause.since < until:
                yield Span(begin, pause.since)
            if pause.since < until and pause.until > begin:
                begin = pause.until
            if begin >= until:
                break
        if begin < until:
            yield Span(begin, until)


def after(
    start: datetime,
    length: timedelta,
    unit: Unit,
    calendar: Calendar,
    pauses: Sequence[Span] = (),
) -> datetime:
    """The earliest instant (UTC) by which `length` of a unit's open time has passed since `start`.

    Args:
        length: not negative; with nothing it is `start` itself.
        pauses: spans in which the clock stands, in order and apart from each other.

    Raises:
        CalendarUnknown: a year on the way is not covered.
        OverflowError: it lies after the year 9999.
    """
    if length <= NOTHING:
        return start.astimezone(UTC)
    left = length
    for since, until in without(open_spans(start, unit, calendar), pauses):
        if left <= until - since:
            return since + left
        left -= until - since
    raise OverflowError("the deadline lies after the year 9999")


def due(start: datetime, limit: Limit, calendar: Calendar) -> datetime:
    """The deadline (UTC) of a limit that runs from `start`; raises as `after` does."""
    return after(start, limit.length, limit.unit, calendar)


def counted(
    start: datetime,
    end: datetime,
    unit: Unit,
    calendar: Calendar,
    pauses: Sequence[Span] = (),
) -> timedelta:
    """How much open time of a unit lies between two instants; negative when `end` is before.

    Raises:
        CalendarUnknown: a year on the way is not covered.
    """
    if end < start:
        return -counted(end, start, unit, calendar, pauses)
    total = NOTHING
    if end == start:
        return total
    for since, until in without(open_spans(start, unit, calendar), pauses):
        if since >= end:
            break
        total += min(until, end) - since
        if until >= end:
            break
    return total


def is_provisional(start: datetime, end: datetime, unit: Unit, calendar: Calendar) -> bool:
    """Whether the open time of a unit between two instants rests on days that are only expected:
    whether a local day of a provisional year lies between them, for a unit that knows days."""
    if unit not in WORKING_SPANS or end <= start:
        return False
    first = start.astimezone(ZONE).year
    last = (end - INSTANT).astimezone(ZONE).year  # midnight is the end of the day before
    return any(calendar.is_provisional(year) for year in range(first, last + 1))


def remaining(now: datetime, due_at: datetime, unit: Unit, calendar: Calendar) -> timedelta:
    """How much open time is left until a deadline; negative once it has passed."""
    return counted(now, due_at, unit, calendar)

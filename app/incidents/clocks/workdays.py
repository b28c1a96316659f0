"""Which days are worked: the national calendar with its 调休, and a city's own days on top.

| a year is | worked are | source |
|---|---|---|
| covered by the city | Monday to Friday | `city` |
| in the package `chinesecalendar` | the days of the State Council's notice | `national` |
| after those, up to 2099 | Monday to Friday but for `statutory` holidays | `provisional` |
| any other | nobody can say | none |

What the city says of a single day goes before all of them.

A city adds days, or a year that the package does not have yet, in `working_days.csv` in the data
dir (`own_days`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

from app.incidents.clocks import own_days, statutory
from app.incidents.clocks.limits import ZONE, CalendarUnknown
from app.incidents.clocks.own_days import DayKind, DaysUnfit, OwnDays

FILE_NAME = "working_days.csv"
FRIDAY = 4
NOTICE_MONTH = 10
"""From this month on the State Council's notice about the next year is to be expected."""


class WorkingDaysError(ValueError):
    """The city's own file cannot be used; the message names file and line."""


class Source(StrEnum):
    """Where the days of a year, or a single day, come from."""

    NATIONAL = "national"
    CITY = "city"
    PROVISIONAL = "provisional"


class CalendarDay(NamedTuple):
    """A day that is not as its weekday says, or of which the city says what it is."""

    day: date
    kind: DayKind
    source: Source
    note: str


@dataclass(frozen=True)
class CityCalendar:
    """The national calendar with a city's own days.

    Attributes:
        own: days and years of which the city itself says how they are worked.
    """

    own: OwnDays = field(default_factory=OwnDays)

    def is_working(self, day: date) -> bool:
        """Whether a local day is worked.

        Raises:
            CalendarUnknown: nobody can say that of its year.
        """
        worked = self._worked_by_year.get(day.year)
        if worked is None:
            worked = self._worked_by_year[day.year] = self._worked_days(day.year)
        return day in worked

    def is_provisional(self, year: int) -> bool:
        """Whether the days of a year are only expected: the notice about it is not taken yet."""
        return self.source_of(year) is Source.PROVISIONAL

    def source_of(self, year: int) -> Source | None:
        """Where the days of a year come from; None where nobody can tell them."""
        if year in self.own.covered:
            return Source.CITY
        if year in _national_years():
            return Source.NATIONAL
        if _national_years().stop <= year <= statutory.LAST_YEAR:
            return Source.PROVISIONAL
        return None

    def days_of(self, year: int) -> list[CalendarDay]:
        """The days of a year that are not as their weekday says, and the city's own, in order.

        Raises:
            CalendarUnknown: nobody can say that of this year.
        """
        source = self.source_of(year)
        if source is None:
            raise CalendarUnknown(year)
        own = {one.day: one for one in self.own.of_year(year)}
        found = []
        for day in _all_days(year):
            is_working = self.is_working(day)
            kind = DayKind.WORKING if is_working else DayKind.HOLIDAY
            if day in own:
                found.append(CalendarDay(day, kind, Source.CITY, own[day].note))
            elif is_working != (day.weekday() <= FRIDAY):
                found.append(CalendarDay(day, kind, source, _name(day, source)))
        return found

    @cached_property
    def _worked_by_year(self) -> dict[int, frozenset[date]]:
        """The worked days of the years that were asked for so far."""
        return {}

    def _worked_days(self, year: int) -> frozenset[date]:
        source = self.source_of(year)
        if source is None:
            raise CalendarUnknown(year)
        kinds = {one.day: one.kind for one in self.own.of_year(year)}
        worked = set(_days_without_city(year, source))
        worked -= {day for day, kind in kinds.items() if kind is DayKind.HOLIDAY}
        worked |= {day for day, kind in kinds.items() if kind is DayKind.WORKING}
        return frozenset(worked)


def untaken_year(calendar: CityCalendar, now: datetime) -> int | None:
    """The year whose days the city should take now, because deadlines in it are provisional: the
    present one, or from October on the next one; None for none."""
    today = now.astimezone(ZONE)
    years = [today.year, today.year + 1] if today.month >= NOTICE_MONTH else [today.year]
    return next((year for year in years if calendar.is_provisional(year)), None)


def _all_days(year: int) -> Iterator[date]:
    first = date(year, 1, 1)
    return (first + timedelta(days=nth) for nth in range((date(year, 12, 31) - first).days + 1))


def _name(day: date, source: Source) -> str:
    """What a day is free, or worked, for; empty where nobody says."""
    if source is Source.PROVISIONAL:
        return statutory.free_weekdays(day.year).get(day, "")
    if source is Source.NATIONAL:
        from chinese_calendar.constants import Holiday, holidays, workdays  # noqa: PLC0415

        names: dict[str, str] = {holiday.value: holiday.chinese for holiday in Holiday}
        return names.get(holidays.get(day, workdays.get(day, "")), "")
    return ""


@lru_cache(maxsize=1)
def _national_years() -> range:
    from chinese_calendar.constants import holidays  # noqa: PLC0415  (only who counts days)

    years = {day.year for day in holidays}
    return range(min(years), max(years) + 1)


@lru_cache(maxsize=64)
def _days_without_city(year: int, source: Source) -> frozenset[date]:
    """The days worked in a year by its source, before the city's single days."""
    weekdays = {day for day in _all_days(year) if day.weekday() <= FRIDAY}
    if source is Source.NATIONAL:
        from chinese_calendar.constants import holidays, workdays  # noqa: PLC0415

        return frozenset((weekdays - holidays.keys()) | {d for d in workdays if d.year == year})
    if source is Source.PROVISIONAL:
        return frozenset(weekdays - statutory.free_weekdays(year).keys())
    return frozenset(weekdays)


def city_calendar(data_dir: Path) -> CityCalendar:
    """The calendar of the city whose data lie in a folder; read anew when its file changes.

    Raises:
        WorkingDaysError: the city's own file has a line that cannot be used.
    """
    path = data_dir / FILE_NAME
    try:
        stat = path.stat()
    except FileNotFoundError:
        return CityCalendar()
    except OSError as error:
        raise WorkingDaysError(f"{path} cannot be read: {error.strerror}") from error
    return _read(path, (stat.st_mtime_ns, stat.st_ino, stat.st_size))


@lru_cache(maxsize=8)
def _read(path: Path, _version: tuple[int, int, int]) -> CityCalendar:
    try:
        return CityCalendar(own_days.parse(path.read_text(encoding="utf-8")))
    except DaysUnfit as error:
        raise WorkingDaysError(f"{path}, {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise WorkingDaysError(f"{path} cannot be read: {error}") from error

"""Which days are worked: the national calendar with its 调休, and a city's own days on top.

The national one is the package `chinesecalendar` (yearly, after the State Council's notice). A city
adds days, or a year that the package does not have yet, in `working_days.csv` in the data dir:

    day,kind,note
    2026-12-07,holiday,city day of remembrance
    2027,covered,after the notice of 2026-11
    2027-01-01,holiday,New Year's Day
    2027-02-14,working,pays for Spring Festival

In a year that is `covered` Monday to Friday are worked unless the file says otherwise.
"""

import csv
import re
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path

from app.incidents.clocks.limits import CalendarUnknown

FILE_NAME = "working_days.csv"
COLUMNS = ["day", "kind", "note"]
FRIDAY = 4


class WorkingDaysError(ValueError):
    """The city's own file cannot be used; the message names file and line."""


@dataclass(frozen=True)
class CityCalendar:
    """The national calendar with a city's own days.

    Attributes:
        own: days of which the city itself says whether they are worked.
        covered: years that the city's own days describe whole.
    """

    own: dict[date, bool] = field(default_factory=dict)
    covered: frozenset[int] = frozenset()

    def is_working(self, day: date) -> bool:
        """Whether a local day is worked.

        Raises:
            CalendarUnknown: neither the package nor the city knows that year.
        """
        own = self.own.get(day)
        if own is not None and (day.year in self.covered or day.year in _national_years()):
            return own
        if day.year in self.covered:
            return day.weekday() <= FRIDAY
        return day in _national_days(day.year)

    def is_provisional(self, year: int) -> bool:
        """Whether the days of a year are not published yet."""
        return False


@lru_cache(maxsize=1)
def _national_years() -> range:
    from chinese_calendar.constants import holidays  # noqa: PLC0415  (only who counts days)

    years = {day.year for day in holidays}
    return range(min(years), max(years) + 1)


@lru_cache(maxsize=64)
def _national_days(year: int) -> frozenset[date]:
    """The days worked in a year.

    Raises:
        CalendarUnknown: the package does not have it.
    """
    from chinese_calendar.constants import holidays, workdays  # noqa: PLC0415

    if year not in _national_years():
        raise CalendarUnknown(year)
    first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    days = map(date.fromordinal, range(first, last + 1))
    return frozenset(
        day for day in days if day in workdays or (day.weekday() <= FRIDAY and day not in holidays)
    )


def city_calendar(data_dir: Path) -> CityCalendar:
    """The calendar of the city whose data lie in a folder; read anew when its file changes.

    Raises:
        WorkingDaysError: the city's own file has a line that cannot be used.
    """
    path = data_dir / FILE_NAME
    try:
        changed_ns = path.stat().st_mtime_ns
    except FileNotFoundError:
        return CityCalendar()
    except OSError as error:
        raise WorkingDaysError(f"{path} cannot be read: {error.strerror}") from error
    return _read(path, changed_ns)


@lru_cache(maxsize=8)
def _read(path: Path, _changed_ns: int) -> CityCalendar:
    own: dict[date, bool] = {}
    covered: set[int] = set()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.DictReader(file, strict=True)
            if lines.fieldnames != COLUMNS:
                raise WorkingDaysError(f"{path}: the columns must be {','.join(COLUMNS)}")
            for line in lines:
                where = f"{path}, line {lines.line_num}"
                _take(line["day"] or "", line["kind"] or "", own, covered, where)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise WorkingDaysError(f"{path} cannot be read: {error}") from error
    return CityCalendar(own, frozenset(covered))


def _take(day: str, kind: str, own: dict[date, bool], covered: set[int], where: str) -> None:
    if kind == "covered":
        if not re.fullmatch(r"[12][0-9]{3}", day, re.ASCII):
            raise WorkingDaysError(f"{where}: {day!r} is not a year such as 2027")
        covered.add(int(day))
        return
    if kind not in {"holiday", "working"}:
        raise WorkingDaysError(f"{where}: {kind!r} is none of holiday, working, covered")
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day, re.ASCII):
        raise WorkingDaysError(f"{where}: {day!r} is not a day such as 2027-01-01")
    try:
        found = date.fromisoformat(day)
    except ValueError:
        raise WorkingDaysError(f"{where}: {day!r} is not a day of the calendar") from None
    if own.setdefault(found, kind == "working") != (kind == "working"):
        raise WorkingDaysError(f"{where}: {day} is said to be both holiday and working")

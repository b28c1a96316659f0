"""Statutory holidays that are known years ahead. Pure.

They follow from the State Council's 全国年节及纪念日放假办法, as amended in force since 2025-01-01,
and before that as amended in 2013. Which weekends are worked for longer holidays (调休) is known
only from the yearly notice of November, and is not guessed here.

Source of the lunar days: the package `lunar_python`, which agrees with an independent calculation
for all years that are told here (`tests/app/incidents/lunar_days.csv`).
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

FIRST_YEAR, LAST_YEAR = 2014, 2099
AMENDED_YEAR = 2025
"""Since then the eve of Spring Festival and 2 May are holidays, too."""
FRIDAY = 4
DAY = timedelta(days=1)


class Holiday(NamedTuple):
    """One statutory holiday: its days, in order, each a date of the civil calendar."""

    name: str
    days: tuple[date, ...]


@lru_cache(maxsize=128)
def holidays(year: int) -> tuple[Holiday, ...]:
    """The statutory holidays of a civil year, in order.

    Raises:
        ValueError: a year before `FIRST_YEAR` or after `LAST_YEAR`.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"statutory holidays are told from {FIRST_YEAR} to {LAST_YEAR}")
    is_amended = year >= AMENDED_YEAR
    new_year = lunar_day(year, 1, 1)
    found = (
        Holiday("元旦", (date(year, 1, 1),)),
        Holiday("春节", _days(new_year - DAY * is_amended, 3 + is_amended)),
        Holiday("清明节", (qingming(year),)),
        Holiday("劳动节", _days(date(year, 5, 1), 1 + is_amended)),
        Holiday("端午节", (lunar_day(year, 5, 5),)),
        Holiday("中秋节", (lunar_day(year, 8, 15),)),
        Holiday("国庆节", _days(date(year, 10, 1), 3)),
    )
    return tuple(sorted(found, key=lambda holiday: holiday.days))


@lru_cache(maxsize=128)
def free_weekdays(year: int) -> dict[date, str]:
    """The days from Monday to Friday that are expected to be free in a year, with the holiday's
    name: statutory days, and for each one on a weekend the next day that would be worked.

    Raises:
        ValueError: as `holidays`.
    """
    statutory = {day: holiday.name for holiday in holidays(year) for day in holiday.days}
    free = {day: name for day, name in statutory.items() if day.weekday() <= FRIDAY}
    for day, name in sorted(statutory.items()):
        if day.weekday() > FRIDAY:
            free[next(later for later in _after(day) if _is_worked(later, free))] = name
    return dict(sorted(free.items()))


def lunar_day(year: int, month: int, day: int) -> date:
    """The civil date of a day of the lunar year that begins in a civil year."""
    from lunar_python import Lunar  # noqa: PLC0415  (only who counts days of a year to come)

    found = Lunar.fromYmd(year, month, day).getSolar()
    return date(found.getYear(), found.getMonth(), found.getDay())


def qingming(year: int) -> date:
    """The civil date (UTC+8) of the solar term 清明."""
    from lunar_python import Solar  # noqa: PLC0415

    found = Solar.fromYmd(year, 6, 1).getLunar().getJieQiTable()["清明"]
    return date(found.getYear(), found.getMonth(), found.getDay())


def _days(first: date, count: int) -> tuple[date, ...]:
    return tuple(first + nth * DAY for nth in range(count))


def _after(day: date) -> Iterator[date]:
    while True:
        day += DAY
        yield day


def _is_worked(day: date, free: dict[date, str]) -> bool:
    return day.weekday() <= FRIDAY and day not in free

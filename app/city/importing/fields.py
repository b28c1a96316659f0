"""Texts of a file as values. Pure; a ValueError says what is wrong, to follow the field's name."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from app.core.clock import CITY_ZONE
from app.core.plain_text import clean_line
from geodata import codes
from geodata.codes import InvalidCodeError, Level

MOST_NAME_CHARS = 100
MOST_COUNT = 2**31 - 1
LONGEST_AGO = timedelta(days=3660)
CLOCK_SLACK = timedelta(minutes=5)
_TRUE, _FALSE = ("true", "1", "yes", "是"), ("false", "0", "no", "否")
_TIME = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)


def code(*levels: Level) -> Callable[[str], int]:
    """Reads an area code of these levels: 15 digits, or a division code of 4, 6, 9 or 12."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit()):
            raise ValueError(f"is not a code of digits: {text[:40]!r}")
        try:
            found = codes.read(text)
            level = codes.level_of(found)
        except InvalidCodeError as error:
            raise ValueError(str(error)) from None
        if level not in levels:
            raise ValueError(f"is the code of a {level}: {text}")
        return found

    return parse


def name(text: str) -> str:
    """Reads a name: one line of at most 100 characters."""
    if len(text) > MOST_NAME_CHARS:
        raise ValueError(f"has {len(text)} characters, at most {MOST_NAME_CHARS} are taken")
    return clean_line(text)


def count(text: str) -> int:
    """Reads a whole number from 0 up."""
    if not (text.isascii() and text.isdigit()) or int(text[:20]) > MOST_COUNT:
        raise ValueError(f"is not a whole number from 0 up: {text[:40]!r}")
    return int(text)


def number(text: str) -> int:
    """Reads the number of something: whole, from 0 up, of at most 18 digits."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ValueError(f"is not a whole number of at most 18 digits: {text[:40]!r}")
    return int(text)


def amount(text: str) -> float:
    """Reads a number from 0 up."""
    if not re.fullmatch(r"\d{1,9}(\.\d{1,15})?", text, re.ASCII):
        raise ValueError(f"is not a number from 0 up: {text[:40]!r}")
    return float(text)


def flag(text: str) -> bool:
    """Reads true or false."""
    if text.lower() not in _TRUE + _FALSE:
        raise ValueError(f"is neither true nor false: {text[:40]!r}")
    return text.lower() in _TRUE


def word(words: type[StrEnum] | tuple[str, ...]) -> Callable[[str], str]:
    """Reads one of these words."""
    known = tuple(str(known) for known in words)

    def parse(text: str) -> str:
        if text not in known:
            raise ValueError(f"is {text[:40]!r}, not one of {', '.join(known)}")
        return text

    return parse


def instant(text: str) -> datetime:
    """Reads a time; one without a zone is the city's local time."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"is not a time such as 2026-01-31 08:00: {text[:40]!r}")
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    zone = found[7]
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=CITY_ZONE)
        if zone is not None:
            written = f"{local.replace(tzinfo=None).isoformat()}{zone.replace('Z', '+00:00')}"
            return datetime.fromisoformat(written).astimezone(UTC)
        return local.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"is not a time: {error}") from None


def past(now: datetime) -> Callable[[str], datetime]:
    """Reads a time that is not in the future and not longer ago than ten years."""

    def parse(text: str) -> datetime:
        found = instant(text)
        if found > now + CLOCK_SLACK:
            raise ValueError(f"lies in the future: {text}")
        if found < now - LONGEST_AGO:
            raise ValueError(f"lies more than ten years back: {text}")
        return found

    return parse

"""Area codes: fifteen digits that are the tree of responsibility themselves.

Digits 1-2 province, 3-4 city, 5-6 district or county, 7-9 subdistrict or town, 10-12 community or
village, 13-15 the sequence of the cell in its community. An area's code ends in zeros below its own
level, so everything inside an area is one range of integers: `code_range`.

    city         620100000000000
    district     620102000000000
    subdistrict  620102001000000
    community    620102001001000
    cell         620102001001001

The first twelve digits are the national statistical division code. A code of which a middle part is
zero (a cell without a community) has no place in the tree and is refused.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

CodeArray = NDArray[np.int64]


class InvalidCodeError(ValueError):
    """The number is not the code of an area at any level."""


class Level(StrEnum):
    """The five levels of the tree; the value is the word used in files, tables and queries."""

    CITY = "city"
    DISTRICT = "district"
    SUBDISTRICT = "subdistrict"
    COMMUNITY = "community"
    CELL = "cell"

    @property
    def rank(self) -> int:
        """0 for the city, 4 for a cell."""
        return _RANK[self]

    @property
    def span(self) -> int:
        """How many integers the range of one area of this level holds."""
        return _SPAN[self]

    @property
    def parent(self) -> "Level | None":
        """The level above, None for the city."""
        return LEVELS[self.rank - 1] if self.rank else None

    @property
    def child(self) -> "Level | None":
        """The level below, None for a cell."""
        return LEVELS[self.rank + 1] if self.rank + 1 < len(LEVELS) else None


LEVELS: tuple[Level, ...] = tuple(Level)
"""From the city down to the cell."""

_RANK = {level: rank for rank, level in enumerate(LEVELS)}
_SPAN = dict(zip(LEVELS, (10**11, 10**9, 10**6, 10**3, 1), strict=True))
_LOWEST, _HIGHEST = 11 * 10**13, 10**15 - 1


def is_code(code: int) -> bool:
    """Whether the number is the code of some area."""
    try:
        level_of(code)
    except InvalidCodeError:
        return False
    return True


def level_of(code: int) -> Level:
    """The level an area stands at, from the zeros its code ends in.

    Raises:
        InvalidCodeError: fewer or more than 15 digits, no city part, or a zero part in the middle.
    """
    if not _LOWEST <= code <= _HIGHEST:
        raise InvalidCodeError(f"{code} is not an area code: 15 digits are needed")
    level = next(level for level in LEVELS if code % _SPAN[level] == 0)
    for above in LEVELS[: level.rank + 1]:
        if _own_part(code, above) == 0:
            raise InvalidCodeError(f"{code} is not an area code: its {above} part is zero")
    return level


def code_range(code: int) -> tuple[int, int]:
    """First and last code (both inclusive) that lie in the area, its own among them."""
    return code, code + _SPAN[level_of(code)] - 1


def contains(area_code: int, code: int) -> bool:
    """Whether `code` is the area itself or lies inside it."""
    low, high = code_range(area_code)
    return low <= code <= high


def parent_of(code: int) -> int | None:
    """The code of the area one level up, None for a city."""
    above = level_of(code).parent
    return None if above is None else _truncate(code, above)


def ancestor_at(code: int, level: Level) -> int:
    """The area of `level` in which `code` lies; `code` itself at its own level.

    Raises:
        InvalidCodeError: `level` is below the level of `code`.
    """
    own = level_of(code)
    if level.rank > own.rank:
        raise InvalidCodeError(f"{code} is a {own}: it does not lie in a {level}")
    return _truncate(code, level)


def chain_of(code: int) -> tuple[int, ...]:
    """The codes from the city down to the area itself."""
    own = level_of(code)
    return tuple(_truncate(code, level) for level in LEVELS[: own.rank + 1])


def child_code(parent_code: int, sequence: int) -> int:
    """The code of the child with this number (1 to 99 for districts, 1 to 999 below) of an area.

    Raises:
        InvalidCodeError: the parent is a cell, or the number does not fit.
    """
    level = level_of(parent_code)
    if level.child is None:
        raise InvalidCodeError(f"{parent_code} is a cell: nothing lies below it")
    span = _SPAN[level.child]
    most = _SPAN[level] // span - 1
    if not 1 <= sequence <= most:
        raise InvalidCodeError(f"child number {sequence} of {parent_code} is not in 1..{most}")
    return parent_code + sequence * span


def from_division(division_code: str | int) -> int:
    """The area code of a national division code of 4, 6, 9 or 12 digits (no cell part).

    Raises:
        InvalidCodeError: other lengths, other characters, or not an area.
    """
    digits = str(division_code)
    if not (digits.isascii() and digits.isdigit() and len(digits) in (4, 6, 9, 12)):
        raise InvalidCodeError(
            f"{digits!r} is not a division code: 4, 6, 9 or 12 digits are needed"
        )
    code = int(digits.ljust(15, "0"))
    level_of(code)
    return code


def read(digits: str | int) -> int:
    """The area code in fifteen digits, or in a division code as `from_division` takes it.

    Raises:
        InvalidCodeError: neither of them.
    """
    text = str(digits)
    if len(text) != 15 or not (text.isascii() and text.isdigit()):
        return from_division(text)
    level_of(int(text))
    return int(text)


def division_of(code: int) -> str:
    """The twelve-digit national division code of an area, or of the community a cell lies in."""
    level_of(code)
    return str(code)[:12]


def ranks_of(codes: Sequence[int] | NDArray[Any]) -> NDArray[np.int8]:
    """`Level.rank` of each code, vectorised. Trusts the codes: no check for zero middle parts."""
    values = np.asarray(codes, dtype=np.int64)
    ranks = np.full(values.shape, Level.CELL.rank, dtype=np.int8)
    for level in reversed(LEVELS[:-1]):
        ranks[values % _SPAN[level] == 0] = level.rank
    return ranks


def ancestors_at(codes: Sequence[int] | NDArray[Any], level: Level) -> CodeArray:
    """The area of `level` in which each code lies, vectorised. Trusts the codes."""
    values = np.asarray(codes, dtype=np.int64)
    return values - values % _SPAN[level]


def _truncate(code: int, level: Level) -> int:
    return code - code % _SPAN[level]


def _own_part(code: int, level: Level) -> int:
    """The digits that this level adds to the code of its parent."""
    if level is Level.CITY:
        return code // _SPAN[level] % 100
    return code % _SPAN[LEVELS[level.rank - 1]] // _SPAN[level]

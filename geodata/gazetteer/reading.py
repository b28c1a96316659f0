"""Reading what somebody typed: coordinates, codes, house numbers, crossings."""

import re
import unicodedata
from typing import NamedTuple

_SPACE = re.compile(r"[\s,，。;；:：()（）\[\]【】\"'“”·\-—_]+")
_NUMBER = r"([+-]?\d{1,3}(?:\.\d{1,15})?) ?°?[EeNn]?"
_COORDINATES = re.compile(rf"[(\[]? ?{_NUMBER} ?[ ,/] ?{_NUMBER} ?[)\]]?", re.ASCII)
_CODE = re.compile(r"\d{15}|\d{12}|\d{9}|\d{6}")
_ROAD = r"[\u4e00-\u9fff]{1,8}?(?:路|街|巷|大道|道)"
_CROSSING = re.compile(
    rf"交叉|交汇|交会|路口|十字|丁字|岔口|{_ROAD}(?:与|和|及|同|跟|、|/|&|\+|x|×){_ROAD}"
)
_CELL = re.compile(r"第?(\d{1,3})号?网格")
_DOOR = re.compile(r"[A-Za-z]?\d.*$|[一二三四五六七八九十百]+(?:号|栋|幢|单元|组|社|队).*$")
_BLANKS = re.compile(r"\s+")
_METRES_PER_DEGREE = 111_320.0


class Point(NamedTuple):
    """Coordinates read from text; `swapped` if they stood as lat, lon and could be nothing else."""

    lon: float
    lat: float
    uncertainty_m: float
    swapped: bool


def tidy(text: str) -> str:
    """One form for full-width and half-width, without spaces and stops between the parts."""
    return _SPACE.sub("", unicodedata.normalize("NFKC", text)).strip()


def coordinates(text: str) -> Point | None:
    """The coordinates that make up the whole text: `103.83,36.06`, lon first.

    They are certain to half their last digit. Latitude first is understood where the second number
    cannot be a latitude. None if the text is something else, or no place on earth.
    """
    match = _COORDINATES.fullmatch(_BLANKS.sub(" ", unicodedata.normalize("NFKC", text).strip()))
    if match is None:
        return None
    first, second = float(match[1]), float(match[2])
    digits = min(_decimals(match[1]), _decimals(match[2]))
    uncertainty_m = max(0.5 * 10.0**-digits * _METRES_PER_DEGREE, 1.0)
    if abs(first) <= 180 and abs(second) <= 90:
        return Point(first, second, uncertainty_m, swapped=False)
    if abs(first) <= 90 and abs(second) <= 180:
        return Point(second, first, uncertainty_m, swapped=True)
    return None


def code(text: str) -> int | None:
    """The area code that makes up the whole text: 15 digits, or 12, 9 or 6 of the division code."""
    plain = tidy(text)
    if not (plain.isascii() and _CODE.fullmatch(plain)):
        return None
    return int(plain.ljust(15, "0"))


def is_crossing(text: str) -> bool:
    """Whether the text names a crossing of roads."""
    return _CROSSING.search(text) is not None


def cell_number(text: str) -> tuple[str, int | None]:
    """The text without 第3网格 and the number in it; the text itself and None without one."""
    match = _CELL.search(text)
    if match is None:
        return text, None
    return text[: match.start()] + text[match.end() :], int(match[1])


def without_door(text: str) -> str:
    """The text up to the first house, building or group number."""
    return _DOOR.sub("", text)


def _decimals(number: str) -> int:
    return len(number.partition(".")[2])

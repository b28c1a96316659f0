"""The query words that every path shares: parsed once, checked before the database.

`bbox=west,south,east,north` (degrees, WGS84), `at`, `since`, `until`, `area`, `category`, `status`.
"""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from app.core.clock import DEFAULT_WINDOW, utc_now
from app.core.errors import FieldValueError
from geodata import codes

LONGEST_WINDOW = timedelta(days=400)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
CATEGORY = re.compile(r"[0-9]{2}([0-9]{2})?", re.ASCII)


class BBox(NamedTuple):
    """A window in degrees (EPSG:4326)."""

    west: float
    south: float
    east: float
    north: float


def parse_bbox(value: object) -> BBox:
    """A window from `west,south,east,north`.

    Raises:
        ValueError: not four finite numbers, out of range, or inside out.
    """
    if isinstance(value, BBox):
        return value
    parts = value.split(",") if isinstance(value, str) else []
    if len(parts) != 4:
        raise ValueError("must be four numbers: west,south,east,north in degrees")
    try:
        west, south, east, north = (float(part) for part in parts)
    except ValueError:
        raise ValueError("must be four numbers: west,south,east,north in degrees") from None
    if not all(map(math.isfinite, (west, south, east, north))):
        raise ValueError("must be finite numbers")
    if not (-180 <= west <= 180 and -180 <= east <= 180):
        raise ValueError("west and east must lie in -180..180 degrees")
    if not (-90 <= south <= 90 and -90 <= north <= 90):
        raise ValueError("south and north must lie in -90..90 degrees")
    if west >= east or south >= north:
        raise ValueError("is inside out: west < east and south < north are needed")
    return BBox(west, south, east, north)


def parse_instant(value: object) -> object:
    """An RFC 3339 text, not a bare number (which pydantic would take for seconds)."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not re.match(r"\d{4}-\d{2}-\d{2}[T ]", value, re.ASCII):
        raise ValueError("must be an RFC 3339 instant such as 2026-01-31T08:00:00Z")
    # A plus sign that nobody escaped arrives as a blank.
    return re.sub(r" (?=\d{2}:?\d{2}$)", "+", value)


def _instant_in_range(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("must carry a time zone (Z or +08:00)")
    try:
        value = value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is out of range") from None
    if not EARLIEST <= value <= utc_now() + LONGEST_WINDOW:
        raise ValueError("must lie between the year 2000 and next year")
    return value


def _area_code(value: int) -> int:
    if not codes.is_code(value):
        raise ValueError("must be a 15-digit area code")
    return value


def digits_only(value: object) -> object:
    """The value, if it is a number or ASCII digits.

    Raises:
        ValueError: a text with anything but digits in it.
    """
    # int("１２") and int("1_0") both work in Python; a code is ASCII digits only.
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,18}", value, re.ASCII):
        raise ValueError("must be digits only")
    return value


def parse_categories(value: object) -> tuple[str, ...]:
    """Category prefixes of two or four digits, repeated or separated by commas."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list | tuple) or not all(isinstance(v, str) for v in given):
        raise ValueError("must be two or four digits, separated by commas")
    parts = [part.strip() for text in given for part in text.split(",")]
    if len(parts) > 50:
        raise ValueError("names more than 50 categories")
    if not all(CATEGORY.fullmatch(part) for part in parts):
        raise ValueError("must be two or four digits, separated by commas")
    return tuple(sorted(set(parts)))


Instant = Annotated[datetime, BeforeValidator(parse_instant), AfterValidator(_instant_in_range)]
AreaCode = Annotated[
    int,
    BeforeValidator(digits_only),
    AfterValidator(_area_code),
    Field(json_schema_extra={"minimum": 11 * 10**13, "maximum": 10**15 - 1}),
]
BBoxText = Annotated[
    str,
    AfterValidator(lambda text: (parse_bbox(text), text)[1]),
    Field(
        description="west,south,east,north in degrees, WGS84 (EPSG:4326).",
        examples=["103.6,36.0,103.9,36.1"],
    ),
]


class StrictQuery(BaseModel):
    """Query words of one path; a word that it does not know is refused by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TimeWindow(StrictQuery):
    """`since` <= reported < `until`, seen as of `at`."""

    at: Instant | None = Field(
        default=None, description="Answer as of this minute (UTC); default: now."
    )
    since: Instant | None = Field(
        default=None, description="Reported at or after (UTC); default: 30 days before `until`."
    )
    until: Instant | None = Field(
        default=None, description="Reported before (UTC); default: `at`, or now."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since and self.until and self.since >= self.until:
            raise FieldValueError("since", "must lie before until")
        if self.since and self.until and self.until - self.since > LONGEST_WINDOW:
            raise FieldValueError("since", "may lie 400 days before until at most")
        return self

    def resolve(self, now: datetime) -> tuple[datetime, datetime, datetime]:
        """(`at`, `since`, `until`) with every default filled in."""
        at = self.at or now
        until = self.until or at
        return at, self.since or until - DEFAULT_WINDOW, until


class AsOf(StrictQuery):
    """The one word of paths that answer for a minute."""

    at: Instant | None = Field(
        default=None,
        description="Answer as of this minute (RFC 3339, UTC); default: now.",
        examples=["2026-01-31T08:00:00Z"],
    )

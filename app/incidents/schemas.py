"""The words with which paths ask for incidents: names, places, filters."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field

from app.core.paging import Cursor
from app.core.plain_text import clean_line
from app.core.query_words import AreaCode, BBoxText, TimeWindow, digits_only, parse_categories
from app.incidents.rules import STATUS_WORDS, Stage, Status, statuses_matching

EXAMPLE_ID = "6f1c1d5e-6f0a-4b57-9b0e-3c1f2a4d5e6f"


def canonical_uuid(value: object) -> object:
    """The value, if it is a UUID in its usual writing.

    Raises:
        ValueError: it is something else.
    """
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str) or len(value) != 36:
        raise ValueError(f"must be a UUID such as {EXAMPLE_ID}")
    return value


ReportId = Annotated[UUID, BeforeValidator(canonical_uuid)]


def _degrees(value: float, most: int) -> float:
    if -most <= value <= most:
        return value
    hint = "; were lon and lat swapped?" if abs(value) <= 180 else ""
    if abs(value) > 360:
        hint = "; this looks like projected metres: degrees of WGS84 (EPSG:4326) are needed"
    raise ValueError(f"must lie in -{most}..{most} degrees{hint}")


def _numeric(most: int) -> Any:
    # strict: neither "104" nor true is a number.
    return Field(
        strict=True, allow_inf_nan=False, json_schema_extra={"minimum": -most, "maximum": most}
    )


ReportedLon = Annotated[float, _numeric(180), AfterValidator(lambda value: _degrees(value, 180))]
ReportedLat = Annotated[float, _numeric(90), AfterValidator(lambda value: _degrees(value, 90))]


def parse_status_words(given: list[str]) -> tuple[str, ...]:
    """Status words, repeated or separated by commas.

    Raises:
        ValueError: a word that is none.
    """
    words = [word.strip() for text in given for word in text.split(",")]
    for word in words:
        statuses_matching(word)
    return tuple(dict.fromkeys(words))


OneLine = Annotated[
    str, Field(strict=True, min_length=1, max_length=200), AfterValidator(clean_line)
]
ShortNumber = Annotated[int, BeforeValidator(digits_only), Field(ge=1, lt=2**63)]


CategoryWords = Annotated[
    list[str],
    AfterValidator(parse_categories),
    Field(
        max_length=50,
        description="Two or four digits of the filing standard; repeated, or separated by commas.",
        examples=[["01", "1001"]],
    ),
]
StatusWords = Annotated[
    list[str],
    AfterValidator(parse_status_words),
    Field(
        max_length=20,
        description="open, closed, a stage, or a state; repeated, or separated by commas. A word"
        " that is both a stage and a state means the stage.",
        json_schema_extra={"items": {"type": "string", "enum": list(STATUS_WORDS)}},
    ),
]


class IncidentFilter(TimeWindow):
    """Which incidents."""

    bbox: BBoxText | None = None
    area: AreaCode | None = Field(
        default=None, description="Only inside the area with this 15-digit code, of any level."
    )
    category: CategoryWords = Field(default=[])
    status: StatusWords = Field(default=[])
    stage: Stage | None = Field(default=None, description="Only cases in this public stage.")

    def statuses(self) -> frozenset[Status] | None:
        """The states that `status` and `stage` select together; None for all."""
        if not self.status and self.stage is None:
            return None
        found = frozenset(Status)
        if self.status:
            found &= frozenset().union(*map(statuses_matching, self.status))
        if self.stage is not None:
            found &= statuses_matching(self.stage)
        return found


class IncidentQuery(IncidentFilter):
    """Which incidents, and which part of their list."""

    limit: int = Field(default=50, ge=1, le=500, description="Items in one part of the list.")
    cursor: Cursor = None

"""What the paths of the calendar take and give."""

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field

from app.core.query_words import StrictQuery
from app.incidents.clocks.own_days import MOST_DAYS, MOST_NOTE_CHARS, DayKind
from app.incidents.clocks.workdays import Source


class TakeQuery(StrictQuery):
    """Whether the year is taken."""

    dry_run: bool = Field(default=False, description="Say what it would change, and take nothing.")


class Day(BaseModel):
    """A local day that is not as its weekday says, or of which the city says what it is."""

    model_config = ConfigDict(from_attributes=True)

    day: dt.date = Field(description="The day (Asia/Shanghai).")
    kind: DayKind = Field(description="holiday: not worked; working: worked.")
    source: Source = Field(
        description="national: the State Council's notice; city: said by the city; provisional:"
        " expected before the notice is taken."
    )
    note: str = Field(description="For what it is free or worked; may be empty.")


class YearCalendar(BaseModel):
    """The working days of a year: Monday to Friday, but for `days`."""

    year: int = Field(description="The civil year.")
    source: Source = Field(description="Where the year comes from, as of its days.")
    is_provisional: bool = Field(
        description="The notice about this year is not taken yet: deadlines in it may move."
    )
    note: str = Field(description="What the city noted when it took the year; may be empty.")
    days: list[Day] = Field(description="In order.")


class CalendarOverview(BaseModel):
    """Which year the city has to see to."""

    untaken_year: int | None = Field(
        description="Year whose working days should be taken now: deadlines in it are provisional."
        " From October on the next one, else the present one; null for none."
    )


class GivenDay(BaseModel):
    """One day, as the city says it."""

    model_config = ConfigDict(extra="forbid")

    day: str = Field(description="yyyy-mm-dd, in the year of the path.", examples=["2027-01-01"])
    kind: DayKind = Field(description="holiday or working.")
    note: str = Field(default="", max_length=MOST_NOTE_CHARS, description="For what.")


class GivenYear(BaseModel):
    """All days of a year that are not as their weekday says."""

    model_config = ConfigDict(extra="forbid")

    days: list[GivenDay] = Field(max_length=MOST_DAYS, description="In any order, each day once.")
    note: str = Field(
        default="", max_length=MOST_NOTE_CHARS, description="After which notice, for example."
    )


class StatutoryDay(BaseModel):
    """A statutory holiday."""

    day: dt.date = Field(description="The day (Asia/Shanghai).")
    name: str = Field(description="Name of the holiday in Chinese.")


class MovedCase(BaseModel):
    """An open case whose deadline becomes another one."""

    no: int = Field(description="Number of the case.")
    title: str = Field(description="Its title.")
    due_before: dt.datetime | None = Field(
        description="Adjusted deadline so far (RFC 3339, UTC); null where none could be told."
    )
    due_after: dt.datetime | None = Field(
        description="Adjusted deadline under the new days (RFC 3339, UTC); null likewise."
    )


class TakenYear(BaseModel):
    """What taking a year changes."""

    year: int = Field(description="The civil year.")
    taken: bool = Field(description="Whether it was taken; false for `dry_run`.")
    days: int = Field(ge=0, description="How many days are not as their weekday says.")
    worked_holidays: list[StatutoryDay] = Field(
        description="Statutory holidays that these days leave to be worked: most likely forgotten."
    )
    examined: int = Field(ge=0, description="Open cases whose deadline rests on days of the year.")
    moved: int = Field(ge=0, description="Those whose deadline, raw or adjusted, is another one.")
    items: list[MovedCase] = Field(description="The first of these, by deadline; 100 at most.")

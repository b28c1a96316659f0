"""What studies tell. A figure without a unit is a share; docs/rebalancing.md defines them all."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.core.query_words import StrictQuery
from app.planning.figures.schemas import PlanArea


class Found(BaseModel):
    """What is read off a result of the same names."""

    model_config = ConfigDict(from_attributes=True, allow_inf_nan=False)


class StudyFigure(Found):
    """A value, and the interval in which 90 % of years of such weeks lie."""

    value: float = Field(description="The year as it was.")
    low: float = Field(description="Lower end.")
    high: float = Field(description="Upper end.")


class ReplayFigures(Found):
    """What boundaries made of a year."""

    spread: StudyFigure = Field(
        description="Standard deviation of the cells' load of a week, over their community's mean."
    )
    far_off: StudyFigure = Field(description="Cells more than 20 % off that mean in a week.")
    late: StudyFigure = Field(description="Cases done after their deadline, of all that have one.")
    wait_h: StudyFigure = Field(description="Hours from report until the worker sets out, a case.")
    way_m: StudyFigure = Field(description="Metres between cases, a case.")


class ReplayRules(BaseModel):
    """What the year was played with; one worker a cell."""

    speed_m_min: float = Field(description="Straight from case to case, metres a minute.")
    service_min: dict[str, float] = Field(
        description="Minutes at the place by the first two digits of the category; `other`."
    )
    seed: int = Field(description="Of the intervals.")


class ReplayResult(Found):
    """Last year's cases on the boundaries of today and of the plan."""

    revision: int = Field(description="Of the plan that was played.")
    since: datetime = Field(description="From this instant (RFC 3339, UTC).")
    until: datetime = Field(description="To before this one (RFC 3339, UTC).")
    communities: int = Field(description="That the plan changes; all of it if it changes none.")
    weeks: int = Field(description="Whole weeks.")
    cases: int = Field(description="Cases in their units.")
    with_deadline: int = Field(description="Cases that have one.")
    late_today: int = Field(description="Cases that are late on today's boundaries.")
    late_draft: int = Field(description="Cases that are late on the plan's.")
    today: ReplayFigures = Field(description="Today's boundaries.")
    draft: ReplayFigures = Field(description="The plan's.")
    change: ReplayFigures = Field(description="The plan less today; below 0 is better throughout.")
    spread_by_week_today: list[float] = Field(description="`spread` of each week, today.")
    spread_by_week_draft: list[float] = Field(description="`spread` of each week, in the plan.")
    rules: ReplayRules = Field(description="What is assumed.")


class ForecastErrors(Found):
    """How far off a forecast was, beside 'as many as before'."""

    mean_abs: float = Field(description="Mean absolute error, cases.")
    naive_mean_abs: float = Field(description="That of 'as many as before'.")
    rms: float = Field(description="Root of the mean squared error, cases.")
    naive_rms: float = Field(description="That of 'as many as before'.")
    covered: float = Field(description="Counts inside the 80 % interval.")
    promised: float = Field(
        description="How many the forecast said; more than 80 % where counts are small."
    )
    is_better: bool = Field(description="Nearer than 'as many as before' by both errors.")


class ForecastCells(BaseModel):
    """The plan's cells, columns side by side: cases of the next 365 days."""

    code: list[int] = Field(description="15-digit codes, ascending.")
    mean: list[float] = Field(description="Expected.")
    low: list[float] = Field(description="Lower end of the 80 % interval.")
    high: list[float] = Field(description="Upper end.")


class ForecastResult(Found):
    """Next year's cases, and what such a forecast would have been worth last year."""

    revision: int = Field(description="Of the plan whose cells are told.")
    since: datetime = Field(description="Learnt from this instant (RFC 3339, UTC).")
    until: datetime = Field(description="To before this one (RFC 3339, UTC).")
    weeks: int = Field(description="Whole weeks in that time.")
    cases: int = Field(description="Cases in that time.")
    fitted_weeks: int = Field(description="Weeks from which the trial learnt.")
    held_weeks: int = Field(description="Weeks against which it was held.")
    expected: float = Field(description="Cases that the trial expected in them.")
    came: int = Field(description="Cases that came.")
    unit: ForecastErrors = Field(description="Errors of the trial by base unit.")
    cell: ForecastErrors = Field(description="Errors of the trial by today's cell.")
    cells: ForecastCells = Field(description="What is expected of the plan's cells.")


class SeamMove(Found):
    """The smallest move that puts the returned cases on one side."""

    giver: int = Field(description="Cell that gives.")
    taker: int = Field(description="Cell that takes.")
    unit_ids: list[int] = Field(description="Units that go, ascending.")
    households: float = Field(description="In them.")


class SeamFound(Found):
    """A border between two cells of today across which cases are sent back and forth."""

    one: int = Field(description="Code of a cell.")
    other: int = Field(description="Code of the cell beside it, larger.")
    length_m: float = Field(description="Common border, in m.")
    cases: int = Field(description="Cases near it: in units that border on the other cell.")
    returned: int = Field(description="Of these, sent back once or more before being handled.")
    rate: float = Field(description="Returned of the cases near it.")
    lower: float = Field(description="Lower end of the rate's 90 % interval.")
    times: float = Field(description="The rate over the usual one.")
    avoided: bool = Field(
        description="Whether the plan already has all units with these cases in one cell."
    )
    redrawn: bool = Field(description="Whether the plan changes one of both cells.")
    move: SeamMove | None = Field(
        description="None where locks or barriers leave none, or the plan has redrawn the cells."
    )
    geometry: dict[str, Any] = Field(description="The border, GeoJSON MultiLineString, EPSG:4326.")


class PlanSeams(BaseModel):
    """The seams of an area, those with the most returns beyond the usual share first."""

    area_code: int = Field(description="Of which part of the plan.")
    since: datetime = Field(description="Cases from this instant (RFC 3339, UTC).")
    until: datetime = Field(description="To before this one (RFC 3339, UTC).")
    usual: float = Field(description="Returned of all cases that whoever asks may see.")
    least_cases: int = Field(description="Fewer cases near a border say nothing.")
    total: int = Field(description="Seams found.")
    seams: list[SeamFound] = Field(description="The first 100.")


class SeamsQuery(StrictQuery):
    """Of which part of a plan."""

    area: PlanArea | None = Field(
        default=None,
        description="15-digit code of a community, subdistrict or district inside the plan's area;"
        " default: the plan's, which must be no larger.",
    )

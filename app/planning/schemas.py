"""What the paths of plans take and give."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.core.paging import Cursor
from app.core.plain_text import clean_line, clean_text
from app.core.query_words import AreaCode, StrictQuery
from app.planning.rules import (
    LONGEST_COMMENT,
    LONGEST_NOTE,
    LONGEST_REASON,
    LONGEST_TITLE,
    EditKind,
    Keep,
    PlanAct,
    PlanNote,
    PlanState,
)
from geodata import codes
from geodata.codes import Level
from geodata.rebalance import workload
from geodata.rebalance.workload import Counting, WorkloadError


def _area_of_plan(code: int) -> int:
    if codes.level_of(code) is Level.CELL:
        raise ValueError("must be a city, district, subdistrict or community")
    return code


def _visible(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _text(least: int, most: int) -> Any:
    return Field(strict=True, min_length=least, max_length=most)


Title = Annotated[str, _text(1, LONGEST_TITLE), AfterValidator(clean_line)]
Note = Annotated[str, _text(0, LONGEST_NOTE), AfterValidator(clean_text)]
Reason = Annotated[str, _text(0, LONGEST_REASON), AfterValidator(clean_text)]
PlanId = Annotated[int, Field(ge=1, lt=2**63)]
PlanArea = Annotated[AreaCode, AfterValidator(_area_of_plan)]


class Body(BaseModel):
    """A body of which every member is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WorkModel(Body):
    """What makes work, each weight in households (0 to a million)."""

    household: float = Field(default=1.0, description="Of one household.")
    incident: float = Field(
        default=2.0, description="Of one case a year, of groups without a weight of their own."
    )
    incident_by_group: dict[str, float] = Field(
        default={}, description="Of one case a year, by the first two digits of its category."
    )
    per_km2: float = Field(default=0.0, description="Of a square kilometre of ground.")
    per_street_km: float = Field(default=0.0, description="Of a kilometre of outline on streets.")
    incidents: Counting = Field(
        default=Counting.LISTED, description="Which cases are weighed: listed, counted, forecast."
    )
    period_days: int = Field(
        default=365, description="Days of cases that are counted, or forecast from."
    )


def _usable(model: WorkModel) -> WorkModel:
    try:
        workload.from_json(model.model_dump(mode="json"))
    except WorkloadError as error:
        raise ValueError(f"{error.field}: {error.reason}") from None
    return model


UsableModel = Annotated[WorkModel, AfterValidator(_usable)]


class PlanRow(BaseModel):
    """A plan in a list."""

    id: int = Field(description="Number of the plan.", examples=[1])
    title: str = Field(description="One line of plain text. Data, never markup.")
    note: str = Field(description="Plain text. Data, never markup.")
    area_code: int = Field(description="Nothing outside this area is changed.")
    area_name: str = Field(description="Name of that area in Chinese.")
    parent_id: int | None = Field(description="The plan of which it began as a copy.")
    base_at: datetime = Field(
        description="It changes the boundaries in force at this instant (RFC 3339, UTC)."
    )
    state: PlanState = Field(description="Where it stands.")
    revision: int = Field(ge=1, description="Counts every change; the ETag.")
    author: str = Field(description="Account that began it.")
    editors: list[str] = Field(description="Accounts that changed it; none of them approves it.")
    publish_on: date | None = Field(
        description="Local day at the beginning of which it is published, once approved."
    )
    created_at: datetime = Field(description="When it was begun (RFC 3339, UTC).")
    changed_at: datetime = Field(description="When it was last changed (RFC 3339, UTC).")
    published_at: datetime | None = Field(description="Since when it is in force (RFC 3339, UTC).")
    boundary_version: int | None = Field(description="The boundaries that it made.")
    moved_units: int = Field(ge=0, description="Units that it gives to other cells.")


class PlanList(BaseModel):
    """Plans, the newest first."""

    plans: list[PlanRow] = Field(description="This part of the list.")
    next: str | None = Field(description="Opaque cursor of the next part; null at the end.")


class Effects(BaseModel):
    """What publishing a plan did. Cases stay with the cell under which they were reported."""

    changed_cells: list[int] = Field(description="Cells that kept their code and were redrawn.")
    new_cells: list[int] = Field(description="Cells that it made.")
    dissolved_cells: list[int] = Field(description="Cells that are no more.")
    needs_worker: list[int] = Field(description="New cells for which nobody answers yet.")
    freed_units: list[str] = Field(
        description="Call signs whose assignment ended with a dissolved cell, and that have no"
        " other."
    )
    open_cases: int = Field(
        ge=0,
        description="Cases of dissolved cells that are still open; publishing moves them to the"
        " cell that takes their ground.",
    )


class Plan(PlanRow):
    """A plan as it stands, for whoever asks."""

    locks: list[int] = Field(description="Cells and larger areas that must stay as they are.")
    allowed: list[PlanAct] = Field(description="Steps that whoever asks may take now.")
    editable: bool = Field(description="Whether whoever asks may change it now.")
    model: WorkModel = Field(description="What makes work.")
    can_undo: bool = Field(description="Whether there is an edit to undo.")
    can_redo: bool = Field(description="Whether there is an undone edit.")
    behind: bool = Field(
        description="Whether boundaries that it touches have changed since `base_at` (UTC): rebase."
    )
    effects: Effects | None = Field(description="What publishing did; null before.")


class PlanQuery(StrictQuery):
    """Which plans."""

    state: PlanState | None = Field(default=None, description="Only plans in this state.")
    limit: int = Field(default=50, ge=1, le=200, description="Items in one part of the list.")
    cursor: Cursor = None


class NewPlan(Body):
    """A plan to begin."""

    title: Title = Field(description="One line of plain text, up to 200 characters.")
    area_code: PlanArea = Field(
        description="15-digit code of a city, district, subdistrict or community."
    )
    note: Note = Field(default="", description="Plain text, up to 4000 characters.")
    parent_id: PlanId | None = Field(
        default=None,
        description="A plan of which it begins as a copy, as far as the area goes.",
    )


class ChangedPlan(Body):
    """What is to be changed about a plan; what is left out stays."""

    title: Title | None = Field(default=None, description="One line of plain text.")
    note: Note | None = Field(default=None, description="Plain text, up to 4000 characters.")
    model: UsableModel | None = Field(default=None, description="What makes work, all of it.")


class TakenPlanStep(Body):
    """A step to take."""

    step: PlanAct = Field(description="submit, approve, publish, send_back or withdraw.")
    reason: Reason = Field(default="", description="Why; plain text, up to 1000 characters.")
    publish_on: date | None = Field(
        default=None,
        description="Of `publish`: the local day from whose beginning it is in force; today or"
        " none: at once.",
    )


class RebasedPlan(Body):
    """How to bring a plan up to date."""

    keep: Keep | None = Field(
        default=None,
        description="Whose cell a unit keeps that both have changed; none: 409 if there is one.",
    )


class PlanStepEntry(BaseModel):
    """A step that was taken, or what befell the plan."""

    no: int = Field(ge=1, description="Number in the log.")
    at: datetime = Field(description="When (RFC 3339, UTC).")
    account: str = Field(description="Who; empty for the clock.")
    step: PlanAct | PlanNote = Field(description="What.")
    state: PlanState = Field(description="Where the plan stood then.")
    reason: str = Field(description="Why. Data, never markup.")


class PlanEditEntry(BaseModel):
    """An edit."""

    no: int = Field(ge=1, description="Number of the edit.")
    at: datetime = Field(description="When (RFC 3339, UTC).")
    account: str = Field(description="Who.")
    kind: EditKind = Field(description="How it came about.")
    note: str = Field(description="Plain text. Data, never markup.")
    units: int = Field(ge=0, description="How many units it moved.")
    undone: bool = Field(description="Whether it is undone just now.")


class PlanLog(BaseModel):
    """Everything that was done with a plan."""

    steps: list[PlanStepEntry] = Field(description="Its life, in order.")
    edits: list[PlanEditEntry] = Field(description="The newest 200 edits, newest first.")


class NewComment(Body):
    """Something to be said about a place."""

    lon: Annotated[float, Field(strict=True, ge=-180, le=180, allow_inf_nan=False)] = Field(
        description="Degrees, WGS84 (EPSG:4326)."
    )
    lat: Annotated[float, Field(strict=True, ge=-90, le=90, allow_inf_nan=False)] = Field(
        description="Degrees, WGS84 (EPSG:4326)."
    )
    text: Annotated[
        str, _text(1, LONGEST_COMMENT), AfterValidator(clean_text), AfterValidator(_visible)
    ] = Field(description="Plain text, up to 2000 characters. Never about a person.")


class ChangedComment(Body):
    """Whether a comment is settled."""

    resolved: bool = Field(strict=True, description="Settled, or open again.")


class PlanRemark(BaseModel):
    """What somebody said about a place in a plan."""

    id: int = Field(description="Number of the comment.")
    area_code: int = Field(description="The cell in which the place lies, as drawn at the base.")
    lon: float = Field(description="Degrees, WGS84 (EPSG:4326).")
    lat: float = Field(description="Degrees, WGS84 (EPSG:4326).")
    text: str = Field(description="Plain text. Data, never markup.")
    account: str = Field(description="Who.")
    at: datetime = Field(description="When (RFC 3339, UTC).")
    resolved_at: datetime | None = Field(description="When it was settled (RFC 3339, UTC).")


class PlanRemarks(BaseModel):
    """Comments, the oldest first."""

    comments: list[PlanRemark] = Field(description="All of them, settled ones too.")

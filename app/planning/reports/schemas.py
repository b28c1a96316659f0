"""What the paths give that lay a plan beside others, beside staff, and on paper."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.planning.figures.schemas import Measures, PlanCells


class Comparison(BaseModel):
    """Two plans over the area that both cover, weighed by the model of the first."""

    area_code: int = Field(description="The smaller of both plans' areas.")
    mine: Measures = Field(description="The plan that was asked.")
    other: Measures = Field(description="The plan beside it.")
    unit_id: list[int] = Field(description="Units that lie in different cells, ascending.")
    mine_cell: list[int] = Field(description="Their cells in the one.")
    other_cell: list[int] = Field(description="Their cells in the other.")
    households: list[float] = Field(description="Their households.")
    cells: list[int] = Field(description="Cells that differ, ascending.")
    unlike_units: int = Field(
        description="Units that only one of the plans knows: their bases differ."
    )
    revision: int = Field(description="Of the plan that was asked.")
    other_revision: int = Field(description="Of the other.")


class FreedUnit(BaseModel):
    """A unit whose assignment would end with a dissolved cell."""

    model_config = ConfigDict(from_attributes=True)

    call_sign: str = Field(description="Call sign of the unit.")
    role: str = Field(description="What the unit does.")
    area_code: int = Field(description="The dissolved cell.")
    duty: str = Field(description="primary, backup or staff.")
    idle: bool = Field(description="Whether it would be left without any assignment.")


class RuleEffect(BaseModel):
    """A community in which the plan changes something, and its staffing rule."""

    community_code: int = Field(description="15-digit code.")
    cells_today: int = Field(description="Cells in the boundaries the plan began from.")
    cells_draft: int = Field(description="Cells in the plan.")
    rule: str = Field(description="one_officer_two_auxiliaries or one_officer.")
    required: dict[str, int] = Field(description="Role -> units that the rule asks for.")
    present: dict[str, int] = Field(description="Role -> units that are assigned.")
    ok: bool = Field(description="Whether the rule is kept.")


class PlanStaffing(BaseModel):
    """What a plan means for those who answer for its cells, as they are assigned now."""

    new_cells: list[int] = Field(description="Cells that today's boundaries do not have.")
    dissolved_cells: list[int] = Field(description="Cells of today that have no unit left.")
    needs_worker: list[int] = Field(
        description="Cells, in communities that it changes, for which nobody answers."
    )
    freed_units: list[FreedUnit] = Field(description="Assignments that end with dissolved cells.")
    rules: list[RuleEffect] = Field(description="Communities that it changes, by code.")
    revision: int = Field(description="Of the plan.")


class Passage(BaseModel):
    """Units that go from one cell to another."""

    before: int = Field(description="Their cell today.")
    after: int = Field(description="Their cell in the plan.")
    units: int = Field(description="How many units.")
    households: float = Field(description="Their households.")


class CommunityFigures(BaseModel):
    """A community before and after."""

    code: int = Field(description="15-digit code.")
    name: str = Field(description="Name in Chinese.")
    today: Measures = Field(description="Today.")
    draft: Measures = Field(description="In the plan.")


class Outline(BaseModel):
    """The outline of a cell."""

    code: int = Field(description="15-digit code.")
    changed: bool = Field(description="Whether the plan changes its units.")
    geometry: dict[str, Any] = Field(
        description="Polygon, or MultiPolygon for a cell in pieces; degrees, WGS84 (EPSG:4326)."
    )


class ReportedPlan(BaseModel):
    """Of which plan a report is."""

    id: int = Field(description="Number of the plan.")
    title: str = Field(description="One line of plain text. Data, never markup.")
    note: str = Field(description="Plain text. Data, never markup.")
    state: str = Field(description="Where it stands.")
    author: str = Field(description="Account that began it.")
    area_code: int = Field(description="Its area.")
    base_at: datetime = Field(description="It changes the boundaries of this instant (UTC).")
    publish_on: date | None = Field(description="Local day on which it is published.")
    published_at: datetime | None = Field(description="Since when it is in force (UTC).")
    revision: int = Field(description="Counts every change.")


class StreetReport(BaseModel):
    """One subdistrict before and after, for one sheet of paper."""

    plan: ReportedPlan = Field(description="Of which plan.")
    code: int = Field(description="15-digit code of the subdistrict.")
    name: str = Field(description="Its name in Chinese.")
    today: Measures = Field(description="Today.")
    draft: Measures = Field(description="In the plan.")
    communities: list[CommunityFigures] = Field(description="The same of each community.")
    cells: PlanCells = Field(description="The same of each cell, in columns.")
    outlines_today: list[Outline] = Field(description="Today's cells.")
    outlines_draft: list[Outline] = Field(description="The plan's cells.")
    passages: list[Passage] = Field(description="What goes where.")
    revision: int = Field(description="Of the plan.")


class OutlineFeature(BaseModel):
    """A cell as a GeoJSON feature (RFC 7946)."""

    type: Literal["Feature"] = Field(description="Always Feature.")
    id: str = Field(description="kind-code")
    geometry: dict[str, Any] = Field(description="Degrees, WGS84 (EPSG:4326).")
    properties: dict[str, Any] = Field(
        description="kind (today, draft), code, name, changed, load, deviation, households."
    )


class OutlineCollection(BaseModel):
    """Cells of a plan and of today (RFC 7946)."""

    type: Literal["FeatureCollection"] = Field(description="Always FeatureCollection.")
    revision: int = Field(description="Of the plan.")
    features: list[OutlineFeature] = Field(description="Today's cells, then the plan's.")

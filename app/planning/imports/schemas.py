"""What comes of a plan that was drawn elsewhere."""

from typing import Any

from pydantic import BaseModel, Field

from app.planning.edits.schemas import FaultFound


class RefusedRow(BaseModel):
    """A row of the file that cannot be taken."""

    row: int = Field(description="As its sender counts: the line of a table, else the record.")
    field: str = Field(description="The column at fault.")
    reason: str = Field(description="What is wrong, in English.")


class ImportReport(BaseModel):
    """Everything that was found in the file, and everything that is wrong with it."""

    format: str = Field(description="What the file is.")
    crs: str | None = Field(description="Coordinate system of its coordinates; null for tables.")
    rows: int = Field(description="Rows in the file.")
    units: int = Field(description="Base units in the plan's area.")
    matched: int = Field(description="Base units for which the file says a cell.")
    left_out: int = Field(description="Base units that it leaves out: they stay as they are.")
    elsewhere: int = Field(description="Units or cells of the file that lie outside the area.")
    moved: int = Field(description="Base units that lie in another cell than today.")
    gaps: int = Field(description="Pieces of ground that no cell covers.")
    overlaps: int = Field(description="Pieces of ground that two cells cover.")
    slivers: int = Field(description="Units of which no cell covers 95 %: a border cuts them.")
    foreign: int = Field(description="Units that lie in a cell of another community.")
    outside: int = Field(description="Pieces of cells that are no unit's ground.")
    refused: int = Field(description="Rows that cannot be taken.")
    refused_rows: list[RefusedRow] = Field(description="The first 200 of them.")
    faults: list[FaultFound] = Field(
        description="What would keep the plan from being published; `once`: unknown units, or units"
        " with several cells. The first 1000 units of each."
    )
    features: dict[str, Any] = Field(
        description="GeoJSON FeatureCollection (EPSG:4326) of gaps, overlaps, slivers, foreign"
        " units and ground outside: `kind`, `area_m2`, `cells`, `units`. The 300 largest of each."
    )
    repaired: bool = Field(description="Whether the plan is the repaired one.")
    confined: bool = Field(
        description="Whether the process that read the file could reach nothing else; not so where"
        " the server's machine cannot confine it."
    )


class ImportAnswer(BaseModel):
    """A plan that was made of a file, or why none was."""

    plan_id: int | None = Field(description="The new plan; null where something is to be mended.")
    report: ImportReport = Field(description="What was found.")

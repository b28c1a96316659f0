"""What the paths of a plan's figures take and give. A figure without a unit is a share."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.core.query_words import AreaCode, StrictQuery
from geodata import codes
from geodata.codes import Level
from geodata.rebalance.validity import Rule


def _community_or_larger(code: int) -> int:
    if codes.level_of(code) is Level.CELL:
        raise ValueError("must be a community or larger")
    return code


def _subdistrict(code: int) -> int:
    if codes.level_of(code) is not Level.SUBDISTRICT:
        raise ValueError("must be a subdistrict or township")
    return code


def _community(code: int) -> int:
    if codes.level_of(code) is not Level.COMMUNITY:
        raise ValueError("must be a community or village")
    return code


PlanArea = Annotated[AreaCode, AfterValidator(_community_or_larger)]
Subdistrict = Annotated[AreaCode, AfterValidator(_subdistrict)]
Community = Annotated[AreaCode, AfterValidator(_community)]


class FiguresQuery(StrictQuery):
    """Of which part of a plan."""

    area: PlanArea | None = Field(
        default=None,
        description="15-digit code of a community or larger inside the plan's area; default: all.",
    )


class ProblemsQuery(FiguresQuery):
    """Which problems."""

    limit: int = Field(default=200, ge=1, le=2000, description="Most problems in the answer.")


class Measures(BaseModel):
    """Boundaries in figures, as docs/rebalancing.md defines them."""

    model_config = ConfigDict(from_attributes=True)

    cells: int = Field(description="Cells.")
    within_10: float = Field(description="Free cells within 10 % of their community's mean load.")
    within_15: float = Field(description="Free cells within 15 %.")
    within_20: float = Field(description="Free cells within 20 %.")
    largest_over_mean: float = Field(description="Load of the heaviest free cell over that mean.")
    variation: float = Field(description="Standard deviation of the free cells' deviations.")
    compactness: float = Field(description="4 pi area / perimeter², mean over all cells.")
    broken: int = Field(description="Cells in more than one piece.")
    moved: float = Field(description="Households in units that lie in another cell than today.")
    touched: float = Field(description="Today's cells of which the units are others.")
    on_street: float = Field(description="Borders between cells that lie on a street, by length.")


class PlanMeasures(BaseModel):
    """A plan in figures, beside the boundaries that it began from."""

    area_code: int = Field(description="Of which part of the plan.")
    today: Measures = Field(description="The boundaries that the plan began from.")
    draft: Measures = Field(description="The plan.")
    bins: list[float] = Field(
        description="Edges of classes of deviation, one more than there are classes; a class"
        " holds its lower edge."
    )
    today_counts: list[int] = Field(description="Free cells of today in each class.")
    draft_counts: list[int] = Field(description="Free cells of the plan in each class.")
    revision: int = Field(description="Of the plan.")


class DissolvedCells(BaseModel):
    """Cells of today that have no unit left, columns side by side."""

    code: list[int] = Field(description="15-digit codes, ascending.")
    name: list[str] = Field(description="Names in Chinese.")
    community_code: list[int] = Field(description="Codes of their communities.")
    load_today: list[float] = Field(description="Load in households.")
    deviation_today: list[float] = Field(description="Load over their community's mean, less 1.")
    households_today: list[float] = Field(description="Households.")


class PlanCells(BaseModel):
    """The cells of a plan, columns side by side."""

    code: list[int] = Field(description="15-digit codes, ascending.")
    name: list[str] = Field(description="Names in Chinese.")
    community_code: list[int] = Field(description="Codes of their communities.")
    load_today: list[float | None] = Field(description="Load today; null for new cells.")
    load: list[float] = Field(description="Load in the plan, in households.")
    deviation_today: list[float | None] = Field(
        description="Load today over the mean of the community's free cells, less 1; null for new"
        " cells."
    )
    deviation: list[float] = Field(description="The same in the plan.")
    households: list[float] = Field(description="Households.")
    incidents: list[float] = Field(description="Cases a year, as the base units list them.")
    area_m2: list[float] = Field(description="Surface in m².")
    compactness: list[float] = Field(description="4 pi area / perimeter².")
    pieces: list[int] = Field(description="Connected pieces; more than one is a fault.")
    units: list[int] = Field(description="Base units.")
    free: list[bool] = Field(description="Whether any of its units may move.")
    changed: list[bool] = Field(description="Whether its units are others than today.")
    dissolved: DissolvedCells = Field(description="Cells of today that have no unit left.")
    area_code: int = Field(description="Of which part of the plan.")
    revision: int = Field(description="Of the plan.")


class PlanProblem(BaseModel):
    """Something to be looked at, and where."""

    kind: Literal["fault", "beyond_20", "beyond_15"] = Field(
        description="fault: keeps the plan from being published; the others: a cell's load is off."
    )
    rule: Rule | None = Field(description="The rule that is broken, of a fault.")
    detail: str = Field(description="What is wrong, in English.")
    cells: list[int] = Field(description="Cells concerned.")
    units: list[int] = Field(description="Base units concerned, 200 at most.")
    lon: float = Field(description="A place in the midst of it: degrees, WGS84 (EPSG:4326).")
    lat: float = Field(description="Degrees, WGS84 (EPSG:4326).")
    deviation: float | None = Field(description="Load over the mean, less 1; of a cell's load.")


class PlanProblems(BaseModel):
    """What is wrong with a plan, faults first, then the cells that are farthest off."""

    problems: list[PlanProblem] = Field(description="In this order, `limit` at most.")
    total: int = Field(description="How many there are.")
    faults: int = Field(description="How many of them are faults.")
    area_code: int = Field(description="Of which part of the plan.")
    revision: int = Field(description="Of the plan.")


class BenchCell(BaseModel):
    """A cell into which units can be put, or could be today."""

    code: int = Field(description="15-digit code.")
    name: str = Field(description="Name in Chinese.")
    kind: str = Field(description="grid_cell or dedicated.")
    locked: bool = Field(description="Whether it must stay as it is.")
    today: bool = Field(description="Whether it is a cell of the boundaries the plan began from.")


Ring = list[tuple[float, float]]


class BenchUnit(BaseModel):
    """A base unit on the bench."""

    unit_id: int = Field(description="Number of the unit.")
    cell: int = Field(description="Its cell in the plan.")
    today: int = Field(description="Its cell in the boundaries the plan began from.")
    households: float = Field(description="Households.")
    incidents: float = Field(description="Cases a year.")
    load: float = Field(description="Work by the plan's model, in households.")
    locked: bool = Field(description="Whether it must stay in its cell.")
    area_m2: float = Field(description="Surface in m².")
    rim_m: float = Field(description="Length of its outline in m.")
    rings: list[Ring] = Field(
        description="Outer ring, then holes: lon, lat in degrees, WGS84 (EPSG:4326)."
    )


Border = tuple[int, int, float, bool, bool]


class Bench(BaseModel):
    """One community, with everything that is needed to edit it and to measure while editing."""

    code: int = Field(description="15-digit code of the community.")
    name: str = Field(description="Its name in Chinese.")
    revision: int = Field(description="Of the plan.")
    mean_load: float = Field(description="Mean load of its free cells in the plan, households.")
    model: dict[str, Any] = Field(description="What makes work.")
    cells: list[BenchCell] = Field(description="Cells of the plan and of today, by code.")
    dissolved: list[int] = Field(description="Codes of cells that were: never used again.")
    units: list[BenchUnit] = Field(description="Base units by number.")
    borders: list[Border] = Field(
        description="Of neighbours: two indices into `units`, shared length in m, whether on a"
        " street, whether a cell may hold together across it."
    )


class PlanMoves(BaseModel):
    """Units that a plan gives to other cells, columns side by side."""

    unit_id: list[int] = Field(description="Numbers of the units, ascending.")
    before: list[int] = Field(description="Their cells in the boundaries the plan began from.")
    after: list[int] = Field(description="Their cells in the plan.")
    households: list[float] = Field(description="Their households.")
    revision: int = Field(description="Of the plan.")

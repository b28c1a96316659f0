"""What the paths of a plan's jobs take and give."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from app.core.query_words import AreaCode
from app.planning.rules import JobKind, JobState
from app.planning.schemas import Body
from geodata.rebalance.profiles import ProfileName

MOST_AREAS = 2_000
MOST_SEED = 2**53 - 1

Slider = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
Areas = Annotated[tuple[AreaCode, ...], Field(min_length=1, max_length=MOST_AREAS)]


class NewPlanJob(Body):
    """Long work that is asked for. All but `kind` is of `balance` only."""

    kind: JobKind = Field(description="balance, replay, forecast or publish.")
    areas: Areas | None = Field(
        default=None,
        description="Communities or larger areas to balance, every cell of them; cells count as"
        " `cells`. The plan's whole area where neither is given.",
    )
    cells: Areas | None = Field(
        default=None, description="Cells among which to balance; all others stay."
    )
    profile: ProfileName = Field(
        default=ProfileName.STANDARD, description="What 0.5 of each slider means."
    )
    balance: Slider = Field(default=0.5, description="How even the work is to be.")
    shape: Slider = Field(default=0.5, description="How compact the cells are to be.")
    little_change: Slider = Field(default=0.5, description="How little is to be changed.")
    seed: Annotated[int, Field(strict=True, ge=0, le=MOST_SEED)] = Field(
        default=1, description="The same seed gives the same cells."
    )


class PlanJobRow(BaseModel):
    """Long work on a plan, and how far it is."""

    id: int = Field(description="Number of the job.")
    plan_id: int = Field(description="Number of the plan.")
    kind: JobKind = Field(description="What it does.")
    params: dict[str, Any] = Field(description="As it was asked for, what was left out filled in.")
    state: JobState = Field(description="How far it is.")
    done: int = Field(ge=0, description="Parts of `total` that are done.")
    total: int = Field(ge=0, description="0 until it is known.")
    objective: float | None = Field(description="Of the best cells so far; lower is better.")
    estimate_s: float = Field(
        description="How many seconds it was expected to take, by what such jobs took here before."
    )
    message: str = Field(
        description="Why it failed; a refusal as its kind and words. Data, never markup."
    )
    result: dict[str, Any] | None = Field(
        description="What came of it. Of `balance`: `edit` and `revision` (null where nothing was"
        " changed), `units` moved, the measures `before` and `after`. Of `publish`: the"
        " `boundary_version` that it made."
    )
    account: str = Field(description="Who asked for it.")
    asked_at: datetime = Field(description="When (RFC 3339, UTC).")
    started_at: datetime | None = Field(description="When it began (RFC 3339, UTC).")
    ended_at: datetime | None = Field(description="When it ended (RFC 3339, UTC).")
    cancel_asked: bool = Field(description="Whether somebody wants it to end.")


class PlanJobList(BaseModel):
    """The jobs of a plan."""

    jobs: list[PlanJobRow] = Field(description="The newest 100, newest first.")

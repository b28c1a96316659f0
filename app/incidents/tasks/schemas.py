"""What the list of one's tasks takes and gives."""

from pydantic import BaseModel, Field

from app.core.paging import Cursor, Page
from app.core.query_words import AreaCode, StrictQuery
from app.incidents.cases.schemas import Incident
from app.incidents.lifecycle.schemas import NextStep


class TaskQuery(StrictQuery):
    """Which tasks."""

    area: AreaCode | None = Field(
        default=None, description="Only inside the area with this 15-digit code, of any level."
    )
    limit: int = Field(default=50, ge=1, le=500, description="Items in one part of the list.")
    cursor: Cursor = None


class Task(BaseModel):
    """A case that waits for whoever asks."""

    incident: Incident = Field(description="The case as it stands, with its clock.")
    version: int = Field(ge=1, description="Its version; send it back with a step.")
    next_steps: list[NextStep] = Field(description="What may be done with it.")
    why: str = Field(
        description="What is waited for: verify, register, assign, acknowledge, handle, check,"
        " close, approve_extension or decide_appeal."
    )


class TaskPage(Page[Task]):
    """My tasks, by what is due first."""

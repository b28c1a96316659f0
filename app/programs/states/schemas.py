"""What the pull of states takes and gives."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.core.query_words import StrictQuery
from app.incidents.cases.schemas import IncidentState
from app.programs.states.rules import MOST_STATES


class StatesQuery(StrictQuery):
    """From where on."""

    since: str | None = Field(
        default=None,
        max_length=400,
        description="`next` of the answer before. Or an instant (RFC 3339): everything from then"
        " on. Without it: nothing now, and a `next` from now on.",
    )
    limit: int = Field(
        default=MOST_STATES, ge=1, le=MOST_STATES, description="Changes in one answer."
    )


class ChangedState(IncidentState):
    """A case that has changed, as it stands now."""

    changed_at: datetime = Field(
        description="When the change was made of which this tells (RFC 3339, UTC); the state may be"
        " newer."
    )


class ChangedStates(BaseModel):
    """Cases that have changed, the oldest change first; each once."""

    items: list[ChangedState] = Field(description="The cases, as they stand now.")
    next: str = Field(description="Opaque: give it as `since` the next time.")
    more: bool = Field(description="Whether to ask again at once: there is more already.")

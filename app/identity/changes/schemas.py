"""A change of many accounts as it is asked for and answered."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from app.identity.changes.rules import ChangeStage

CHANGE = (
    "A UUID of your own, by which to ask how far it is and to cancel it"
    " (`/api/v1/account_changes/{id}`); none: neither."
)
ChangeId = Annotated[UUID | None, Field(description=CHANGE)]


class ChangeState(BaseModel):
    """How far a change of many accounts is."""

    stage: ChangeStage = Field(
        description="`reading` the sheet, making first `passwords`, `writing` all of it in one"
        " transaction, or `ended`."
    )
    done: int = Field(description="Of `total`, in this stage.")
    total: int = Field(description="How many there are in this stage; 0: it does not count.")
    cancelling: bool = Field(description="Whether it was cancelled: then nothing comes of it.")

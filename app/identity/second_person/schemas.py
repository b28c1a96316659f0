"""Proposals as they are asked for and answered."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.core.paging import Cursor, Page
from app.core.query_words import StrictQuery
from app.identity.changes.schemas import ChangeId
from app.identity.rules import Role
from app.identity.schemas import GrantedArea
from app.identity.second_person.rules import Hindrance, ProposalKind, ProposalState


class ProposalsQuery(StrictQuery):
    """Which proposals."""

    waiting: bool = Field(
        default=True, description="Only those that wait; false: those that ended."
    )
    limit: int = Field(default=50, ge=1, le=500, description="Items in one part of the list.")
    cursor: Cursor = None


class ConfirmQuery(StrictQuery):
    """How a confirmation is known while it goes on."""

    change: ChangeId = None


class ProposedGrant(BaseModel):
    """One grant of a sheet."""

    account: str = Field(description="Login of the post.")
    role: Role = Field(description="In which capacity.")
    area: int = Field(description="15-digit code of the area.")


class Proposal(BaseModel):
    """What one admin proposed and another is to confirm."""

    no: int = Field(description="Its number.")
    kind: ProposalKind = Field(description="What is to be done.")
    account: str | None = Field(description="Login of the post; null: those of a sheet.")
    known_to: list[str] = Field(
        description="Admins who made that account, set its password or linked it by themselves."
    )
    role: Role | None = Field(description="Of the grant; null where it is none.")
    area: GrantedArea = Field(description="Of the grant; else where the account belongs.")
    until: datetime | None = Field(description="Until when the grant is to hold (UTC); null: open.")
    grants: int = Field(description="How many grants it holds; their list: the proposal by itself.")
    proposed_by: str = Field(description="Login of the admin who proposed it.")
    proposed_at: datetime = Field(description="When (RFC 3339, UTC).")
    expires_at: datetime = Field(description="Until when it can be confirmed (UTC).")
    state: ProposalState = Field(description="Where it stands.")
    ended_by: str | None = Field(description="Login of who ended it; null: nobody, or the console.")
    ended_at: datetime | None = Field(description="When it ended (UTC); null: it waits.")
    own: bool = Field(description="Whether one proposed it oneself.")
    hindrance: Hindrance | None = Field(
        description="Why one cannot confirm it oneself; null: one can, or it has ended."
    )


class ProposalDetail(Proposal):
    """A proposal with each grant of its sheet."""

    lines: list[ProposedGrant] = Field(description="The grants of a sheet; else empty.")


class ProposalPage(Page[Proposal]):
    """A part of the proposals, newest first."""


class ReleaseCode(BaseModel):
    """The code with which an account is released at its next sign-in."""

    account: str = Field(description="Login of the post.")
    code: str = Field(description="To be handed to the post, by whoever confirmed; shown once.")


class Confirmed(BaseModel):
    """What was confirmed."""

    proposal: Proposal = Field(description="As it stands now.")
    codes: list[ReleaseCode] = Field(
        description="For accounts to which somebody else may know a way in: at their next sign-in"
        " they are asked for this code. It is told here and never again."
    )

"""Sheets of posts as they are answered."""

from pydantic import BaseModel, Field

from app.identity.rules import Role
from app.identity.second_person.schemas import ReleaseCode
from app.identity.sheets.rules import Outcome, SheetKind


class SheetRow(BaseModel):
    """What becomes of one row."""

    row: int = Field(description="Row as a spreadsheet counts: the headings are row 1.")
    account: str = Field(description="Login of the post; empty where it cannot be read.")
    outcome: Outcome = Field(
        description="`new`: a new account, with the grant where one is told; `grant`: another grant"
        " of an account that is there; `end`; `same`: nothing; `wrong`."
    )
    role: Role | None = Field(description="Of the grant.")
    area: int | None = Field(description="15-digit code of the grant's area.")
    column: str | None = Field(description="The column that is wrong.")
    reason: str | None = Field(description="What is wrong with it.")


class FirstPassword(BaseModel):
    """The password of a new account, which its post changes at the first sign-in."""

    account: str = Field(description="Login of the post.")
    password: str = Field(description="Told once.")


class SheetReport(BaseModel):
    """What a sheet of posts would change, or has changed."""

    what: SheetKind = Field(description="Whether its accounts are added or ended.")
    done: bool = Field(description="Whether it was taken.")
    counts: dict[Outcome, int] = Field(description="How many rows there are of each outcome.")
    accounts: int = Field(description="How many accounts are new, or end.")
    waiting: int = Field(description="How many grants wait for a second person.")
    proposal: int | None = Field(description="Number of their proposal; null: none was made.")
    ignored: list[str] = Field(description="Headings of columns that are not read.")
    rows: list[SheetRow] = Field(description="Every row.")
    passwords: list[FirstPassword] = Field(description="Of the accounts that were made.")
    codes: list[ReleaseCode] = Field(
        description="By the command line alone: as `confirm` of a proposal tells them."
    )

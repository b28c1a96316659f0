"""What the paths of the filing standard take and give."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from app.core.query_words import AsOf


class StandardQuery(AsOf):
    """As of which minute."""


class StandardLineBody(BaseModel):
    """One line of the standard: nine cells, each as the text that stands in it."""

    model_config = ConfigDict(from_attributes=True)

    category: str = Field(description="Name of the group.")
    sub_category: str = Field(description="Name of the category.")
    code: str = Field(description="Four digits.")
    condition: str = Field(description="Under which condition this line holds; may be empty.")
    limit: str = Field(description="Number of units; empty where no limit is fixed.")
    unit: str = Field(description="Unit of the limit, such as `work_hour`; may be empty.")
    responsible_unit: str = Field(description="Which kind of post handles it.")
    closing_condition: str = Field(description="What must be so for it to be closed.")
    note: str = Field(description="Anything else.")


class FilingStandard(BaseModel):
    """The filing standard in force at one minute."""

    valid_from: datetime = Field(description="Since when it is in force (RFC 3339, UTC).")
    valid_until: datetime | None = Field(
        description="Until when (RFC 3339, UTC, exclusive); null: until another is published."
    )
    lines: list[StandardLineBody] = Field(description="Its lines, in their order.")


class ChangedLimit(BaseModel):
    """A code whose limits become others."""

    code: str = Field(description="Four digits.")
    name: str = Field(description="Name of the category.")
    before: str | None = Field(description="Limits so far; empty for none; null: not in it.")
    after: str | None = Field(description="Limits then; empty for none; null: not in it.")


class ChangedCase(BaseModel):
    """An open case that gets another limit."""

    no: int = Field(description="Short number of the incident.")
    title: str = Field(description="One line of plain text. Data, never markup.")
    code: str = Field(description="Four digits of its category.")
    limit_before: str | None = Field(description="Limit so far; null for none.")
    limit_after: str | None = Field(description="Limit then; null for none.")
    due_before: datetime | None = Field(
        description="Deadline so far (RFC 3339, UTC); null while its clock has not started."
    )
    due_after: datetime | None = Field(
        description="Deadline then (RFC 3339, UTC); null while its clock has not started."
    )


class ChangedCases(BaseModel):
    """The open cases that get another limit."""

    n: int = Field(description="How many there are.")
    kept: int = Field(description="Open cases of the same categories that keep their limit.")
    items: list[ChangedCase] = Field(description="The first 500 of them.")


class CellError(BaseModel):
    """A cell that cannot be taken."""

    row: int = Field(description="Row as a spreadsheet counts: the headings are row 1.")
    column: str = Field(description="One of the nine columns.")
    message: str = Field(description="What is wrong with it.")


class StandardPreview(BaseModel):
    """What publishing a standard would do, or has done."""

    valid_from: datetime = Field(description="From when it would be in force (RFC 3339, UTC).")
    published: bool = Field(description="Whether it was published.")
    lines: int = Field(description="How many lines it has.")
    added: list[ChangedLimit] = Field(description="Codes that are new.")
    removed: list[ChangedLimit] = Field(description="Codes that go.")
    changed: list[ChangedLimit] = Field(description="Codes whose limits become others.")
    cases: ChangedCases = Field(description="Open cases that get another limit.")
    errors: list[CellError] = Field(
        description="The first 200 cells that cannot be taken; with one of them nothing is"
        " published."
    )

"""What a batch of reports takes and gives."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SkipValidation

from app.core.problem_docs import ProblemBody
from app.incidents.cases.schemas import NewIncident

MOST_REPORTS = 500


class ReportBatch(BaseModel):
    """Reports that are filed together. Each is looked at by itself: a bad one holds up no other."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reports: list[SkipValidation[NewIncident]] = Field(
        min_length=1,
        max_length=MOST_REPORTS,
        description=f"1 to {MOST_REPORTS} reports, 1 MiB in all; each as for `POST"
        " /api/v1/incidents`.",
    )


class Became(StrEnum):
    """What became of one report."""

    FILED = "filed"
    KNOWN = "known"
    REFUSED = "refused"


class BatchLine(BaseModel):
    """The answer to one report of a batch."""

    id: UUID | None = Field(description="Its UUID; null where it has none that can be read.")
    became: Became = Field(
        description="`filed` now, `known` from before (the same report under the same id), or"
        " `refused`."
    )
    no: int | None = Field(default=None, description="Short number of the case.")
    reported_at: datetime | None = Field(
        default=None, description="When it was received first (RFC 3339, UTC)."
    )
    cell_code: int | None = Field(
        default=None, description="15-digit code of the grid cell in which it was filed."
    )
    problem: ProblemBody | None = Field(
        default=None, description="Why it was refused, as if it had been sent alone."
    )


class BatchAnswer(BaseModel):
    """The answers to a batch of reports. What it calls filed is stored, and will not be lost."""

    filed: int = Field(description="How many were filed now.")
    known: int = Field(description="How many were known already.")
    refused: int = Field(description="How many were refused.")
    items: list[BatchLine] = Field(description="One for each report, in the order of the batch.")

"""The words of planning, and what may follow what. Imports nothing of ours."""

from enum import StrEnum


class PlanState(StrEnum):
    """Where a plan stands."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class JobKind(StrEnum):
    """Long work on a plan."""

    BALANCE = "balance"
    REPLAY = "replay"
    FORECAST = "forecast"


class JobState(StrEnum):
    """How far long work is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

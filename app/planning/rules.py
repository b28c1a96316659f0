"""The words of planning, and what may follow what. Imports nothing of ours."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum


class PlanState(StrEnum):
    """Where a plan stands."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class PlanAct(StrEnum):
    """A step of a plan's life that somebody takes."""

    SUBMIT = "submit"
    SEND_BACK = "send_back"
    APPROVE = "approve"
    PUBLISH = "publish"
    WITHDRAW = "withdraw"


class PlanNote(StrEnum):
    """What a plan's log tells besides its steps."""

    CREATED = "created"
    REBASED = "rebased"
    NOT_PUBLISHED = "not_published"


class EditKind(StrEnum):
    """How an edit came about."""

    MOVE = "move"
    SPLIT = "split"
    JOIN = "join"
    MEND = "mend"
    RESET = "reset"
    BALANCE = "balance"
    IMPORT = "import"
    COPY = "copy"
    REBASE = "rebase"


class Keep(StrEnum):
    """Whose cell a unit keeps that both the plan and the boundaries have changed."""

    MINE = "mine"
    THEIRS = "theirs"


class JobKind(StrEnum):
    """Long work on a plan."""

    BALANCE = "balance"
    REPLAY = "replay"
    FORECAST = "forecast"
    PUBLISH = "publish"


class JobState(StrEnum):
    """How far long work is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


LIFE: dict[PlanAct, dict[PlanState, PlanState]] = {
    PlanAct.SUBMIT: {PlanState.DRAFT: PlanState.IN_REVIEW},
    PlanAct.APPROVE: {PlanState.IN_REVIEW: PlanState.APPROVED},
    PlanAct.PUBLISH: {PlanState.APPROVED: PlanState.PUBLISHED},
    PlanAct.SEND_BACK: {
        PlanState.IN_REVIEW: PlanState.DRAFT,
        PlanState.APPROVED: PlanState.DRAFT,
    },
    PlanAct.WITHDRAW: {
        PlanState.DRAFT: PlanState.WITHDRAWN,
        PlanState.IN_REVIEW: PlanState.WITHDRAWN,
        PlanState.APPROVED: PlanState.WITHDRAWN,
    },
}
"""Step, state before, state after. A plan changes only while it is a draft, so what was approved
is what is published; published and withdrawn plans stay as they are."""

OPEN = frozenset({PlanState.DRAFT, PlanState.IN_REVIEW, PlanState.APPROVED})
"""States in which somebody may still say something about a plan."""

NO_UNDO = frozenset({EditKind.REBASE})
"""Edits behind which there is no way back: the cells of before may not exist any more."""

LONGEST_TITLE, LONGEST_NOTE, LONGEST_COMMENT, LONGEST_REASON = 200, 4_000, 2_000, 1_000
MOST_MOVES = 20_000
"""Units that one request may move."""
MOST_LOCKS = 2_000
MOST_COMMENTS = 2_000
FURTHEST_DAYS = 366
"""So many days ahead a publication may be set."""


def after(state: PlanState, act: PlanAct) -> PlanState | None:
    """The state after a step; None where it may not follow."""
    return LIFE[act].get(state)


def is_own(account: str, author: str, editors: Iterable[str]) -> bool:
    """Whether somebody drew on this plan, and so must leave its approval to somebody else."""
    return account == author or account in editors


def allowed(state: PlanState, *, own: bool, empty: bool) -> tuple[PlanAct, ...]:
    """The steps that may follow, for a planner.

    Args:
        own: whether it is asked by who drew on the plan.
        empty: whether the plan changes nothing.
    """
    barred = ({PlanAct.APPROVE} if own else set()) | ({PlanAct.SUBMIT} if empty else set())
    return tuple(act for act in LIFE if after(state, act) is not None and act not in barred)


def why_not_on(publish_on: date, today: date) -> str | None:
    """Why nothing can be published on a local day; None where it can."""
    if publish_on < today:
        return "lies in the past"
    if (publish_on - today).days > FURTHEST_DAYS:
        return f"lies more than {FURTHEST_DAYS} days ahead"
    return None

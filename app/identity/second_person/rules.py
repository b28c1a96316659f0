"""What takes two persons, and who can be the second. Pure."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from app.identity.rules import OPERATIONS, Role

LASTING_H = 72
"""For so long (hours) a proposal waits."""

PROTECTED = OPERATIONS["reveal_contact"] | OPERATIONS["list_audit"] | OPERATIONS["add_grant"]
"""Roles that see contacts or the audit, or give such roles to others."""


class ProposalKind(StrEnum):
    """What is proposed."""

    GRANT = "grant"
    RESET = "reset"
    LINK = "link"
    ENABLE = "enable"
    FACTOR = "factor"
    SHEET = "sheet"


class ProposalState(StrEnum):
    """What became of it."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Hindrance(StrEnum):
    """Why somebody cannot be the second person."""

    OWN = "own"
    SAME_CIRCLE = "same_circle"
    WAY_IN = "way_in"
    ADMIN_SINCE = "admin_since"
    PROPOSER_GONE = "proposer_gone"


HINDERED = {
    Hindrance.OWN: "Nobody confirms their own proposal.",
    Hindrance.SAME_CIRCLE: "One of the two accounts was made, linked or given a password by the"
    " other, or both by the same admin, so they may be one person's. On the server"
    " `minqing user passwd NAME` makes an account its own.",
    Hindrance.WAY_IN: "You may know a way into that account, or it is your own, and would be told"
    " its code as well: propose it yourself, and let another admin confirm it.",
    Hindrance.ADMIN_SINCE: "You have been an admin only since the proposal was made.",
    Hindrance.PROPOSER_GONE: "Whoever proposed it does not administer that area any more.",
}


class Second(NamedTuple):
    """What counts of a proposal and of whoever is to confirm it.

    Attributes:
        proposer, confirmer: logins.
        proposer_circle, confirmer_circle: each with the admins who may know a way into that
            account, and those who may know one into theirs.
        subject_circle: the same of the accounts that it is about.
        admin_since, proposed_at: UTC.
        proposer_administers: whether the proposer is still an admin of the area.
    """

    proposer: str
    confirmer: str
    proposer_circle: frozenset[str]
    confirmer_circle: frozenset[str]
    subject_circle: frozenset[str]
    admin_since: datetime
    proposed_at: datetime
    proposer_administers: bool


def takes_two(roles: Iterable[Role]) -> bool:
    """Whether an account with these roles, or a grant of one, opens what is protected."""
    return not PROTECTED.isdisjoint(roles)


def hindrance(second: Second) -> Hindrance | None:
    """Why a proposal cannot be confirmed by somebody; None where it can."""
    checks = (
        (second.proposer == second.confirmer, Hindrance.OWN),
        (bool(second.proposer_circle & second.confirmer_circle), Hindrance.SAME_CIRCLE),
        (bool(second.subject_circle & second.confirmer_circle), Hindrance.WAY_IN),
        (second.admin_since >= second.proposed_at, Hindrance.ADMIN_SINCE),
        (not second.proposer_administers, Hindrance.PROPOSER_GONE),
    )
    return next((found for is_so, found in checks if is_so), None)


def needs_code(kind: ProposalKind, known_to: Iterable[str], *, is_waiting: bool) -> bool:
    """Whether an account must be released by a code that only the second person hands out.

    Without it whoever made an account could sign in to it before the post does.

    Args:
        known_to: admins who may know a way into the account.
        is_waiting: whether it waits for a code that was handed out before.
    """
    if kind in (ProposalKind.RESET, ProposalKind.LINK):
        return True
    return bool(list(known_to)) and not is_waiting


def state(ended_how: str | None, expires_at: datetime, now: datetime) -> ProposalState:
    """Where a proposal stands; both instants in UTC."""
    if ended_how is not None:
        return ProposalState(ended_how)
    return ProposalState.WAITING if now < expires_at else ProposalState.EXPIRED

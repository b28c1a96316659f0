"""Which role hears of which events: of what it may list, and of nothing else."""

from app.core.audiences import Audience
from app.identity.rules import OPEN_WHILE_WATCHING, Role, may

# The operation that lists the subject of each audience; of the others everybody hears.
LISTED_BY = {
    Audience.CASES: "list_incidents",
    Audience.WARNINGS: "list_warnings",
    Audience.MEDIATION: "list_mediations",
    Audience.ROSTER: "list_assignments",
    Audience.PLANS: "list_plans",
}


def audiences_of(role: Role, *, watching: bool = False) -> frozenset[str]:
    """The audiences of the events that a role may hear of.

    Args:
        watching: by a session that only watches.
    """
    return frozenset(
        audience.value
        for audience in Audience
        if audience is Audience.EVERYONE or _may_list(role, LISTED_BY[audience], watching=watching)
    )


def _may_list(role: Role, operation: str, *, watching: bool) -> bool:
    return may(role, operation) and (not watching or operation in OPEN_WHILE_WATCHING)

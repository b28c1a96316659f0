"""Which role hears of which events: of what it may list, and of nothing else."""

from app.core.audiences import Audience
from app.identity.rules import Role, may

# The operation that lists the subject of each audience; of the others everybody hears.
LISTED_BY = {
    Audience.CASES: "list_incidents",
    Audience.WARNINGS: "list_warnings",
    Audience.MEDIATION: "list_mediations",
    Audience.ROSTER: "list_assignments",
    Audience.PLANS: "list_plans",
}


def audiences_of(role: Role) -> frozenset[str]:
    """The audiences of the events that a role may hear of."""
    return frozenset(
        audience.value
        for audience in Audience
        if audience is Audience.EVERYONE or may(role, LISTED_BY[audience])
    )

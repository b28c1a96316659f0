"""Who may have to do with the contact of a case. Pure."""

from app.identity.rules import Role
from app.incidents.lifecycle.who_may import ORDER
from app.incidents.rules import Tier

HANDLERS = frozenset(
    {Role.GRID_WORKER, Role.RESPONDER, Role.DUTY_OFFICER, Role.DISPATCHER}
)  # fmt: skip
"""Roles that handle cases. Not the city's admin: who grants rights does not read on the side."""


def handles(role: Role, tier: Tier, carrying: Tier, sent: Tier | None = None) -> bool:
    """Whether a post handles a case that lies in its area.

    The tier that carries the case or whose unit was sent, and those below it, who go there. Higher
    ones only once the case has come up to them.

    Args:
        tier: of the post: the level of the area for which it acts.
        carrying: tier that carries the case; what lies on the grid is the workstation's.
        sent: tier of the unit to which it is assigned.
    """
    highest = max(carrying, sent or Tier.GRID, Tier.WORKSTATION, key=ORDER.__getitem__)
    return role in HANDLERS and ORDER[tier] <= ORDER[highest]

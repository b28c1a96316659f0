"""Who may take which step: role and tier, in one table. Pure.

The tier of a post is the level of the area of the grant under which it acts. Case and post share
an area always: what lies beyond a grant cannot be reached at all.
"""

from dataclasses import dataclass
from enum import Enum, auto

from app.identity.rules import Role
from app.incidents.lifecycle import rules as lifecycle
from app.incidents.lifecycle.rules import Case
from app.incidents.rules import Status, Step, Tier
from geodata.codes import Level

TIER_OF_LEVEL = {
    Level.CELL: Tier.GRID,
    Level.COMMUNITY: Tier.WORKSTATION,
    Level.SUBDISTRICT: Tier.COMMAND_POST,
    Level.DISTRICT: Tier.SUB_CENTRE,
    Level.CITY: Tier.CITY_CENTRE,
}
ORDER = {tier: rank for rank, tier in enumerate(Tier)}
GRID_UNITS = frozenset({"grid_worker", "grid_lead"})


@dataclass(frozen=True)
class Post:
    """Who acts: a staff post in a role, at a tier."""

    role: Role
    tier: Tier
    account_id: int


@dataclass(frozen=True)
class Unit:
    """The duty unit to which a case is assigned: its role, and the tier of its station."""

    role: str
    tier: Tier


class Reach(Enum):
    """Of which cases in its area a post may take a step."""

    HERE = auto()  # all of them
    CARRIES = auto()  # those that its tier, or one below it, carries
    ABOVE = auto()  # those that a tier below it carries; the city centre its own, too
    ASSIGNED = auto()  # those that are assigned to its kind of unit, at its tier or below


@dataclass(frozen=True)
class Line:
    """Roles with their reach.

    Attributes:
        only: in these states; none for all.
        stands_in: they may note what somebody else has to do; it is no task of theirs.
    """

    roles: frozenset[Role]
    reach: Reach
    only: frozenset[Status] = frozenset()
    stands_in: bool = False


CHIEFS = frozenset({Role.DUTY_OFFICER, Role.CITY_ADMIN})
LEADERS = CHIEFS | {Role.DISPATCHER}
HANDLERS = frozenset({Role.GRID_WORKER, Role.RESPONDER})

_LEADS = (Line(LEADERS, Reach.CARRIES),)
_DECIDES = (Line(CHIEFS, Reach.CARRIES),)
# What a unit tells by radio, its post may note.
_HANDLES = (Line(HANDLERS, Reach.ASSIGNED), Line(LEADERS, Reach.CARRIES, stands_in=True))
_BY_RECEIVER = frozenset({Status.ASSIGNED, Status.ACKNOWLEDGED})

MAY: dict[Step, tuple[Line, ...]] = {
    Step.REPORT: (),  # not a step of a case that is there
    Step.REZONE: (),  # follows from boundaries, and is nobody's
    Step.ASK_VERIFICATION: _LEADS,
    Step.VERIFY: (
        Line(frozenset({Role.GRID_WORKER}), Reach.HERE),
        Line(LEADERS, Reach.CARRIES, stands_in=True),
    ),
    Step.REGISTER: _LEADS,
    Step.REFUSE: _LEADS,
    Step.ASSIGN: _LEADS,
    Step.ACKNOWLEDGE: _HANDLES,
    Step.RETURN: (
        Line(HANDLERS, Reach.ASSIGNED, _BY_RECEIVER),
        Line(LEADERS, Reach.CARRIES, _BY_RECEIVER, stands_in=True),
        Line(LEADERS, Reach.CARRIES, frozenset({Status.PENDING_CHECK})),
    ),
    Step.HANDLE: _HANDLES,
    Step.HAND_BACK: _HANDLES,
    Step.CHECK: _LEADS,
    Step.CLOSE: _LEADS,
    Step.FORCE_CLOSE: _DECIDES,
    Step.ESCALATE: (
        *_LEADS,
        Line(HANDLERS, Reach.ASSIGNED, frozenset({Status.ACKNOWLEDGED, Status.HANDLING})),
    ),
    Step.SUSPEND: _LEADS,
    Step.RESUME: (*_LEADS, Line(HANDLERS, Reach.ASSIGNED)),
    Step.ASK_EXTENSION: _HANDLES,
    Step.EXTEND: _DECIDES,
    Step.REFUSE_EXTENSION: _DECIDES,
    Step.APPEAL: _HANDLES,
    Step.GRANT_APPEAL: _DECIDES,
    Step.REFUSE_APPEAL: _DECIDES,
    Step.SUPERVISE: (Line(CHIEFS, Reach.ABOVE),),
    Step.REMIND: _LEADS,
    Step.MERGE: _LEADS,
    Step.UNMERGE: _LEADS,
    Step.REOPEN: _LEADS,
    Step.FOLLOW_UP: _LEADS,
}
_ANSWERS = {
    Step.EXTEND: "extension",
    Step.REFUSE_EXTENSION: "extension",
    Step.GRANT_APPEAL: "appeal",
    Step.REFUSE_APPEAL: "appeal",
}

WHY_A_TASK = {
    Step.VERIFY: "verify",
    Step.REGISTER: "register",
    Step.REFUSE: "register",
    Step.ASSIGN: "assign",
    Step.ACKNOWLEDGE: "acknowledge",
    Step.HANDLE: "handle",
    Step.HAND_BACK: "handle",
    Step.CHECK: "check",
    Step.CLOSE: "close",
    Step.EXTEND: "approve_extension",
    Step.GRANT_APPEAL: "decide_appeal",
}
"""What is waited for, by the step that somebody should take."""


def ever(role: Role, step: Step) -> bool:
    """Whether a role can be the one to take a step, whatever the case."""
    return any(role in line.roles for line in MAY[step])


def carrying_tier(case: Case) -> Tier:
    """Who leads a case: what the grid reports lies with the workstation."""
    return max(case.tier, Tier.WORKSTATION, key=ORDER.__getitem__)


def why_not_yours(case: Case, step: Step, post: Post, unit: Unit | None) -> str | None:
    """Why a post may not take a step of a case; None when it may.

    Args:
        unit: to which the case is assigned, where that is known.
    """
    lines = [line for line in MAY[step] if post.role in line.roles]
    if not lines:
        return f"{step} is not for the role {post.role}"
    lines = [line for line in lines if not line.only or case.status in line.only]
    if not any(_reaches(line, case, post, unit) for line in lines):
        return (
            f"{step} is not for the tier {post.tier}: the {carrying_tier(case)} carries the case"
            + (f", a unit of the {unit.tier} handles it" if unit else "")
        )
    if _asked_by(case, step) == post.account_id:
        return f"{step} is for somebody other than who asked for it"
    return None


def _asked_by(case: Case, step: Step) -> int | None:
    asked = _ANSWERS.get(step)
    if asked == "extension":
        return case.extension_asked_by
    return case.appealed_by if asked else None


def _reaches(line: Line, case: Case, post: Post, unit: Unit | None) -> bool:
    rank, carrying = ORDER[post.tier], ORDER[carrying_tier(case)]
    if line.reach is Reach.CARRIES:
        return rank >= carrying
    if line.reach is Reach.ABOVE:
        return rank > carrying or post.tier is Tier.CITY_CENTRE
    if line.reach is Reach.ASSIGNED:
        return _is_assigned(case, post, unit)
    return True


def _is_assigned(case: Case, post: Post, unit: Unit | None) -> bool:
    if post.role is Role.GRID_WORKER:
        return unit.role in GRID_UNITS if unit else ORDER[case.tier] <= ORDER[Tier.WORKSTATION]
    return ORDER[post.tier] >= ORDER[unit.tier if unit else carrying_tier(case)]


def steps_of(case: Case, post: Post, unit: Unit | None) -> tuple[Step, ...]:
    """What a post may do with a case now."""
    return tuple(
        step
        for step in lifecycle.possible_steps(case)
        if why_not_yours(case, step, post, unit) is None
    )


def task_of(case: Case, post: Post, unit: Unit | None) -> Step | None:
    """What a case waits for from exactly this post's role and tier; None for nothing."""
    waits_for = [Step.EXTEND, Step.GRANT_APPEAL, lifecycle.ordinary_step(case)]
    for step in waits_for:
        if step is None or lifecycle.why_not(case, step) is not None:
            continue
        if why_not_yours(case, step, post, unit) is None and _is_own(case, step, post, unit):
            return step
    return None


def _is_own(case: Case, step: Step, post: Post, unit: Unit | None) -> bool:
    for line in MAY[step]:
        if post.role not in line.roles or line.stands_in:
            continue
        if line.reach is Reach.CARRIES:
            return post.tier is carrying_tier(case)
        if line.reach is Reach.ASSIGNED and post.role is Role.RESPONDER:
            return post.tier is (unit.tier if unit else carrying_tier(case))
        return True
    return False


def answers_for(role: Role, tier: Tier, unit: Unit) -> bool:
    """Whether what is assigned to a unit is a task of posts in a role at a tier, where they can see
    the case: those who stand in for the unit by radio are not meant."""
    if role is Role.GRID_WORKER:
        return unit.role in GRID_UNITS
    return role is Role.RESPONDER and tier is unit.tier


@dataclass(frozen=True)
class Waiting:
    """For whom a case is a task: `task_of` turned round, so that a list can be looked up.

    Attributes:
        leaders: the tier whose leaders have the ordinary step to take.
        responders: the tier whose responders have.
        grid: whether grid workers have.
        chiefs: the tier whose chiefs have an extension or an appeal to decide.
    """

    leaders: Tier | None = None
    responders: Tier | None = None
    grid: bool = False
    chiefs: Tier | None = None


def waiting_of(case: Case, unit: Unit | None) -> Waiting:
    """For whom a case is a task now.

    Whoever asked for an extension or appealed does not decide it: such a task is nobody's where the
    same account asked for both, and `task_of` has the last word for one account.
    """
    lead = carrying_tier(case)
    decides = any(
        lifecycle.why_not(case, step) is None for step in (Step.EXTEND, Step.GRANT_APPEAL)
    )
    chiefs = lead if decides else None
    step = lifecycle.ordinary_step(case)
    if step not in WHY_A_TASK or lifecycle.why_not(case, step) is not None:
        return Waiting(chiefs=chiefs)
    lines = [line for line in MAY[step] if not line.stands_in]
    reaches = {line.reach for line in lines if not line.only or case.status in line.only}
    assigned = Reach.ASSIGNED in reaches
    by_grid = unit.role in GRID_UNITS if unit else ORDER[case.tier] <= ORDER[Tier.WORKSTATION]
    return Waiting(
        leaders=lead if Reach.CARRIES in reaches else None,
        responders=(unit.tier if unit else lead) if assigned else None,
        grid=Reach.HERE in reaches or (assigned and by_grid),
        chiefs=chiefs,
    )


def askers_of(case: Case) -> frozenset[int | None]:
    """The accounts that wait for the answer of chiefs; None for a program's."""
    asked = [case.extension_asked_by] * case.asks_extension + [case.appealed_by] * case.appeals
    return frozenset(asked)


def waits_for(waiting: Waiting, case: Case, post: Post) -> bool:
    """Whether a case is a task of a post, by whom it waits for."""
    decides = post.role in CHIEFS and waiting.chiefs is post.tier
    if decides and askers_of(case) != {post.account_id}:
        return True
    if post.role in LEADERS:
        return waiting.leaders is post.tier
    if post.role is Role.RESPONDER:
        return waiting.responders is post.tier
    return post.role is Role.GRID_WORKER and waiting.grid

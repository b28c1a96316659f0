"""The life cycles of the demo's incidents: which steps were taken, when, at which tier, and why.

Every case starts with `report` and follows `FOLLOWS`. A case that is sent back, escalated or not
passed by the check goes round again; a refused one ends at once. Some are late, and of the last
weeks' cases a few are stuck: nothing more happens to them before the bundle ends.
Instants are int64 seconds since 1970 in UTC.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.demo.arrays import BoolArray, FloatArray, IntArray, ObjectArray, SmallArray
from geodata.demo.rhythm import DAY_S
from geodata.demo.workclock import NATURAL_S, WORKING_S, WorkClock

HERE = Path(__file__).parent

STEPS = (
    "report",
    "register",
    "refuse",
    "assign",
    "acknowledge",
    "return",
    "handle",
    "hand_back",
    "check",
    "close",
    "escalate",
)
STATUS_AFTER = {
    "report": "reported",
    "register": "registered",
    "refuse": "not_accepted",
    "assign": "assigned",
    "acknowledge": "acknowledged",
    "return": "returned",
    "handle": "handling",
    "hand_back": "handled",
    "check": "pending_check",
    "close": "closed",
    "escalate": "pending_dispatch",
}
"""The state a step leads to; `close` may also end in one of `OTHER_ENDS`."""
OTHER_ENDS = ("duplicate", "not_reproducible", "forced_close")
FOLLOWS = {
    "report": ("register", "refuse"),
    "register": ("assign",),
    "assign": ("acknowledge", "return"),
    "return": ("assign",),
    "acknowledge": ("handle",),
    "handle": ("hand_back", "escalate"),
    "escalate": ("assign",),
    "hand_back": ("check",),
    "check": ("close", "return"),
    "refuse": (),
    "close": (),
}
"""What may come after a step."""
TIERS = ("grid", "workstation", "command_post", "sub_centre", "city_centre")
STATUSES = (*STATUS_AFTER.values(), *OTHER_ENDS)

REFUSED = 0.03
ON_TIME = 0.885  # the rest is late
STUCK, STUCK_FADES_S = 0.005, 8 * DAY_S
"""Share of the newest cases that are stuck; e times fewer of those that are this much older."""
RETURNED, NOT_PASSED = 0.045, 0.035
ESCALATED, ESCALATED_AGAIN = 0.09, 0.2
OTHER_END = 0.012
MEDIATED = 0.97
LADDER = ((0.62, 1.0, 0), (0.30, 7.0, 1), (0.08, 20.0, 2))
"""Disputes: share, limit in working days, how often they go up a tier."""
_BACKLOG_S = 120 * DAY_S

# All steps a case can take, in order: (step, branch it belongs to, relative length of time before).
_SLOTS = (
    ("report", "always", 0.0),
    ("refuse", "refused", 0.0),
    ("register", "accepted", 0.0),
    ("assign", "accepted", 0.6),
    ("return", "returned", 0.8),
    ("assign", "returned", 0.4),
    ("acknowledge", "accepted", 0.8),
    ("handle", "accepted", 1.2),
    ("escalate", "up1", 3.0),
    ("assign", "up1", 0.8),
    ("acknowledge", "up1", 0.8),
    ("handle", "up1", 1.2),
    ("escalate", "up2", 3.0),
    ("assign", "up2", 0.8),
    ("acknowledge", "up2", 0.8),
    ("handle", "up2", 1.2),
    ("hand_back", "accepted", 5.0),
    ("check", "accepted", 0.7),
    ("return", "not_passed", 1.0),
    ("assign", "not_passed", 0.4),
    ("acknowledge", "not_passed", 0.6),
    ("handle", "not_passed", 0.8),
    ("hand_back", "not_passed", 2.0),
    ("check", "not_passed", 0.7),
    ("close", "accepted", 1.0),
)
_STEP_OF_SLOT = np.array([STEPS.index(step) for step, _, _ in _SLOTS], dtype=np.int8)
_CLOSE = len(_SLOTS) - 1


@dataclass(frozen=True)
class Cases:
    """What the life cycle needs to know of n incidents (arrays of length n)."""

    reported_s: IntArray
    limit: FloatArray  # in its unit; nan for the ladder of disputes
    unit: ObjectArray
    dispute: BoolArray
    urgent: BoolArray
    from_centre: BoolArray  # came through the city's lines, not from the street


@dataclass(frozen=True)
class History:
    """All events, in order of case and time (arrays of length m): row of the case, ordinal from 1,
    instant, and indexes into STEPS, STATUSES, TIERS and the reasons (-1 for none)."""

    case: IntArray
    ordinal: NDArray[np.int16]
    at_s: IntArray
    step: SmallArray
    status: SmallArray
    tier: SmallArray
    reason: SmallArray


class Reasons:
    """The texts of `incident_reasons.csv`: reasons for a return, a refusal, an end."""

    def __init__(self) -> None:
        table = pd.read_csv(HERE / "incident_reasons.csv")
        self.texts: list[str] = table["text"].tolist()
        self._step = table["step"].to_numpy()
        self._outcome = table["outcome"].to_numpy()
        self._weight = table["weight"].to_numpy(dtype=np.float64)

    def rows(self, step: str, outcome: str | None = None) -> IntArray:
        """Rows of the table for a step, or for one outcome of it."""
        found = self._step == step
        if outcome is not None:
            found &= self._outcome == outcome
        return np.flatnonzero(found).astype(np.int64)

    def draw(self, rows: IntArray, count: int, rng: np.random.Generator) -> IntArray:
        """`count` of the rows, by weight."""
        weight = self._weight[rows]
        return rng.choice(rows, size=count, p=weight / weight.sum())


def live(
    cases: Cases, clock: WorkClock, end_s: int, reasons: Reasons, rng: np.random.Generator
) -> History:
    """Let every case live until it ends or the bundle does (`end_s`, exclusive)."""
    limit_s, working, ups = _limits(cases, rng)
    taken, stuck = _branches(cases, ups, end_s, rng)
    at_s = _times(cases, clock=clock, limit_s=limit_s, working=working, taken=taken, rng=rng)
    _stop_somewhere(taken, stuck, rng)
    taken &= at_s < end_s
    tier = _tiers(cases, taken)
    case, slot = np.nonzero(taken)
    step = _STEP_OF_SLOT[slot]
    status = step.copy()  # STATUSES starts with the states of STEPS, see `_check_tables`
    ordinal = (np.cumsum(taken, axis=1, dtype=np.int16))[case, slot]
    reason = _reasons(cases, case=case, slot=slot, status=status, reasons=reasons, rng=rng)
    return History(
        case.astype(np.int64), ordinal, at_s[case, slot], step, status, tier[case, slot], reason
    )


def _limits(cases: Cases, rng: np.random.Generator) -> tuple[FloatArray, BoolArray, IntArray]:
    """Each case's limit in seconds of its clock, whether that clock stops, and tiers to go up."""
    count = len(cases.reported_s)
    limit_s = np.full(count, WORKING_S["work_day"])
    working = np.ones(count, dtype=np.bool_)
    for unit, length_s in {**NATURAL_S, **WORKING_S}.items():
        chosen = cases.unit == unit
        limit_s[chosen] = cases.limit[chosen] * length_s
        working[chosen] = unit in WORKING_S
    up = (rng.random(count) < np.where(cases.urgent, 0.3 * ESCALATED, ESCALATED)).astype(np.int64)
    up += up & (rng.random(count) < ESCALATED_AGAIN)
    shares = np.array([share for share, _, _ in LADDER])
    rung = np.searchsorted(np.cumsum(shares)[:-1], rng.random(count), side="right")
    ladder = cases.unit == "ladder"
    days = np.array([days for _, days, _ in LADDER])[rung]
    limit_s[ladder] = days[ladder] * WORKING_S["work_day"]
    up[ladder] = np.array([times for _, _, times in LADDER])[rung][ladder]
    return limit_s, working, up


def _branches(
    cases: Cases, ups: IntArray, end_s: int, rng: np.random.Generator
) -> tuple[BoolArray, BoolArray]:
    """Which slots each case passes (n x slots), and which cases are stuck on the way."""
    count = len(ups)
    accepted = (rng.random(count) >= REFUSED) | cases.urgent & (rng.random(count) < 0.8)
    # Cases of the city's own lines start two tiers up: they can go up once at most.
    ups = np.where(cases.from_centre, np.minimum(ups, 1), ups)
    has = {
        "always": np.ones(count, dtype=np.bool_),
        "refused": ~accepted,
        "accepted": accepted,
        "returned": accepted & (rng.random(count) < RETURNED),
        "up1": accepted & (ups >= 1),
        "up2": accepted & (ups >= 2),
        "not_passed": accepted & (rng.random(count) < NOT_PASSED),
    }
    taken = np.column_stack([has[branch] for _, branch, _ in _SLOTS])
    fading = np.exp((cases.reported_s - end_s) / STUCK_FADES_S)
    stuck = accepted & (rng.random(count) < STUCK * fading)
    return taken, stuck


def _times(
    cases: Cases,
    *,
    clock: WorkClock,
    limit_s: FloatArray,
    working: BoolArray,
    taken: BoolArray,
    rng: np.random.Generator,
) -> IntArray:
    """The instant of each slot (n x slots): registered soon, closed inside or after the limit."""
    count = len(limit_s)
    wait_s = rng.lognormal(np.where(cases.urgent, np.log(150.0), np.log(900.0)), 0.7)
    registered_s = cases.reported_s + np.maximum(wait_s, 5.0).astype(np.int64)
    in_time = rng.random(count) < ON_TIME
    part = 0.06 + 0.86 * rng.beta(2.6, 1.5, size=count)
    over = 1.2 + rng.lognormal(-2.2, 0.8, size=count)
    closed_s = clock.after(registered_s, limit_s * np.where(in_time, part, over), working)
    closed_s = np.clip(closed_s, registered_s + 240.0, registered_s + _BACKLOG_S)
    length = np.array([span for _, _, span in _SLOTS]) * taken
    length *= rng.gamma(2.0, 0.5, size=length.shape)
    passed = np.cumsum(length, axis=1)
    share = passed / np.maximum(passed[:, -1:], 1e-9)
    at_s = registered_s[:, None] + (share * (closed_s - registered_s)[:, None]).astype(np.int64)
    at_s[:, 0] = cases.reported_s
    instants: IntArray = at_s.astype(np.int64)
    return instants


def _stop_somewhere(taken: BoolArray, stuck: BoolArray, rng: np.random.Generator) -> None:
    """Cut the cases that are stuck after one of their steps, in place."""
    rows = np.flatnonzero(stuck)
    keep = rng.integers(2, 1 + taken[rows].sum(axis=1) - 1, endpoint=True)
    taken[rows] &= np.cumsum(taken[rows], axis=1) <= keep[:, None]


def _tiers(cases: Cases, taken: BoolArray) -> SmallArray:
    """Tier of each slot: the grid reports, workstation or sub-centre takes it, then upwards."""
    first = np.where(cases.from_centre, TIERS.index("sub_centre"), TIERS.index("workstation"))
    went_up = np.cumsum(taken & (STEPS.index("escalate") == _STEP_OF_SLOT), axis=1)
    tier = np.minimum(first[:, None] + went_up, len(TIERS) - 1)
    tier[:, 0] = np.where(cases.from_centre, TIERS.index("city_centre"), TIERS.index("grid"))
    tiers: SmallArray = tier.astype(np.int8)
    return tiers


def _reasons(
    cases: Cases,
    *,
    case: IntArray,
    slot: IntArray,
    status: SmallArray,
    reasons: Reasons,
    rng: np.random.Generator,
) -> SmallArray:
    """Why a step was taken; sets the state of the closings that are no ordinary ones, in place."""
    reason = np.full(len(case), -1, dtype=np.int8)
    step = _STEP_OF_SLOT[slot]

    def fill(rows: IntArray, texts: IntArray) -> None:
        reason[rows] = reasons.draw(texts, len(rows), rng)

    fill(np.flatnonzero(step == STEPS.index("refuse")), reasons.rows("refuse"))
    fill(np.flatnonzero(step == STEPS.index("escalate")), reasons.rows("escalate"))
    first_return = next(row for row, (name, _, _) in enumerate(_SLOTS) if name == "return")
    sent_back = step == STEPS.index("return")
    early = np.setdiff1d(reasons.rows("return"), reasons.rows("return", "not_passed"))
    fill(np.flatnonzero(sent_back & (slot == first_return)), early)
    not_passed = reasons.rows("return", "not_passed")
    fill(np.flatnonzero(sent_back & (slot != first_return)), not_passed)

    closing = np.flatnonzero(slot == _CLOSE)
    dispute = cases.dispute[case[closing]]
    chance = rng.random(len(closing))
    fill(closing[dispute & (chance < MEDIATED)], reasons.rows("mediated"))
    fill(closing[dispute & (chance >= MEDIATED)], reasons.rows("unmediated"))
    odd = closing[~dispute & (chance < OTHER_END)]
    fill(odd, reasons.rows("close"))
    for end in OTHER_ENDS:
        text = reasons.rows("close", end)[0]
        status[odd[reason[odd] == text]] = STATUSES.index(end)
    return reason


def _check_tables() -> None:
    """STATUSES must begin with the state after each of STEPS, so that one index serves both."""
    if tuple(STATUS_AFTER) != STEPS or STATUSES[: len(STEPS)] != tuple(STATUS_AFTER.values()):
        raise AssertionError("the tables of steps and states have come apart")


_check_tables()

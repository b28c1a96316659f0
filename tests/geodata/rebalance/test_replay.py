"""A year on two plans: by hand, beside a reckoning by loops, and what must hold for any year."""

from dataclasses import replace

import numpy as np
import pytest

from geodata.rebalance import queueing, replay
from geodata.rebalance.queueing import WorkHours
from geodata.rebalance.replay import WEEK_S, PastCases, Place, Rules
from tests.geodata.rebalance.made_up import FIRST

DAY_S, HOUR_S = 86_400.0, 3_600.0
WEEKS = 6
ALWAYS = WorkHours(np.array([0.0]), np.array([1e9]))
RULES = Rules(ALWAYS, speed_m_s=1.0, weeks=WEEKS)


def year(count: int, units: int, seed: int) -> PastCases:
    """Cases by chance: places, weights, deadlines, every seventh without, every tenth urgent."""
    rng = np.random.default_rng(seed)
    at_s = np.sort(rng.uniform(0, WEEKS * WEEK_S, count))
    due_s = at_s + rng.uniform(0.5, 6, count) * HOUR_S
    due_s[::7] = np.inf
    return PastCases(
        unit=rng.integers(0, units, count), at_s=at_s, xy_m=rng.uniform(0, 3_000, (count, 2)),
        weight=rng.uniform(0, 3, count), service_s=rng.uniform(0.2, 4, count) * HOUR_S,
        due_s=due_s, at_once=np.arange(count) % 10 == 0,
    )  # fmt: skip


def place(units: int, seed: int = 3) -> Place:
    """Two communities, the second smaller."""
    rng = np.random.default_rng(seed)
    community = np.where(np.arange(units) < units * 2 // 3, FIRST, FIRST + 1000)
    return Place(community, rng.uniform(5, 40, units), np.zeros(units, dtype=np.bool_))


def cells_by_chance(of: Place, a_community: int, seed: int) -> np.ndarray:
    """A cell for every unit, inside its community; none is left out."""
    rng = np.random.default_rng(seed)
    own = rng.integers(1, a_community + 1, len(of.community))
    own[:a_community] = own[-a_community:] = np.arange(1, a_community + 1)
    return np.asarray(of.community + own)


def test_what_is_compiled_ahead_is_what_is_used() -> None:
    """`scripts/setup` compiles with the types of a replay: one version, not two."""
    queueing.compile_now()
    of = place(6)
    plan = cells_by_chance(of, 2, seed=1)
    replay.replay(of, year(40, 6, seed=1), plan, plan, RULES)
    assert len(queueing._serve.signatures) == 1


def test_two_cells_by_hand() -> None:
    """One week, two units of steady load alike, three cases of weight 5 on the first.

    The steady load of a week is 14 a unit. Of the first unit's cases the second waits for an hour
    and is late; on the draft both units are one cell, and the worker of the second helps nobody.
    """
    of = Place(np.full(2, FIRST), np.full(2, 14 * 365 / 7), np.zeros(2, dtype=np.bool_))
    cases = PastCases(
        unit=np.array([0, 0, 0]), at_s=np.array([0.0, 0.0, 9 * HOUR_S]),
        xy_m=np.array([[0.0, 0.0], [600.0, 800.0], [600.0, 800.0]]), weight=np.full(3, 5.0),
        service_s=np.full(3, HOUR_S), due_s=np.array([1.0, 2.0, 11.0]) * HOUR_S,
        at_once=np.zeros(3, dtype=np.bool_),
    )  # fmt: skip
    told = replay.replay(
        of, cases, np.array([FIRST + 1, FIRST + 2]), np.array([FIRST + 1, FIRST + 1]),
        replace(RULES, weeks=1),
    )  # fmt: skip
    # Loads 29 and 14, mean 21.5: off by 7.5 / 21.5 either way.
    assert told.today.spread.value == pytest.approx(7.5 / 21.5)
    assert told.today.far_off.value == 1.0
    assert told.draft.spread.value == told.draft.far_off.value == 0.0
    assert (told.cases, told.with_deadline, told.late_today, told.late_draft) == (3, 3, 1, 1)
    assert told.today.late.value == pytest.approx(1 / 3)
    assert told.today.wait_h.value == pytest.approx(1 / 3)
    assert told.today.way_m.value == pytest.approx(1000 / 3)
    assert told.change.spread.value == pytest.approx(-7.5 / 21.5)
    assert told.change.late.value == 0.0


def test_beside_a_reckoning_by_loops() -> None:
    """Spread and share far off, week by week, cell by cell."""
    of = place(30)
    cases, plan = year(400, 30, 1), cells_by_chance(of, 4, 2)
    told = replay.replay(of, cases, plan, plan, RULES)
    spreads, far = [], []
    for week in range(WEEKS):
        load = {
            cell: sum(of.steady_load[plan == cell]) * 7 / 365 for cell in sorted(set(plan.tolist()))
        }
        for unit, at, weight in zip(cases.unit, cases.at_s, cases.weight, strict=True):
            if week * WEEK_S <= at < (week + 1) * WEEK_S:
                load[int(plan[unit])] += weight
        off = []
        for cell, own in load.items():
            peers = [one for other, one in load.items() if other // 1000 == cell // 1000]
            off.append(own / (sum(peers) / len(peers)) - 1)
        spreads.append(np.std(off))
        far.append(np.mean(np.abs(off) > 0.2))
    assert told.spread_by_week_today == pytest.approx(spreads)
    assert told.today.spread.value == pytest.approx(np.mean(spreads))
    assert told.today.far_off.value == pytest.approx(np.mean(far))


def test_the_same_plan_changes_nothing() -> None:
    """Not by chance either: both plans see the same drawn weeks."""
    of = place(30)
    plan = cells_by_chance(of, 4, 2)
    change = replay.replay(of, year(300, 30, 1), plan, plan, RULES).change
    for name in ("spread", "far_off", "late", "wait_h", "way_m"):
        figure = getattr(change, name)
        assert (figure.value, figure.low, figure.high) == (0.0, 0.0, 0.0)


def test_intervals_hold_their_value_and_shrink() -> None:
    """Each value lies in its interval; the same weeks four times over make it half as wide."""
    of = place(30)
    today, draft = cells_by_chance(of, 3, 2), cells_by_chance(of, 3, 9)
    once = year(600, 30, 1)
    far = np.repeat(np.arange(4), 600) * WEEKS * WEEK_S
    often = PastCases(
        *(np.concatenate([getattr(once, name)] * 4) for name in PastCases.__dataclass_fields__)
    )
    often = replace(often, at_s=often.at_s + far, due_s=often.due_s + far)
    short = replay.replay(of, once, today, draft, RULES)
    long = replay.replay(of, often, today, draft, replace(RULES, weeks=4 * WEEKS))
    for side in ("today", "draft", "change"):
        for figure in vars(getattr(short, side)).values():
            assert figure.low <= figure.value <= figure.high
        wide, narrow = (getattr(one, side).spread for one in (short, long))
        assert (narrow.high - narrow.low) / (wide.high - wide.low) == pytest.approx(0.5, abs=0.12)


def test_seeds_and_the_order_of_cases() -> None:
    """The same seed gives the same figures, whatever order the cases come in; another, others."""
    of = place(30)
    cases = year(300, 30, 1)
    plans = cells_by_chance(of, 4, 2), cells_by_chance(of, 4, 3)
    mixed = np.random.default_rng(0).permutation(300)
    shuffled = PastCases(*(getattr(cases, n)[mixed] for n in PastCases.__dataclass_fields__))
    told, again = (replay.replay(of, one, *plans, RULES) for one in (cases, shuffled))
    for side in ("today", "draft", "change"):
        for name, figure in vars(getattr(told, side)).items():
            same = getattr(getattr(again, side), name)
            assert (same.value, same.low, same.high) == pytest.approx(
                (figure.value, figure.low, figure.high)
            )
    other = replay.replay(of, cases, *plans, replace(RULES, seed=2))
    assert other.today.spread.value == told.today.spread.value
    assert other.today.spread.low != told.today.spread.low


def test_smaller_cells_wait_less() -> None:
    """Every unit a cell of its own: nobody waits longer than where all are one cell."""
    of = Place(np.full(12, FIRST), np.ones(12), np.zeros(12, dtype=np.bool_))
    told = replay.replay(
        of, year(500, 12, 4), np.full(12, FIRST + 1), FIRST + 1 + np.arange(12), RULES
    )
    assert told.change.wait_h.high < 0
    assert told.late_draft < told.late_today


def test_a_locked_cell_is_not_compared() -> None:
    """A heavy cell of locked units alone leaves the others even."""
    locked = np.array([False, False, True])
    of = Place(np.full(3, FIRST), np.array([10.0, 10.0, 500.0]), locked)
    none = year(0, 3, 1)
    plan = FIRST + 1 + np.arange(3)
    told = replay.replay(of, none, plan, plan, RULES)
    assert told.today.spread.value == 0.0
    every = replay.replay(replace(of, locked=~np.zeros(3, dtype=np.bool_)), none, plan, plan, RULES)
    assert every.today.spread.value > 1.0


def test_cases_after_the_last_whole_week_do_not_count() -> None:
    """They neither count nor keep a worker from others."""
    of, plan = place(30), cells_by_chance(place(30), 4, 2)
    cases = year(400, 30, 1)
    early = cases.at_s < 2 * WEEK_S
    part = PastCases(*(getattr(cases, n)[early] for n in PastCases.__dataclass_fields__))
    rules = replace(RULES, weeks=2)
    all_, few = (replay.replay(of, one, plan, plan, rules) for one in (cases, part))
    assert (all_.cases, all_.late_today) == (few.cases, few.late_today)
    assert all_.today == few.today


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"unit": np.array([30])}, {}),
        ({"unit": np.array([-1])}, {}),
        ({"at_s": np.array([np.nan])}, {}),
        ({"at_s": np.array([-1.0])}, {}),
        ({"weight": np.array([np.inf])}, {}),
        ({"due_s": np.array([np.nan])}, {}),
        ({"service_s": np.array([-1.0])}, {}),
        ({}, {"weeks": 0}),
        ({}, {"speed_m_s": 0.0}),
        ({}, {"speed_m_s": float("nan")}),
    ],
)
def test_what_cannot_be_replayed(changes: dict[str, object], rules: dict[str, float]) -> None:
    """Rows, times, weights, speeds that are none."""
    of, plan = place(30), cells_by_chance(place(30), 4, 2)
    with pytest.raises(ValueError, match="must"):
        replay.replay(
            of,
            replace(year(1, 30, 1), **changes),
            plan,
            plan,
            replace(RULES, **rules),  # type: ignore[arg-type]
        )

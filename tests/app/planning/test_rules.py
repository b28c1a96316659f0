"""The life of a plan, moves, merging and sharing: pure decisions."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.planning import rules
from app.planning.edits import moving
from app.planning.edits.moving import Cells, MovesRefused
from app.planning.life import merging, sharing
from app.planning.life.merging import Unit
from app.planning.rules import Keep, PlanAct, PlanState

COMMUNITY = 620_102_001_001_000
DRAFT, REVIEW, APPROVED = PlanState.DRAFT, PlanState.IN_REVIEW, PlanState.APPROVED
PUBLISHED, WITHDRAWN = PlanState.PUBLISHED, PlanState.WITHDRAWN
# Written out once more, as the contract of the product says it.
LIFE = {
    (DRAFT, PlanAct.SUBMIT): REVIEW,
    (REVIEW, PlanAct.APPROVE): APPROVED,
    (APPROVED, PlanAct.PUBLISH): PUBLISHED,
    (REVIEW, PlanAct.SEND_BACK): DRAFT,
    (APPROVED, PlanAct.SEND_BACK): DRAFT,
    (DRAFT, PlanAct.WITHDRAW): WITHDRAWN,
    (REVIEW, PlanAct.WITHDRAW): WITHDRAWN,
    (APPROVED, PlanAct.WITHDRAW): WITHDRAWN,
}


@pytest.mark.parametrize("state", list(PlanState))
@pytest.mark.parametrize("act", list(PlanAct))
def test_the_life_of_a_plan(state: PlanState, act: PlanAct) -> None:
    """Every step in every state."""
    after = LIFE.get((state, act))
    assert rules.after(state, act) == after
    possible = rules.allowed(state, own=False, empty=False)
    assert (act in possible) == (after is not None)


@pytest.mark.parametrize("state", list(PlanState))
def test_nobody_approves_their_own_and_nobody_submits_nothing(state: PlanState) -> None:
    """Whatever else may follow, may."""
    everything = set(rules.allowed(state, own=False, empty=False))
    assert set(rules.allowed(state, own=True, empty=False)) == everything - {PlanAct.APPROVE}
    assert set(rules.allowed(state, own=False, empty=True)) == everything - {PlanAct.SUBMIT}


def test_whose_plan_it_is() -> None:
    """The author's, and everybody's who drew on it."""
    assert rules.is_own("a", "a", [])
    assert rules.is_own("b", "a", ["c", "b"])
    assert not rules.is_own("d", "a", ["c", "b"])


def test_days_on_which_something_can_be_published() -> None:
    """From today on, for a year."""
    today = date(2026, 2, 28)
    assert rules.why_not_on(today, today) is None
    assert rules.why_not_on(today + timedelta(days=366), today) is None
    assert rules.why_not_on(today - timedelta(days=1), today) == "lies in the past"
    assert rules.why_not_on(today + timedelta(days=367), today)


def cells(
    base: list[int],
    now: list[int] | None = None,
    *,
    held: tuple[int, ...] = (),
    closed: tuple[int, ...] = (),
    ever: tuple[int, ...] = (),
) -> Cells:
    """Units 1, 2, … of one community, by the last digits of their cells."""
    count = len(base)
    return Cells(
        unit_id=np.arange(1, count + 1),
        community_code=np.full(count, COMMUNITY),
        base=np.array(base) + COMMUNITY,
        now=np.array(now or base) + COMMUNITY,
        held=np.isin(np.arange(1, count + 1), held),
        closed=frozenset(COMMUNITY + cell for cell in closed),
        ever=frozenset(COMMUNITY + cell for cell in (*ever, *base)),
    )


def after(drawn: Cells, moves: dict[int, int]) -> list[int]:
    """Last digits of the cells after moves."""
    wanted = {unit: COMMUNITY + cell for unit, cell in moves.items()}
    return (moving.moved(drawn, wanted) - COMMUNITY).tolist()


def why(drawn: Cells, moves: dict[int, int]) -> list[tuple[str, str]]:
    """Why moves are refused."""
    with pytest.raises(MovesRefused) as refused:
        after(drawn, moves)
    return refused.value.faults


def test_units_go_where_they_are_sent() -> None:
    """To another cell, to a new one; one that is emptied keeps its number."""
    assert after(cells([1, 1, 2]), {2: 2}) == [1, 2, 2]
    assert after(cells([1, 1, 2]), {2: 3}) == [1, 3, 2]
    assert after(cells([1, 1, 2]), {1: 3, 2: 4}) == [3, 4, 2]
    assert after(cells([1, 1, 2], [2, 2, 2]), {1: 1}) == [1, 2, 2]
    assert after(cells([1, 1, 2]), {1: 1}) == [1, 1, 2]


def test_new_numbers_follow_all_that_were_ever_used() -> None:
    """One that was dissolved is never used again; none is left out."""
    assert after(cells([1, 1, 2], ever=(7,)), {1: 8}) == [8, 1, 2]
    assert why(cells([1, 1, 2], ever=(7,)), {1: 7})[0][0] == "cell_code"
    assert "next free number, 620102001001008" in why(cells([1, 1, 2], ever=(7,)), {1: 9})[0][1]
    assert why(cells([1, 1, 2]), {1: 3, 2: 5})[0][0] == "cell_code"
    full = cells([1, 1, 998], ever=(999,))
    assert "has used all its numbers" in why(full, {1: 3})[0][1]


def test_new_cells_move_up_when_one_before_them_goes() -> None:
    """So that what is published takes the next free numbers, whatever was tried before."""
    assert after(cells([1, 1, 2, 2], [3, 4, 2, 2]), {1: 1}) == [1, 3, 2, 2]
    assert after(cells([1, 1, 2, 2], [3, 4, 5, 2]), {1: 2}) == [2, 3, 4, 2]
    held = cells([1, 1, 2, 2], [3, 4, 2, 2], closed=(4,))
    assert "locked, and would have to" in why(held, {1: 1})[0][1]


def test_numbers_that_somebody_else_has_taken_meanwhile() -> None:
    """A new cell whose number is another's by now gets a free one; none are thrown together."""
    assert after(cells([1, 1, 2, 2], [3, 4, 2, 2], ever=(3,)), {3: 1}) == [4, 5, 1, 2]


def test_locks_hold() -> None:
    """Units that are held, cells that are closed; both are named."""
    drawn = cells([1, 1, 2, 3], held=(1,), closed=(3,))
    assert why(drawn, {1: 2}) == [("unit_id", "locked units: 1")]
    assert why(drawn, {2: 3}) == [("cell_code", f"locked cells: {COMMUNITY + 3}")]
    assert len(why(drawn, {1: 3})) == 2
    assert after(drawn, {1: 1, 2: 2}) == [1, 2, 2, 3]


@pytest.mark.parametrize("cell", [0, 1_001, -999, 10**14])
def test_cells_of_other_communities(cell: int) -> None:
    """And codes that are no cell."""
    assert why(cells([1, 1, 2]), {1: cell})[0][0] == "cell_code"


def test_a_long_list_is_cut() -> None:
    """An error names twenty units."""
    drawn = cells([1] * 50, held=tuple(range(1, 51)))
    said = why(drawn, dict.fromkeys(range(1, 51), 2))[0][1]
    assert said.endswith("20 and 30 more")


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 4)), max_size=30))
def test_new_numbers_never_have_a_gap(wanted: list[tuple[int, int]]) -> None:
    """After any moves, the new cells of a community are those that follow the last one ever."""
    drawn = cells([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3], ever=(5,))
    for unit, choice in wanted:
        fresh = moving.next_codes(drawn, COMMUNITY, 1)[0] - COMMUNITY
        known = sorted({1, 2, 3, fresh, *(drawn.now - COMMUNITY).tolist()})
        moved = after(drawn, {unit: known[choice % len(known)]})
        new = sorted(set(moved) - {1, 2, 3})
        assert new == list(range(6, 6 + len(new)))
        drawn = cells([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3], moved, ever=(5,))


def unit(number: int, base: int, plan: int, current: int | None) -> Unit:
    """By the last digits of its cells."""
    now = None if current is None else COMMUNITY + current
    return Unit(number, COMMUNITY, COMMUNITY + base, COMMUNITY + plan, now)


def merge(
    units: list[Unit], before: set[int], standing: set[int], last: int, keep: Keep | None = None
) -> tuple[dict[int, int], list[int]]:
    """Unit -> last digits of its cell, and the units in conflict."""
    merged = merging.merge(
        units,
        {COMMUNITY: {COMMUNITY + cell for cell in before}},
        {COMMUNITY: {COMMUNITY + cell for cell in standing}},
        {COMMUNITY: COMMUNITY + last},
        keep,
    )
    cells_ = {one: cell - COMMUNITY for one, cell in merged.cells.items()}
    return cells_, [one.unit_id for one in merged.conflicts]


def test_what_only_the_plan_moved_stays_moved() -> None:
    """And what lies there already by now is no move any more."""
    assert merge([unit(1, 1, 2, 1)], {1, 2}, {1, 2}, 2) == ({1: 2}, [])
    assert merge([unit(1, 1, 2, 2)], {1, 2}, {1, 2}, 2) == ({}, [])


def test_what_both_moved_is_kept_as_asked() -> None:
    """Mine, theirs, or told."""
    both = [unit(1, 1, 2, 3)]
    assert merge(both, {1, 2, 3}, {1, 2, 3}, 3) == ({}, [1])
    assert merge(both, {1, 2, 3}, {1, 2, 3}, 3, Keep.MINE) == ({1: 2}, [1])
    assert merge(both, {1, 2, 3}, {1, 2, 3}, 3, Keep.THEIRS) == ({}, [1])


def test_new_cells_take_new_numbers_behind_those_of_others() -> None:
    """In order, each cell one."""
    mine = [unit(1, 1, 3, 1), unit(2, 1, 4, 1), unit(3, 1, 3, 1)]
    assert merge(mine, {1, 2}, {1, 2, 3}, 3) == ({1: 4, 2: 5, 3: 4}, [])


def test_a_cell_that_is_no_more_takes_nobody_in() -> None:
    """Whoever is to be kept: it is told, and the unit stays where it lies."""
    gone = [unit(1, 1, 2, 1)]
    assert merge(gone, {1, 2}, {1}, 2) == ({}, [1])
    assert merge(gone, {1, 2}, {1}, 2, Keep.MINE) == ({}, [1])


def test_a_unit_that_is_no_more_is_forgotten() -> None:
    """It is nobody's conflict."""
    assert merge([unit(1, 1, 2, None)], {1, 2}, {1, 2}, 2) == ({}, [])


@given(
    st.integers(0, 10**7),
    st.dictionaries(st.integers(1, 999), st.floats(0, 1e9), min_size=1, max_size=40),
)
def test_shares_add_up(total: int, weight: dict[int, float]) -> None:
    """Exactly, and none is more than one away from its part."""
    parts = sharing.shares(total, weight)
    assert parts.keys() == weight.keys() and sum(parts.values()) == total
    whole = sum(weight.values())
    if whole > 0:
        for code, part in parts.items():
            assert abs(part - total * weight[code] / whole) < 1 + 1e-6 * total
    else:
        assert max(parts.values()) - min(parts.values()) <= 1


def test_households_of_a_cell() -> None:
    """Whole ones; halves up."""
    assert [sharing.household_count(one) for one in (0.0, 0.4, 0.5, 12.0, 12.6)] == [
        0,
        0,
        1,
        12,
        13,
    ]

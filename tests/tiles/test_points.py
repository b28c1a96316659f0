"""The point store against plain loops over the same cases."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.instants import to_us
from tests.tiles.made_up import NOW, STATES, cases, days_ago
from tiles import points
from tiles.points import NEVER_US, Box, Columns, PointStore
from tiles.selection import CaseFilter

CASES = cases(3_000)
WHOLE = Box(0, 0, 1, 1)


def selects(row: int, wanted: CaseFilter) -> bool:
    """Whether a case is wanted, one condition after the other."""
    reported, closed = int(CASES.reported_us[row]), int(CASES.closed_us[row])
    category = f"{int(CASES.category[row]):04}"
    is_open = closed == NEVER_US or closed > to_us(wanted.as_of)
    return (
        to_us(wanted.since) <= reported < to_us(wanted.until)
        and reported <= to_us(wanted.as_of)
        and (wanted.codes is None or wanted.codes[0] <= CASES.cell_code[row] <= wanted.codes[1])
        and (not wanted.categories or category.startswith(wanted.categories))
        and (wanted.statuses is None or STATES[CASES.status[row]] in wanted.statuses)
        and (wanted.is_open is None or is_open == wanted.is_open)
    )


filters = st.builds(
    CaseFilter,
    as_of=st.floats(-1, 50).map(days_ago),
    since=st.floats(20, 70).map(days_ago),
    until=st.floats(-1, 20).map(days_ago),
    codes=st.sampled_from(
        [None, (620102000000000, 620102999999999), (620103001001005, 620103001001005), (1, 2)]
    ),
    categories=st.sampled_from([(), ("10",), ("0110", "11"), ("0999",)]),
    statuses=st.sampled_from([None, frozenset(), frozenset({"assigned", "closed"})]),
    is_open=st.sampled_from([None, True, False]),
)


@settings(max_examples=60, deadline=None)
@given(wanted=filters)
def test_selects_what_a_plain_loop_selects(wanted: CaseFilter) -> None:
    rows = points.select(CASES, wanted, STATES)
    assert rows.tolist() == [row for row in range(len(CASES)) if selects(row, wanted)]


def take(columns: Columns, *rows: int) -> Columns:
    """Some rows of them."""
    return columns.take(np.array(rows, dtype=np.intp))


def same(left: Columns, right: Columns) -> bool:
    """Whether two sets of cases are equal."""
    pairs = ((getattr(left, f.name), getattr(right, f.name)) for f in fields(Columns))
    return all(np.array_equal(*pair) for pair in pairs)


def test_cases_come_in_any_order_and_more_than_once() -> None:
    rng = np.random.default_rng(3)
    store = PointStore(STATES)
    store.replace(CASES.take(np.arange(0, len(CASES), 7)))
    order = rng.permutation(len(CASES))
    for part in np.array_split(order, 40):
        store.amend(CASES.take(part))
        store.amend(CASES.take(part[:3]))
    assert same(store.snapshot.columns, CASES)


def test_a_snapshot_never_changes_under_its_reader() -> None:
    store = PointStore(STATES)
    store.replace(CASES)
    before = store.snapshot
    status, closed = before.columns.status.copy(), before.columns.closed_us.copy()
    changed = take(CASES, 5, 6)
    store.amend(
        replace(
            changed,
            status=np.full(2, 3, np.int8),
            closed_us=np.full(2, to_us(NOW), np.int64),
        )
    )
    store.amend(cases(10, seed=9, first_no=10_000))
    assert np.array_equal(before.columns.status, status)
    assert np.array_equal(before.columns.closed_us, closed)
    assert len(before.columns) == len(CASES)
    after = store.snapshot
    assert after.revision > before.revision
    assert len(after.columns) == len(CASES) + 10
    assert after.columns.status[5] == 3 and after.columns.closed_us[6] == to_us(NOW)


def box_around(columns: Columns, row: int) -> Box:
    """A window that holds one case and little else."""
    x, y = float(columns.x[row]), float(columns.y[row])
    return Box(x - 1e-9, y - 1e-9, x + 1e-9, y + 1e-9)


@settings(max_examples=40, deadline=None)
@given(
    amendments=st.lists(
        st.lists(st.integers(0, 2_999), min_size=1, max_size=12, unique=True).map(sorted),
        min_size=1,
        max_size=30,
    ),
    anew=st.integers(0, 29),
)
def test_every_snapshot_stays_as_it_was_however_many_follow(
    amendments: list[list[int]], anew: int
) -> None:
    """New cases are written behind those that are known, into memory that snapshots share."""
    store = PointStore(STATES)
    store.replace(CASES.take(np.arange(0, 100, 7)))
    known = {int(row): 0 for row in range(0, 100, 7)}
    seen = []
    for turn, rows in enumerate(amendments, start=1):
        if turn == anew:
            store.replace(CASES.take(np.array(rows)))
            known = dict.fromkeys(rows, 0)
        fresh = CASES.take(np.array(rows))
        store.amend(replace(fresh, severity=np.full(len(rows), turn, np.int8)))
        known.update(dict.fromkeys(rows, turn))
        seen.append((store.snapshot.columns, dict(known)))
    for columns, expected in seen:
        rows = sorted(expected)
        assert columns.no.tolist() == CASES.no[rows].tolist()
        assert columns.cell_code.tolist() == CASES.cell_code[rows].tolist()
        turns = [expected[row] or int(CASES.severity[row]) for row in rows]
        assert columns.severity.tolist() == turns


def test_only_windows_in_which_something_changed_have_a_new_version() -> None:
    store = PointStore(STATES)
    store.replace(CASES)
    here, there = box_around(CASES, 10), box_around(CASES, 2_000)
    at_first = store.version_in(there)
    store.amend(take(CASES, 10))
    assert store.version_in(here) == store.snapshot.revision
    assert store.version_in(there) == at_first
    assert store.version_in(WHOLE) == store.snapshot.revision


def test_a_case_that_moves_changes_the_window_it_leaves() -> None:
    store = PointStore(STATES)
    store.replace(CASES)
    here = box_around(CASES, 10)
    moved = take(CASES, 10)
    store.amend(replace(moved, x=moved.x + 0.001))
    assert store.version_in(here) == store.snapshot.revision


def test_a_forgotten_change_counts_as_a_change_everywhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(points, "REMEMBERED_CHANGES", 20)
    store = PointStore(STATES)
    store.replace(CASES)
    there = box_around(CASES, 2_000)
    at_first = store.version_in(there)
    store.amend(take(CASES, 2_000))
    changed_at = store.snapshot.revision
    for row in range(30):
        store.amend(take(CASES, row))
    assert store.version_in(there) >= changed_at > at_first


def test_starting_anew_is_a_change_everywhere() -> None:
    store = PointStore(STATES)
    store.replace(CASES)
    version = store.version_in(box_around(CASES, 1))
    store.replace(CASES)
    assert store.version_in(box_around(CASES, 1)) > version

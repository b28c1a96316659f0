"""Counting through the index against plain loops over the same cases."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata.codes import Level
from geodata.instants import to_us
from tests.tiles.made_up import NOW, STATES, cases, days_ago
from tiles import counts, points
from tiles.counts import CaseIndex, CountedStore, Stretches
from tiles.points import Columns
from tiles.selection import CaseFilter

CASES = cases(20_000)
INDEX = CaseIndex.of(CASES)
RANGES = [
    None,
    (620100000000000, 620199999999999),
    (620102000000000, 620102999999999),
    (620103001001005, 620103001001005),
    (620103001001005, 620104001001002),
    (1, 2),
]

filters = st.builds(
    CaseFilter,
    as_of=st.floats(-1, 50).map(days_ago),
    since=st.floats(20, 70).map(days_ago),
    until=st.floats(-1, 20).map(days_ago),
    codes=st.sampled_from(RANGES),
    scope=st.sampled_from(RANGES),
    categories=st.sampled_from([(), ("10",), ("0110", "11"), ("0999",)]),
    statuses=st.sampled_from([None, frozenset(), frozenset({"assigned", "closed"})]),
    is_open=st.sampled_from([None, True, False]),
)


# Set for a whole test, whatever it draws.
@pytest.fixture(autouse=True, scope="module", params=[0, 10**9])
def way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Rows of few cells are found by their cell, of many in passing: each way for every filter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counts, "GATHERING", request.param)
        yield


@settings(max_examples=150, deadline=None)
@given(wanted=filters, buckets=st.integers(1, 100))
def test_counts_what_is_selected(wanted: CaseFilter, buckets: int) -> None:
    rows = points.select(CASES, wanted, STATES)
    stretches = Stretches.of(wanted.since, wanted.until, buckets)
    found = counts.tally(INDEX, wanted, STATES, stretches)
    assert found.n == len(rows)
    where, numbers = np.unique(CASES.cell_code[rows], return_counts=True)
    assert INDEX.codes[np.flatnonzero(found.cells)].tolist() == where.tolist()
    assert found.cells[found.cells > 0].tolist() == numbers.tolist()
    assert found.buckets.sum() == len(rows)
    assert counts.select(INDEX, wanted, STATES).tolist() == rows.tolist()
    again = counts.tally_rows(INDEX, rows, stretches)
    assert again.n == found.n
    assert np.array_equal(again.cells, found.cells)
    assert np.array_equal(again.buckets, found.buckets)


def test_what_only_the_log_knows_is_refused() -> None:
    wanted = CaseFilter(NOW, days_ago(9), NOW, in_past=True, statuses=frozenset({"assigned"}))
    with pytest.raises(ValueError, match="log"):
        counts.tally(INDEX, wanted, STATES)
    selected = counts.select(INDEX, wanted, STATES)
    assert selected.tolist() == points.select(CASES, wanted, STATES).tolist()


def test_figures_add_up_at_every_level() -> None:
    everything = counts.tally(INDEX, CaseFilter(NOW, days_ago(61), NOW), STATES)
    for level in Level:
        codes, found = counts.by_area(everything, level)
        assert found.sum() == everything.n == len(CASES)
        assert (np.diff(codes) > 0).all()
    codes, found = counts.by_area(everything, Level.DISTRICT)
    expected = np.sum(CASES.cell_code // 10**9 == 620102)
    assert found[codes.tolist().index(620102000000000)] == expected


@settings(max_examples=60, deadline=None)
@given(days=st.floats(0.001, 60), buckets=st.integers(1, 400))
def test_stretches_of_time_hold_every_case_once(days: float, buckets: int) -> None:
    since, until = days_ago(days), NOW
    stretches = Stretches.of(since, until, buckets)
    found = counts.tally(INDEX, CaseFilter(NOW, since, until), STATES, stretches).buckets
    bucket_s = stretches.bucket_s
    assert len(found) <= buckets
    span_s = (until - since).total_seconds()
    assert len(found) * bucket_s >= span_s > (len(found) - 1) * bucket_s
    third = since + timedelta(seconds=2 * bucket_s), since + timedelta(seconds=3 * bucket_s)
    if len(found) > 3:
        reported = CASES.reported_us
        inside = (reported >= to_us(third[0])) & (reported < to_us(third[1]))
        assert found[2] == inside.sum()


def closed(columns: Columns, *rows: int) -> Columns:
    """Some of these cases, closed now."""
    some = columns.take(np.array(rows, dtype=np.intp))
    return replace(some, closed_us=np.full(len(rows), to_us(NOW) - 1, dtype=np.int64))


def moved(columns: Columns, code: int, *rows: int) -> Columns:
    """Some of these cases, in another cell."""
    some = columns.take(np.array(rows, dtype=np.intp))
    return replace(some, cell_code=np.full(len(rows), code, dtype=np.int64))


def in_cell(columns: Columns, code: int) -> Columns:
    """All of these cases in one cell."""
    return replace(columns, cell_code=np.full(len(columns), code, dtype=np.int64))


KNOWN, NEW = int(CASES.cell_code[0]), 620109001001001
CHANGES = {
    "a case is closed": closed(CASES, 5, 19_000),
    "cases of known cells come in": in_cell(cases(30, seed=4, first_no=50_000), KNOWN),
    "cases of a new cell come in": in_cell(cases(30, seed=4, first_no=50_000), NEW),
    "a case lies in another cell": moved(CASES, KNOWN, 700),
    "a case lies in a new cell": moved(CASES, NEW, 700),
    "an older number comes late": in_cell(cases(1, seed=4, first_no=1), KNOWN),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_index_that_is_carried_on_counts_as_a_new_one(change: str) -> None:
    store = CountedStore(STATES)
    store.replace(CASES.take(np.arange(1, len(CASES))))
    before = store.index()
    store.amend(CHANGES[change])
    index, fresh = store.index(), CaseIndex.of(store.snapshot.columns)
    assert index is not before and index.columns is store.snapshot.columns
    for words in ({}, {"is_open": True}, {"codes": (KNOWN, KNOWN)}, {"codes": (NEW, NEW)}):
        wanted = CaseFilter(NOW, days_ago(61), NOW, **words)
        one, other = (counts.tally(i, wanted, STATES) for i in (index, fresh))
        assert one.n == other.n == len(points.select(fresh.columns, wanted, STATES))
        assert index.codes[one.cells > 0].tolist() == fresh.codes[other.cells > 0].tolist()


def test_many_new_cases_are_gathered_by_their_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "MOST_LOOSE_ROWS", 50)
    store = CountedStore(STATES)
    store.replace(CASES)
    store.index()
    for part in range(4):
        store.amend(in_cell(cases(20, seed=part, first_no=50_000 + 20 * part), KNOWN))
    assert len(store.index().columns) - len(store.index().order) < 50


def test_a_range_has_a_new_version_only_when_a_case_in_it_changes() -> None:
    store = CountedStore(STATES)
    store.replace(CASES)
    lo, hi = 620102000000000, 620102999999999
    inside = int(np.flatnonzero((CASES.cell_code >= lo) & (CASES.cell_code <= hi))[0])
    outside = int(np.flatnonzero(CASES.cell_code > hi)[0])
    before = store.version_within(lo, hi)
    store.amend(closed(CASES, outside))
    assert store.version_within(lo, hi) == before < store.version_within(0, 10**15)
    store.amend(closed(CASES, inside))
    changed = store.version_within(lo, hi)
    assert changed > before
    # A case that leaves the range changes it, too.
    store.amend(moved(CASES, NEW, inside))
    left = store.version_within(lo, hi)
    assert left > changed and store.version_within(NEW, NEW) == left
    store.replace(CASES)
    assert store.version_within(lo, hi) > left


def test_no_case_is_no_figure() -> None:
    index = CaseIndex.of(CASES.take(np.arange(0)))
    found = counts.tally(
        index, CaseFilter(NOW, days_ago(9), NOW), STATES, Stretches.of(days_ago(9), NOW, 4)
    )
    assert found.n == 0 and found.buckets.tolist() == [0, 0, 0, 0]
    assert len(counts.by_area(found, Level.CELL)[0]) == 0
    more = index.carried_on(CASES)
    assert counts.tally(more, CaseFilter(NOW, days_ago(61), NOW), STATES).n == len(CASES)

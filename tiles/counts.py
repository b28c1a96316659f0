"""Figures over selected cases: how many in each area, how many in each stretch of time.

An index beside the columns makes them cheap at two million cases: which cell each case lies in as a
small number, which cases lie in each cell, and between which instants the cases of each block of
rows were reported. It is carried on from one snapshot to the next.
"""

import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geodata.codes import Level, ancestors_at
from geodata.instants import to_us
from tiles.displaced import NO_MOVES, NOBODY, Displaced, Moves, inside, put_right, selected
from tiles.points import (
    Columns,
    IntArray,
    PointStore,
    Rows,
    category_table,
    status_table,
)
from tiles.selection import CaseFilter

BLOCK_ROWS = 4_096
# Rows that came in since the rows of each cell were gathered; then they are gathered anew.
MOST_LOOSE_ROWS = 20_000
# A row that is found by its cell costs about so many times what one costs that is met in passing.
GATHERING = 16
SAMPLE = 16

Mask = NDArray[np.bool_]


class Blocks(NamedTuple):
    """What is known of each stretch of `BLOCK_ROWS` rows; instants in us since 2000-01-01 UTC."""

    first_us: IntArray
    last_us: IntArray
    closed_us: IntArray
    """The latest closing in the block."""


@dataclass(frozen=True, eq=False)
class CaseIndex:
    """Columns with what makes counting them quick. Never changed; `carried_on` gives the next one.

    Attributes:
        columns: (n,) each.
        codes: (c,) codes of all cells in which cases lie or lay, ascending.
        cell: (n,) place of each case's cell in `codes`.
        order: rows in the order of their cells, ascending inside each; rows that came in since it
            was made are missing (those from `len(order)` on).
        begin: (c + 1,) where the rows of each cell begin in `order`.
        blocks: (n / BLOCK_ROWS,) each.
    """

    columns: Columns
    codes: IntArray
    cell: NDArray[np.int32]
    order: NDArray[np.int32]
    begin: IntArray
    blocks: Blocks

    @classmethod
    def of(cls, columns: Columns) -> "CaseIndex":
        """An index made from nothing."""
        codes, cell = _numbered(columns.cell_code)
        return cls(columns, codes, cell, *_gathered(cell, len(codes)), _blocks_of(columns))

    def carried_on(self, columns: Columns) -> "CaseIndex":
        """The index of these columns, which are a later state of ours."""
        if columns is self.columns:
            return self
        blocks = self.blocks
        mine = self.columns
        if columns.reported_us is not mine.reported_us or columns.closed_us is not mine.closed_us:
            blocks = _blocks_of(columns)
        if columns.cell_code is mine.cell_code:
            return CaseIndex(columns, self.codes, self.cell, self.order, self.begin, blocks)
        known = len(mine)
        is_longer = len(columns) > known and len(columns) - len(self.order) <= MOST_LOOSE_ROWS
        if not is_longer or not np.array_equal(columns.cell_code[:known], mine.cell_code):
            return CaseIndex.of(columns)
        fresh = columns.cell_code[known:]
        at = np.minimum(np.searchsorted(self.codes, fresh), max(0, len(self.codes) - 1))
        if not len(self.codes) or (self.codes[at] != fresh).any():
            return CaseIndex.of(columns)
        cell = np.concatenate([self.cell, at.astype(np.int32)])
        return CaseIndex(columns, self.codes, cell, self.order, self.begin, blocks)

    @property
    def nbytes(self) -> int:
        """Bytes held beside the columns."""
        return self.cell.nbytes + self.order.nbytes + self.codes.nbytes + self.begin.nbytes


def _numbered(cell_code: IntArray) -> tuple[IntArray, NDArray[np.int32]]:
    """All codes, ascending, and the place of each row's code among them."""
    # A part of the rows knows nearly all cells: sorting it is much less than sorting all.
    codes = np.unique(cell_code[::SAMPLE])
    while True:
        at = np.minimum(np.searchsorted(codes, cell_code), max(0, len(codes) - 1))
        missing = cell_code[codes[at] != cell_code] if len(codes) else cell_code
        if not len(missing):
            return codes, at.astype(np.int32)
        codes = np.union1d(codes, missing)


def _gathered(cell: NDArray[np.int32], cells: int) -> tuple[NDArray[np.int32], IntArray]:
    # Small numbers are sorted by their digits, in a tenth of the time.
    small = cell.astype(np.uint16) if cells <= 2**16 else cell
    order = np.argsort(small, kind="stable").astype(np.int32)
    begin = np.zeros(cells + 1, dtype=np.int64)
    np.cumsum(np.bincount(cell, minlength=cells), out=begin[1:])
    return order, begin


def _blocks_of(columns: Columns) -> Blocks:
    if not len(columns):
        nothing = np.empty(0, dtype=np.int64)
        return Blocks(nothing, nothing, nothing)
    starts = np.arange(0, len(columns), BLOCK_ROWS)
    return Blocks(
        np.minimum.reduceat(columns.reported_us, starts),
        np.maximum.reduceat(columns.reported_us, starts),
        np.maximum.reduceat(columns.closed_us, starts),
    )


class Tally(NamedTuple):
    """Counted cases.

    Attributes:
        n: how many.
        codes: (c,) codes of cells, ascending.
        cells: (c,) how many in each of them.
        buckets: how many in each stretch of time; empty where none were asked for.
    """

    n: int
    codes: IntArray
    cells: IntArray
    buckets: IntArray


class Stretches(NamedTuple):
    """Equal stretches of time.

    Attributes:
        since_us: begin of the first, in us since 2000-01-01 UTC.
        bucket_s: length of one.
        number: how many there are.
    """

    since_us: int
    bucket_s: int
    number: int

    @classmethod
    def of(cls, since: datetime, until: datetime, most: int) -> "Stretches":
        """As few whole seconds long as `most` of them need to reach `until`."""
        span_s = (until - since).total_seconds()
        bucket_s = max(1, math.ceil(span_s / most))
        return cls(to_us(since), bucket_s, max(1, math.ceil(span_s / bucket_s)))

    def count_of(self, reported_us: IntArray) -> IntArray:
        """How many of these instants lie in each, in us; all lie in one of them."""
        index = (reported_us - self.since_us) // (self.bucket_s * 1_000_000)
        return np.bincount(index, minlength=self.number)


NO_STRETCH = np.empty(0, dtype=np.int64)


def tally(
    index: CaseIndex,
    wanted: CaseFilter,
    states: Sequence[str],
    stretches: Stretches | None = None,
    displaced: Displaced = NOBODY,
) -> Tally:
    """Count the cases that a filter selects.

    Args:
        states: what `status` indexes.
        stretches: reach over the filter's whole window.
        displaced: cases that are counted in another cell than the one in the columns.

    Raises:
        ValueError: the filter `needs_history`, which is not here (see `tally_rows`).
    """
    if wanted.needs_history:
        raise ValueError("states of the past stand in the log alone")
    cells = np.zeros(len(index.codes), dtype=np.int64)
    buckets = NO_STRETCH if stretches is None else np.zeros(stretches.number, dtype=np.int64)
    for part in _parts(index, wanted, states):
        met = index.cell[part]
        if len(met):
            cells += np.bincount(met, minlength=len(cells))
            if stretches is not None:
                buckets += stretches.count_of(index.columns.reported_us[part])
    found = Tally(int(cells.sum()), index.codes, cells, buckets)
    if not len(displaced):
        return found
    others = selected(index.columns, wanted, states, displaced)
    return _put_right(found, index, wanted, others, stretches)


def _put_right(
    found: Tally, index: CaseIndex, wanted: CaseFilter, met: Displaced, stretches: Stretches | None
) -> Tally:
    """The same count once these cases are taken from the cells in the columns to their own.

    Args:
        met: those that the filter selects wherever they lie.
    """
    home = index.columns.cell_code[met.rows]
    gone, here = inside(home, wanted.codes), inside(met.codes, wanted.area)
    codes = np.union1d(index.codes, met.codes[here])
    cells = np.zeros(len(codes), dtype=np.int64)
    cells[np.searchsorted(codes, found.codes)] = found.cells
    cells -= np.bincount(np.searchsorted(codes, home[gone]), minlength=len(codes))
    cells += np.bincount(np.searchsorted(codes, met.codes[here]), minlength=len(codes))
    buckets = found.buckets
    if stretches is not None:
        reported = index.columns.reported_us[met.rows]
        buckets = buckets + stretches.count_of(reported[here]) - stretches.count_of(reported[gone])
    return Tally(int(cells.sum()), codes, cells, buckets)


def select(
    index: CaseIndex, wanted: CaseFilter, states: Sequence[str], displaced: Displaced = NOBODY
) -> Rows:
    """As `points.select`, through the index."""
    if wanted.needs_history:
        wanted = replace(wanted, statuses=None)
    parts = [
        np.arange(part.start, part.stop) if isinstance(part, slice) else part
        for part in _parts(index, wanted, states)
    ]
    rows = np.sort(np.concatenate(parts)) if parts else np.empty(0, dtype=np.intp)
    return put_right(rows, index.columns, wanted, states, displaced)


def tally_rows(
    index: CaseIndex,
    rows: Rows,
    stretches: Stretches | None = None,
    displaced: Displaced = NOBODY,
) -> Tally:
    """Count cases that were selected before.

    Args:
        rows: ascending.
        displaced: as they were selected by.
    """
    codes, cells = index.codes, np.bincount(index.cell[rows], minlength=len(index.codes))
    if len(displaced):
        lie = index.columns.cell_code[rows]
        met = displaced.take(np.isin(displaced.rows, rows))
        lie[np.searchsorted(rows, met.rows)] = met.codes
        codes, cells = np.unique(lie, return_counts=True)
    reported = index.columns.reported_us[rows]
    buckets = NO_STRETCH if stretches is None else stretches.count_of(reported)
    return Tally(len(rows), codes, cells, buckets)


def by_area(found: Tally, level: Level) -> tuple[IntArray, IntArray]:
    """Codes of the areas of a level in which cases were counted (ascending), and how many."""
    at = np.flatnonzero(found.cells)
    if not len(at):
        return NO_STRETCH, NO_STRETCH
    areas = ancestors_at(found.codes[at], level)
    starts = np.flatnonzero(np.diff(areas, prepend=-1))
    return areas[starts], np.add.reduceat(found.cells[at], starts)


class _Bounds(NamedTuple):
    """A filter in the units of the columns; `hi` and `until_us` are exclusive."""

    lo: int
    hi: int
    since_us: int
    until_us: int
    as_of_us: int


def _parts(index: CaseIndex, wanted: CaseFilter, states: Sequence[str]) -> Iterator[Rows | slice]:
    """The selected rows, in parts: whole stretches of rows, or their numbers."""
    bounds = _bounds(index, wanted)
    if bounds.lo >= bounds.hi or bounds.since_us >= bounds.until_us:
        return
    blocks = _blocks_met(index, wanted, bounds)
    in_cells = int(index.begin[bounds.hi] - index.begin[bounds.lo])
    if in_cells * GATHERING < len(blocks) * BLOCK_ROWS:
        gathered = index.order[index.begin[bounds.lo] : index.begin[bounds.hi]]
        loose = np.arange(len(index.order), len(index.columns))
        rows = np.concatenate([gathered.astype(np.intp), loose])
        yield _narrow(index, rows, wanted, states, bounds)
        return
    for run in _runs(index, blocks):
        yield _narrow(index, run, wanted, states, bounds)


def _bounds(index: CaseIndex, wanted: CaseFilter) -> _Bounds:
    lo, hi = 0, len(index.codes)
    for span in (wanted.codes, wanted.scope):
        if span is not None:
            lo = max(lo, int(np.searchsorted(index.codes, span[0])))
            hi = min(hi, int(np.searchsorted(index.codes, span[1], side="right")))
    as_of_us = to_us(wanted.as_of)
    until_us = min(to_us(wanted.until), as_of_us + 1)
    return _Bounds(lo, hi, to_us(wanted.since), until_us, as_of_us)


def _blocks_met(index: CaseIndex, wanted: CaseFilter, bounds: _Bounds) -> Rows:
    """Blocks in which a selected case may lie."""
    blocks = index.blocks
    met = (blocks.last_us >= bounds.since_us) & (blocks.first_us < bounds.until_us)
    if wanted.is_open:
        met &= blocks.closed_us > bounds.as_of_us
    return np.flatnonzero(met)


def _runs(index: CaseIndex, blocks: Rows) -> Iterator[slice]:
    if not len(blocks):
        return
    breaks = np.flatnonzero(np.diff(blocks) != 1) + 1
    for run in np.split(blocks, breaks):
        first, last = int(run[0]), int(run[-1]) + 1
        yield slice(first * BLOCK_ROWS, min(last * BLOCK_ROWS, len(index.columns)))


def _narrow(
    index: CaseIndex,
    rows: Rows | slice,
    wanted: CaseFilter,
    states: Sequence[str],
    bounds: _Bounds,
) -> Rows | slice:
    """Those of these rows that are selected; the same slice where all are."""
    masks = list(_masks(index, rows, wanted, states, bounds))
    if not masks:
        return rows
    mask = masks[0]
    for other in masks[1:]:
        mask &= other
    if isinstance(rows, slice):
        met: Rows = np.flatnonzero(mask) + rows.start
        return met
    return rows[mask]


def _masks(
    index: CaseIndex,
    rows: Rows | slice,
    wanted: CaseFilter,
    states: Sequence[str],
    bounds: _Bounds,
) -> Iterator[Mask]:
    columns = index.columns
    if not _all_inside(index, rows, bounds):
        reported = columns.reported_us[rows]
        yield (reported >= bounds.since_us) & (reported < bounds.until_us)
    if (bounds.lo, bounds.hi) != (0, len(index.codes)):
        cell = index.cell[rows]
        yield (cell >= bounds.lo) & (cell < bounds.hi)
    if wanted.is_open is not None:
        yield (columns.closed_us[rows] > bounds.as_of_us) == wanted.is_open
    if wanted.categories:
        yield category_table(wanted.categories)[columns.category[rows]]
    if wanted.statuses is not None:
        yield status_table(wanted.statuses, states)[columns.status[rows]]


def _all_inside(index: CaseIndex, rows: Rows | slice, bounds: _Bounds) -> bool:
    """Whether every one of these rows was reported in the window, as far as blocks tell."""
    if not isinstance(rows, slice):
        return False
    first, last = rows.start // BLOCK_ROWS, -(-rows.stop // BLOCK_ROWS)
    return bool(
        index.blocks.first_us[first:last].min() >= bounds.since_us
        and index.blocks.last_us[first:last].max() < bounds.until_us
    )


class CountedStore(PointStore):
    """A point store that also keeps the index of its cases, and knows which cells changed when."""

    def __init__(self, states: Sequence[str]) -> None:
        """
        Args:
            states: every state a case can have; `status` indexes them.
        """
        super().__init__(states)
        # To be set before the cases of which they tell: while a case is still in the cell that it
        # left, its move changes no count of the past.
        self.moves: Moves = NO_MOVES
        self._index: CaseIndex | None = None
        self._indexing = threading.Lock()
        # Replaced whole, so readers need no lock: the codes, and the revision of each.
        self._changed: tuple[IntArray, IntArray] = (NO_STRETCH, NO_STRETCH)
        self._all_changed = 0

    def replace(self, columns: Columns) -> None:
        """Start anew with these cases."""
        super().replace(columns)
        self._index = None
        self._all_changed = self.snapshot.revision

    def amend(self, fresh: Columns) -> None:
        """Add new cases, and put changed ones in the place of what was known of them."""
        before = self.snapshot.columns
        at = np.minimum(np.searchsorted(before.no, fresh.no), max(0, len(before) - 1))
        left = before.cell_code[at[before.no[at] == fresh.no]] if len(before) else NO_STRETCH
        super().amend(fresh)
        # Only now: an answer made before must not be kept under the number of what came after.
        self._note(np.concatenate([left, fresh.cell_code]), self.snapshot.revision)
        # The index holds the columns of which it tells: it must not keep old ones alive.
        if self._indexing.acquire(blocking=False):
            try:
                self._carry_on()
            finally:
                self._indexing.release()

    def index(self) -> CaseIndex:
        """All cases as of the last change, with their index."""
        with self._indexing:
            self._carry_on()
            if self._index is None:
                self._index = CaseIndex.of(self.snapshot.columns)
            return self._index

    def version_within(self, lo: int, hi: int) -> int:
        """The last revision that changed a case in the cells from `lo` to `hi`, both inclusive."""
        codes, revisions = self._changed
        first, last = np.searchsorted(codes, [lo, hi + 1])
        return max(self._all_changed, int(revisions[first:last].max(initial=0)))

    def _carry_on(self) -> None:
        if self._index is not None:
            self._index = self._index.carried_on(self.snapshot.columns)

    def _note(self, changed: IntArray, revision: int) -> None:
        codes, revisions = self._changed
        joined = np.union1d(codes, changed)
        later = np.zeros(len(joined), dtype=np.int64)
        later[np.searchsorted(joined, codes)] = revisions
        later[np.searchsorted(joined, changed)] = revision
        self._changed = (joined, later)

"""Cases that are counted in another cell than the one they are filed under.

The columns hold the cell of now. Where a case lay before boundaries were redrawn stands in the log;
few cases ever move, so their moves are kept beside the columns, and a count is put right by them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from geodata.instants import to_us
from tiles import points
from tiles.points import Columns, IntArray, Rows
from tiles.selection import CaseFilter

NO_ROWS = np.empty(0, dtype=np.intp)
NO_CODES = np.empty(0, dtype=np.int64)
_MOVES = b"""
SELECT no, (extract(epoch FROM at - timestamptz '2000-01-01 00:00:00+00') * 1000000)::bigint,
       from_cell
FROM published.incident_event WHERE from_cell IS NOT NULL
"""


@dataclass(frozen=True, eq=False)
class Displaced:
    """Cases and the cell in which each is counted, which is not the one in the columns.

    Attributes:
        rows: (m,) row numbers, each once.
        codes: (m,) 15 digits.
    """

    rows: Rows
    codes: IntArray

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, which: NDArray[Any]) -> "Displaced":
        """Some of them, by number or by mask."""
        return Displaced(self.rows[which], self.codes[which])


NOBODY = Displaced(NO_ROWS, NO_CODES)


@dataclass(frozen=True, eq=False)
class Moves:
    """When cases left a cell because boundaries were redrawn under them.

    Attributes:
        no: (m,) short number of the case, ascending; of one case the earliest first.
        at_us: (m,) from when it lay in another cell, in us since 2000-01-01 UTC.
        from_cell: (m,) code of the cell that it left.
    """

    no: IntArray
    at_us: IntArray
    from_cell: IntArray

    @classmethod
    def of(cls, no: IntArray, at_us: IntArray, from_cell: IntArray) -> "Moves":
        """Moves in any order."""
        order = np.lexsort((at_us, no))
        return cls(no[order], at_us[order], from_cell[order])

    def displaced(self, columns: Columns, as_of: datetime) -> Displaced:
        """The cases that lay in another cell at `as_of` than in these columns."""
        later = np.flatnonzero(self.at_us > to_us(as_of))
        if not len(later) or not len(columns):
            return NOBODY
        # What a case left first after that minute is where it lay.
        no, first = np.unique(self.no[later], return_index=True)
        codes = self.from_cell[later[first]]
        rows = np.minimum(np.searchsorted(columns.no, no), len(columns) - 1)
        is_other = (columns.no[rows] == no) & (columns.cell_code[rows] != codes)
        return Displaced(rows[is_other], codes[is_other])


NO_MOVES = Moves(NO_CODES, NO_CODES, NO_CODES)


def read_moves(connection: psycopg.Connection[Any]) -> Moves:
    """All moves there have been, from the log."""
    found = connection.execute(_MOVES).fetchall()
    no, at_us, from_cell = np.array(found, dtype=np.int64).reshape(-1, 3).T
    return Moves.of(no, at_us, from_cell)


def selected(
    columns: Columns, wanted: CaseFilter, states: Sequence[str], displaced: Displaced
) -> Displaced:
    """Those that a filter selects wherever they lie: `codes` and `area` are left aside."""
    everywhere = replace(wanted, codes=None)
    return displaced.take(points.select(columns.take(displaced.rows), everywhere, states))


def inside(codes: IntArray, span: tuple[int, int] | None) -> NDArray[np.bool_]:
    """Whether each code lies in a range, both ends inclusive; None holds all."""
    if span is None:
        return np.ones(len(codes), dtype=np.bool_)
    return (codes >= span[0]) & (codes <= span[1])


def put_right(
    rows: Rows,
    columns: Columns,
    wanted: CaseFilter,
    states: Sequence[str],
    displaced: Displaced,
) -> Rows:
    """Selected rows, ascending, where the cells of some cases are other ones.

    Args:
        rows: what the filter selects by the cells in the columns.
    """
    if not len(displaced):
        return rows
    met = selected(columns, wanted, states, displaced)
    here = met.rows[inside(met.codes, wanted.area)]
    return np.union1d(np.setdiff1d(rows, displaced.rows), here)

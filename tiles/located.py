"""In which cell the place of each case lies, as cells are drawn at one time.

A case stays filed under the code that its cell had when it was reported. Under boundaries that were
redrawn since, its place may lie in another one. Looked up are only the places of cases whose cell
was redrawn; what was found is kept for them and carried on for new cases.
"""

import threading
import weakref
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from tiles.counts import CaseIndex
from tiles.displaced import NO_CODES, NO_ROWS, NOBODY, Displaced
from tiles.mercator import FloatArray, to_degrees
from tiles.points import Columns, IntArray, Rows

# The tree is asked under the interpreter's lock: so many at a time take a few milliseconds.
PLACES_AT_ONCE = 5_000


class DrawnCells(NamedTuple):
    """The cells in force at one time.

    Attributes:
        unchanged: (u,) codes of those that are drawn as they always were, ascending.
        codes: (c,) codes of those that were redrawn and of their neighbours, ascending.
        shapes: (c,) their (Multi)Polygons in degrees, EPSG:4326.
    """

    unchanged: IntArray
    codes: IntArray
    shapes: NDArray[np.object_]


class _Found(NamedTuple):
    """The cells of places that were looked up; `no` ascends."""

    no: IntArray
    x: FloatArray
    y: FloatArray
    codes: IntArray


class LocatedCases:
    """Cases by the cells in force at one time. Several threads may ask; one looks up."""

    def __init__(self, cells: DrawnCells) -> None:
        self._cells = cells
        self._tree = shapely.STRtree(cells.shapes)
        shapely.prepare(cells.shapes)
        self._lock = threading.Lock()
        nowhere = np.empty(0, dtype=np.float64)
        self._found = _Found(NO_CODES, nowhere, nowhere, NO_CODES)
        # The columns that were asked about last, which must not be kept alive, and the answer.
        self._asked: weakref.ref[Columns] | None = None
        self._answer = NOBODY

    def displaced(self, index: CaseIndex) -> Displaced:
        """The cases whose place lies in another cell than the one they are filed under.

        A place in no cell at all leaves its case where it is filed.
        """
        columns = index.columns
        with self._lock:
            if self._asked is None or self._asked() is not columns:
                self._answer = self._looked_up(index)
                self._asked = weakref.ref(columns)
            return self._answer

    def _looked_up(self, index: CaseIndex) -> Displaced:
        columns = index.columns
        is_redrawn = ~np.isin(index.codes, self._cells.unchanged)
        rows: Rows = np.flatnonzero(is_redrawn[index.cell]) if is_redrawn.any() else NO_ROWS
        found = self._carried_on(columns.no[rows], columns.x[rows], columns.y[rows])
        self._found = found
        filed = columns.cell_code[rows]
        codes = np.where(found.codes > 0, found.codes, filed)
        elsewhere = codes != filed
        return Displaced(rows[elsewhere], codes[elsewhere])

    def _carried_on(self, no: IntArray, x: FloatArray, y: FloatArray) -> _Found:
        """The cells of these places; those of cases that are known and have not moved as before."""
        codes = np.zeros(len(no), dtype=np.int64)
        is_new = np.ones(len(no), dtype=np.bool_)
        known = self._found
        if len(known.no) and len(no):
            at = np.minimum(np.searchsorted(known.no, no), len(known.no) - 1)
            is_new = (known.no[at] != no) | (known.x[at] != x) | (known.y[at] != y)
            codes[~is_new] = known.codes[at[~is_new]]
        codes[is_new] = self._cells_of(*to_degrees(x[is_new], y[is_new]))
        return _Found(no, x, y, codes)

    def _cells_of(self, lon: FloatArray, lat: FloatArray) -> IntArray:
        """The code of the cell that covers each place, the lowest of several; 0 for none.

        Args:
            lon, lat: (n,) degrees, EPSG:4326.
        """
        parts = [
            self._part(lon[begin : begin + PLACES_AT_ONCE], lat[begin : begin + PLACES_AT_ONCE])
            for begin in range(0, len(lon), PLACES_AT_ONCE)
        ]
        return np.concatenate(parts) if parts else NO_CODES

    def _part(self, lon: FloatArray, lat: FloatArray) -> IntArray:
        nowhere = len(self._cells.codes)
        place, cell = self._tree.query(shapely.points(lon, lat))
        covers = shapely.intersects_xy(self._cells.shapes[cell], lon[place], lat[place])
        lowest = np.full(len(lon), nowhere, dtype=np.int64)
        np.minimum.at(lowest, place[covers], cell[covers])
        codes: IntArray = np.append(self._cells.codes, 0)[lowest]
        return codes

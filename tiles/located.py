"""In which cell the place of each case lies, as cells are drawn at one time.

A case stays filed under the code that its cell had when it was reported. Under boundaries that were
redrawn since, its place may lie in another one. Looked up are only the places of cases whose cell
was redrawn; what was found is kept for them and carried on for new cases.
"""

import threading
import weakref
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from tiles.counts import CaseIndex
from tiles.displaced import NO_CODES, NOBODY, Displaced
from tiles.mercator import FloatArray, to_degrees
from tiles.points import Columns, IntArray, Rows

# So many at a time take some milliseconds, and no more memory than they need.
PLACES_AT_ONCE = 50_000


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

    @classmethod
    def of(
        cls, codes: IntArray, shapes: NDArray[np.object_], is_redrawn: NDArray[np.bool_]
    ) -> "DrawnCells":
        """Of all cells in force.

        Args:
            codes: (n,) ascending.
            shapes: (n,) in degrees, EPSG:4326.
            is_redrawn: (n,) those that were not always drawn so.
        """
        _, beside = shapely.STRtree(shapes).query(shapes[is_redrawn])
        needed = np.unique(beside)
        return cls(codes[~is_redrawn], codes[needed], shapes[needed])


class _Found(NamedTuple):
    """The cell of each place, by the columns that were asked about last.

    Attributes:
        no, x, y: (n,) of those columns.
        place: (n,) number of the cell among the drawn; `_NOT_ASKED` where its cell was never
            redrawn, their count for no cell at all.
    """

    no: IntArray
    x: FloatArray
    y: FloatArray
    place: NDArray[np.int32]


_NOT_ASKED = -1


class LocatedCases:
    """Cases by the cells in force at one time. Several threads may ask; one looks up."""

    def __init__(self, cells: DrawnCells) -> None:
        self._cells = cells
        self._tree = shapely.STRtree(cells.shapes)
        self._lock = threading.Lock()
        nowhere = np.empty(0, dtype=np.float64)
        self._found = _Found(NO_CODES, nowhere, nowhere, np.empty(0, dtype=np.int32))
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
        drawn = self._cells.codes
        place = self._carried_on(columns)
        is_redrawn = ~np.isin(index.codes, self._cells.unchanged)
        asked = np.flatnonzero((place == _NOT_ASKED) & is_redrawn[index.cell])
        own = self._among_drawn(index.codes)
        place[asked] = self._places_of(index, asked, own)
        self._found = _Found(columns.no, columns.x, columns.y, place)
        elsewhere = (place != own[index.cell]) & (place != _NOT_ASKED) & (place < len(drawn))
        rows: Rows = np.flatnonzero(elsewhere)
        return Displaced(rows, drawn[place[rows]])

    def _carried_on(self, columns: Columns) -> NDArray[np.int32]:
        """(n,) what is known of these cases; of new ones, and of those that moved, nothing is."""
        known = self._found
        place = np.full(len(columns), _NOT_ASKED, dtype=np.int32)
        count = min(len(known.no), len(columns))
        if not count:
            return place
        at: Any = slice(0, count)
        here = at
        if not np.array_equal(known.no[at], columns.no[at]):
            at = np.minimum(np.searchsorted(known.no, columns.no), len(known.no) - 1)
            here = slice(None)
        is_same = (
            (known.no[at] == columns.no[here])
            & (known.x[at] == columns.x[here])
            & (known.y[at] == columns.y[here])
        )
        place[here] = np.where(is_same, known.place[at], _NOT_ASKED)
        return place

    def _among_drawn(self, codes: IntArray) -> NDArray[np.int32]:
        """The number of each cell among the drawn; their count where it is none of them."""
        drawn = self._cells.codes
        at = np.searchsorted(drawn, codes)
        at[np.append(drawn, -1)[at] != codes] = len(drawn)
        return at.astype(np.int32)

    def _places_of(self, index: CaseIndex, rows: Rows, own: NDArray[np.int32]) -> NDArray[np.int32]:
        """The cell that covers the place of each case, the lowest of several.

        Args:
            own: number of each cell of the index among the drawn.
        """
        filed = index.cell[rows]
        order = np.argsort(filed, kind="stable")
        found = np.empty(len(rows), dtype=np.int32)
        for begin in range(0, len(rows), PLACES_AT_ONCE):
            part = order[begin : begin + PLACES_AT_ONCE]
            x, y = index.columns.x[rows[part]], index.columns.y[rows[part]]
            found[part] = self._of_part(*to_degrees(x, y), own[filed[part]])
        return found

    def _of_part(
        self, lon: FloatArray, lat: FloatArray, own: NDArray[np.int32]
    ) -> NDArray[np.int32]:
        """
        Args:
            lon, lat: (n,) degrees, EPSG:4326.
            own: (n,) number of the cell under which each is filed; those of a cell side by side.
        """
        cells = self._cells
        found = np.full(len(lon), len(cells.codes), dtype=np.int32)
        starts = np.flatnonzero(np.append(True, own[1:] != own[:-1]))
        for start, end in zip(starts, np.append(starts[1:], len(own)), strict=True):
            cell = own[start]
            if cell < len(cells.codes):
                here = slice(start, end)
                # Prepared shapes of a whole city would need more memory than its cases.
                shapely.prepare(cells.shapes[cell])
                within = shapely.contains_xy(cells.shapes[cell], lon[here], lat[here])
                shapely.destroy_prepared(cells.shapes[cell])
                # What lies inside its own cell, off its border, lies in no other.
                found[here][within] = cell
        rest = np.flatnonzero(found == len(cells.codes))
        place, near = self._tree.query(shapely.points(lon[rest], lat[rest]))
        covers = shapely.intersects_xy(cells.shapes[near], lon[rest[place]], lat[rest[place]])
        np.minimum.at(found, rest[place[covers]], near[covers].astype(np.int32))
        return found

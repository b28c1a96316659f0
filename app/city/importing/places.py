"""Where points lie: in which cell, found by coordinates or by address."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from app.city.importing import hints, queries
from app.city.importing.drawn import Drawn, GeometryArray
from app.city.importing.report import MOST_OUTSIDE_SHARE
from app.city.importing.work import Work
from app.core.errors import Problem
from app.places import addresses
from geodata.codes import Level


@dataclass(frozen=True)
class Places:
    """Where the rows of a file lie; a refused row has no place.

    Attributes:
        points: (n,) Point in EPSG:4326, or None.
        cell_code: (n,) the cell around each, 0 for none.
        uncertainty_m: (n,) 0 for given coordinates, else the radius of the address found.
    """

    points: GeometryArray
    cell_code: NDArray[np.int64]
    uncertainty_m: NDArray[np.float64]


def find(work: Work) -> Places | None:
    """Place every row, refusing those outside; None where no cells are loaded."""
    cells = queries.areas_in_force(work.session, Level.CELL, work.now)
    if not len(cells.codes):
        work.report.problems.append("No cells are loaded; `minqing city import cells` comes first.")
        return None
    points = work.file.geometries.copy()
    uncertainty_m = np.zeros(len(points))
    _find_addresses(work, points, uncertainty_m)
    cell_code = cells.at(points)
    for index in np.flatnonzero((cell_code == 0) & ~shapely.is_missing(points)).tolist():
        lon, lat = shapely.get_coordinates(points[index])[0]
        work.refuse_outside(index, "geometry", f"{lon:.6f}, {lat:.6f} lies in no cell of the city")
    if work.report.outside_share > MOST_OUTSIDE_SHARE:
        _advise(work, points, cells)
    return Places(points, cell_code, uncertainty_m)


def _find_addresses(work: Work, points: GeometryArray, uncertainty_m: NDArray[np.float64]) -> None:
    texts = work.file.fields.get("address")
    if texts is None:
        return
    refused = work.report.refused_rows
    for index, address in enumerate(texts):
        if points[index] is not None or address is None or work.file.row[index] in refused:
            continue
        if index % 100 == 0:
            work.progress.step("find addresses", index, len(texts))
        try:
            found = addresses.settle(work.session, address, work.now)
        except Problem as problem:
            reason = problem.errors[0].message if problem.errors else problem.detail
            work.refuse(index, "address", reason)
            continue
        points[index] = shapely.points(found.lon, found.lat)
        uncertainty_m[index] = found.uncertainty_m
    work.progress.step("find addresses", len(texts), len(texts))


def _advise(work: Work, points: GeometryArray, cells: Drawn) -> None:
    def outside_share(rows: NDArray[np.intp], moved: GeometryArray) -> float:
        return float(np.mean(cells.at(moved) == 0))

    advice = hints.other_reading(
        points[~shapely.is_missing(points)], work.report.crs, outside_share
    )
    if advice:
        work.report.problems.append(advice)

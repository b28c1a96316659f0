"""Importing base units, the building plots of which cells are drawn. They replace all others."""

import numpy as np
import pyarrow as pa
import shapely

from app.city import rows
from app.city.importing import boundaries, fields, hints, mosaic, queries
from app.city.importing.drawn import Drawn, GeometryArray
from app.city.importing.report import MOST_OUTSIDE_SHARE
from app.city.importing.work import Work
from app.core.copying import copy_table
from app.core.db import driver_of
from app.places.rows import since
from geodata import codes
from geodata.codes import Level

FIELDS = ("unit_id", "cell_code", "households", "incidents", "street_block", "locked")


def take(work: Work) -> None:
    """Check the units against each other and the cells, and write them if they fit.

    Under a new boundary version: tiles of units are kept for ever under its number.
    """
    cells = queries.areas_in_force(work.session, Level.CELL, work.now)
    if not len(cells.codes):
        work.report.problems.append("No cells are loaded; `minqing city import cells` comes first.")
        return
    unit_id = work.each("unit_id", fields.number)
    work.refuse_twice("unit_id", unit_id)
    parts = shapely.get_num_geometries(work.file.geometries)
    for index in np.flatnonzero(parts > 1).tolist():
        work.refuse(index, "geometry", "has several parts; a plot is one polygon")
    cell_code = _cells_of(work, cells)
    _refuse_strays(work, cell_code, cells)
    households = work.each("households", fields.amount, lambda _: 0.0)
    incidents = work.each("incidents", fields.amount, lambda _: 0.0)
    street_block = work.each("street_block", fields.number, lambda _: 0)
    locked = work.each("locked", fields.flag, lambda _: False)
    if not work.report.fits:
        return
    for overlap in mosaic.overlaps(work.file.geometries):
        work.refuse(
            overlap.second,
            "geometry",
            f"overlaps unit {unit_id[overlap.first]} by {overlap.area_m2:,.0f} m²",
        )
    if not work.report.fits:
        return
    content = pa.table(
        {
            "unit_id": pa.array(unit_id, pa.int64()),
            "community_code": codes.ancestors_at(cell_code, Level.COMMUNITY),
            "cell_code": cell_code,
            "households": pa.array(households, pa.float64()),
            "incidents": pa.array(incidents, pa.float64()),
            "street_block": pa.array(street_block, pa.int64()),
            "locked": pa.array(locked, pa.bool_()),
        }
    )
    work.begin_writing()
    queries.close_units(work.session, work.now)
    plots = shapely.get_geometry(work.file.geometries, 0)
    copied = rows.unit_rows(content, plots, since(work.now))
    work.report.written = copy_table(driver_of(work.session), "base_unit", copied)
    boundaries.open_version(work, "units imported")


def _cells_of(work: Work, cells: Drawn) -> np.ndarray:
    """The cell of each unit: the one that it names, else the one in which it lies; 0 for none."""
    inside = shapely.point_on_surface(work.file.geometries)
    located = cells.at(inside)
    named = work.each("cell_code", fields.code(Level.CELL), lambda index: int(located[index]))
    for index, one in enumerate(named):
        if one and cells.row_of(one) is None:
            work.refuse(index, "cell_code", f"there is no cell {one}")
        if one == 0 and inside[index] is not None:
            work.refuse_outside(index, "geometry", "lies in no cell of the city")
    return np.array([one or 0 for one in named], dtype=np.int64)


def _refuse_strays(work: Work, cell_code: np.ndarray, cells: Drawn) -> None:
    geometries = work.file.geometries
    placed = [(index, cells.row_of(int(code))) for index, code in enumerate(cell_code)]
    here = [(i, row) for i, row in placed if row is not None and geometries[i] is not None]
    if here:
        index = np.array([i for i, _ in here])
        around = cells.geometries[[row for _, row in here]]
        for one, share in zip(index, mosaic.strays(geometries[index], around), strict=True):
            if share:
                work.refuse_outside(
                    int(one),
                    "geometry",
                    f"{share:.0%} of it lies outside its cell {cell_code[one]}",
                )
    if work.report.outside_share > MOST_OUTSIDE_SHARE:

        def outside_share(rows_: np.ndarray, moved: GeometryArray) -> float:
            return float(np.mean(cells.at(shapely.point_on_surface(moved)) == 0))

        drawn = geometries[~shapely.is_missing(geometries)]
        advice = hints.other_reading(drawn, work.report.crs, outside_share)
        if advice:
            work.report.problems.append(advice)

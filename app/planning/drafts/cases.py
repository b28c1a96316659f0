"""Cases in the base units in which they happened."""

from typing import NamedTuple

import numpy as np
import shapely
from sqlalchemy.orm import Session

from app.core.query_words import BBox
from app.planning.drafts import case_queries
from app.planning.drafts.case_queries import CaseRows, Period
from app.planning.drafts.ground import METRES
from geodata import crs
from geodata.progress import Progress, Silent, Stretch
from geodata.rebalance import forecast
from geodata.rebalance.units import FloatArray, IntArray, Units

WEEK_S = 7 * 86_400.0
AT_ONCE = 50_000
"""Places that are looked up together: about a second."""
_MARGIN_DEG = 0.01


class UnitCases(NamedTuple):
    """m cases of a period.

    Attributes:
        unit: (m,) row of the unit of each; of two on whose border it lies, that with the smaller
            number.
        xy_m: (m, 2) place in EPSG:4544.
        rows: what else is known of each.
    """

    unit: IntArray
    xy_m: FloatArray
    rows: CaseRows


def cases_in(
    session: Session,
    units: Units,
    period: Period,
    *,
    returns: bool = False,
    progress: Progress | None = None,
) -> UnitCases:
    """The cases of a period that happened in units, as far as this session looks.

    Args:
        units: in EPSG:4544.
        returns: whether to look up which were returned.
        progress: told how far it is, and may cancel.
    """
    watch = progress or Silent()
    watch.step("cases", 0, 10)
    rows = case_queries.cases(session, _box(units), period, returns=returns)
    xy_m = np.column_stack(crs.from_wgs84(rows.lon, rows.lat, METRES))
    unit = _unit_at(units, xy_m, Stretch(watch, 0.5, 1.0))
    known = unit >= 0
    return UnitCases(unit[known], xy_m[known], rows.only(known))


def weekly(cases: UnitCases, weeks: int) -> forecast.Cases:
    """The same as a forecast reads them."""
    return forecast.Cases(cases.unit, (cases.rows.at_s // WEEK_S).astype(np.int64), weeks)


def _box(units: Units) -> BBox:
    """A window in degrees around units."""
    west, south, east, north = shapely.total_bounds(units.geometry)
    lon, lat = crs.to_wgs84(
        np.array([west, west, east, east]), np.array([south, north, south, north]), METRES
    )
    return BBox(
        float(lon.min()) - _MARGIN_DEG, float(lat.min()) - _MARGIN_DEG,
        float(lon.max()) + _MARGIN_DEG, float(lat.max()) + _MARGIN_DEG,
    )  # fmt: skip


def _unit_at(units: Units, xy_m: FloatArray, progress: Progress) -> IntArray:
    """(m,) the row of the unit at each place; -1 for none."""
    tree, found = shapely.STRtree(units.geometry), np.full(len(xy_m), -1, dtype=np.int64)
    for begin in range(0, len(xy_m), AT_ONCE):
        progress.step("places", begin, len(xy_m))
        places = shapely.points(xy_m[begin : begin + AT_ONCE])
        point, row = tree.query(places, predicate="intersects")
        order = np.lexsort((units.unit_id[row], point))
        first = order[np.diff(point[order], prepend=-1) != 0]
        found[begin + point[first]] = row[first]
    return found

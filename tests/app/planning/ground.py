"""The base units of a database as arrays, read without the product's own queries."""

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from geodata.rebalance import units as base_units
from geodata.rebalance.units import Units

METRES = 4544


def units_in(session: Session, first: int = 0, last: int = 10**15) -> Units:
    """The units in force whose communities lie in a range of codes, in EPSG:4544."""
    rows = session.execute(
        text("""SELECT unit_id, community_code, cell_code, households, incidents, street_block,
                       locked, ST_AsBinary(geom) AS wkb FROM base_unit
                WHERE upper_inf(valid) AND community_code BETWEEN :first AND :last"""),
        {"first": first, "last": last},
    ).all()
    shapes = gpd.GeoSeries(shapely.from_wkb([bytes(row.wkb) for row in rows]), crs=4326)
    names = ("unit_id", "community_code", "cell_code", "households", "incidents", "street_block",
             "locked")  # fmt: skip
    columns = {name: np.array([getattr(row, name) for row in rows]) for name in names}
    return base_units.make(**columns, geometry=np.asarray(shapes.to_crs(METRES).array))

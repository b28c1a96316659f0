"""SQL of publishing: closing what is redrawn, opening what takes its place. Runs as the house.

`at` is the instant (UTC) of the publication: rows that end do so then, rows that begin do so then.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from geodata.rebalance.units import FloatArray, IntArray

GeometryArray = NDArray[np.object_]
Rows = Sequence[Row[Any]]


class UnitsInForce(NamedTuple):
    """Units side by side, ordered by cell; `geometry` in EPSG:4326."""

    cell_code: IntArray
    households: FloatArray
    geometry: GeometryArray


class Outlines(NamedTuple):
    """Cells in force side by side, ordered by code; `geometry` in EPSG:4326."""

    area_id: IntArray
    code: IntArray
    geometry: GeometryArray


def move_units(session: Session, plan_id: int, at: datetime) -> None:
    """Let every unit that a plan moves lie in its new cell from now on; its past stays."""
    words = {"plan_id": plan_id, "at": at}
    session.execute(
        text(
            "UPDATE base_unit b SET valid = tstzrange(lower(b.valid), :at) FROM plan_move m"
            " WHERE m.plan_id = :plan_id AND b.unit_id = m.unit_id AND upper_inf(b.valid)"
        ),
        words,
    )
    session.execute(
        text(
            "INSERT INTO base_unit (unit_id, community_code, cell_code, households, incidents,"
            "  street_block, locked, geom, valid)"
            " SELECT b.unit_id, b.community_code, m.cell_code, b.households, b.incidents,"
            "  b.street_block, b.locked, b.geom, tstzrange(:at, NULL)"
            " FROM base_unit b JOIN plan_move m ON m.unit_id = b.unit_id"
            " WHERE m.plan_id = :plan_id AND upper(b.valid) = :at"
        ),
        words,
    )


def units_of(session: Session, cells: Iterable[int]) -> UnitsInForce:
    """The units of cells as they lie now."""
    rows = session.execute(
        text(
            "SELECT cell_code, households, ST_AsBinary(geom) AS geom FROM base_unit"
            " WHERE cell_code = ANY (:cells) AND upper_inf(valid) ORDER BY cell_code, unit_id"
        ),
        {"cells": list(cells)},
    ).all()
    return UnitsInForce(
        np.array([row.cell_code for row in rows], dtype=np.int64),
        np.array([row.households for row in rows], dtype=np.float64),
        _geometries([row.geom for row in rows]),
    )


def strange_cells(session: Session, communities: Sequence[int]) -> list[int]:
    """Cells in force of communities that have no units, and cells of units that are not in force.

    There are some where cells were imported and their units were not.
    """
    found = session.scalars(
        text(
            "SELECT coalesce(a.code, u.code) FROM"
            " (SELECT code FROM area WHERE level = 'cell' AND upper_inf(valid)"
            "   AND parent_code = ANY (:communities)) a"
            " FULL JOIN (SELECT DISTINCT cell_code AS code FROM base_unit"
            "   WHERE community_code = ANY (:communities) AND upper_inf(valid)) u USING (code)"
            " WHERE a.code IS NULL OR u.code IS NULL ORDER BY 1"
        ),
        {"communities": list(communities)},
    )
    return list(found)


def cells_in_force(session: Session, cells: Iterable[int]) -> Rows:
    """What is said of cells: `code`, `name`, `name_en`, `kind`, `households`, `residents`,
    `locked`; in order."""
    return session.execute(
        text(
            "SELECT code, name, name_en, kind, households, residents, locked FROM area"
            " WHERE code = ANY (:cells) AND upper_inf(valid) ORDER BY code"
        ),
        {"cells": list(cells)},
    ).all()


def close_cells(session: Session, cells: Iterable[int], at: datetime) -> None:
    """End cells and their shapes."""
    words = {"cells": list(cells), "at": at}
    ending = (
        "SET valid = tstzrange(lower(valid), :at)"
        " WHERE level = 'cell' AND code = ANY (:cells) AND upper_inf(valid)"
    )
    session.execute(text(f"UPDATE area_shape {ending}"), words)
    session.execute(text(f"UPDATE area {ending}"), words)


def close_shapes(session: Session, zoom: int, cells: Sequence[int], at: datetime) -> None:
    """End shapes of cells at a zoom."""
    session.execute(
        text(
            "UPDATE area_shape SET valid = tstzrange(lower(valid), :at)"
            " WHERE level = 'cell' AND code = ANY (:cells) AND zoom = :zoom AND upper_inf(valid)"
        ),
        {"zoom": zoom, "cells": list(cells), "at": at},
    )


def end_assignments(session: Session, cells: Iterable[int], at: datetime) -> None:
    """End what anybody answers for in cells that are no more."""
    session.execute(
        text(
            "UPDATE assignment SET valid = tstzrange(lower(valid), :at)"
            " WHERE area_code = ANY (:cells) AND valid @> CAST(:at AS timestamptz)"
        ),
        {"cells": list(cells), "at": at},
    )


def neighbours(session: Session, cells: Iterable[int]) -> list[int]:
    """Cells in force, and all that touch them, at a corner too."""
    found = session.scalars(
        text(
            "SELECT DISTINCT near.code FROM area own JOIN area near"
            " ON near.level = 'cell' AND near.geom && own.geom AND upper_inf(near.valid)"
            "  AND ST_Intersects(near.geom, own.geom)"
            " WHERE own.level = 'cell' AND own.code = ANY (:cells) AND upper_inf(own.valid)"
            " ORDER BY near.code"
        ),
        {"cells": list(cells)},
    )
    return list(found)


def outlines(session: Session, cells: Iterable[int]) -> Outlines:
    """Full outlines of cells in force."""
    rows = session.execute(
        text(
            "SELECT id, code, ST_AsBinary(geom) AS geom FROM area"
            " WHERE level = 'cell' AND code = ANY (:cells) AND upper_inf(valid) ORDER BY code"
        ),
        {"cells": list(cells)},
    ).all()
    return Outlines(
        np.array([row.id for row in rows], dtype=np.int64),
        np.array([row.code for row in rows], dtype=np.int64),
        _geometries([row.geom for row in rows]),
    )


def shapes_in_force(session: Session, zoom: int, cells: Sequence[int]) -> dict[int, bytes]:
    """Shapes of cells for tiles of a zoom, EPSG:3857, as WKB, by code."""
    rows = session.execute(
        text(
            "SELECT code, ST_AsBinary(geom) AS geom FROM area_shape"
            " WHERE level = 'cell' AND code = ANY (:cells) AND zoom = :zoom AND upper_inf(valid)"
        ),
        {"zoom": zoom, "cells": list(cells)},
    )
    return {row.code: bytes(row.geom) for row in rows}


def _geometries(wkb: list[Any]) -> GeometryArray:
    shapes: GeometryArray = np.array(shapely.from_wkb([bytes(one) for one in wkb]), dtype=object)
    return shapes

"""Rows of new areas and their outlines, Arrow in, Arrow out: for whoever draws boundaries anew."""

from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.core.copying import as_hex, as_multi, same
from geodata import codes
from geodata.ground import area_m2, label_points

AREA_COLUMNS = (
    "code", "level", "parent_code", "name", "name_en", "kind", "households", "residents", "locked",
)  # fmt: skip


def since(at: datetime) -> str:
    """The range from `at` on, without end, as PostgreSQL writes it."""
    return f"[{at.isoformat()},)"


def area_rows(areas: pa.Table, shapes: NDArray[np.object_], first_id: int, valid: str) -> pa.Table:
    """Rows of `area`.

    Args:
        areas: with AREA_COLUMNS.
        shapes: (n,) Polygon or MultiPolygon, EPSG:4326.
        first_id: of the first row; the others follow.
        valid: the range of all of them.
    """
    code = areas.column("code").to_numpy()
    spans = np.array([level.span for level in codes.LEVELS])[codes.ranks_of(code)]
    return pa.table(
        {
            "id": pa.array(np.arange(first_id, first_id + len(code))),
            **{name: areas.column(name) for name in AREA_COLUMNS},
            "area_m2": pa.array(area_m2(shapes)),
            "label": as_hex(label_points(shapes), 4326),
            "geom": as_hex(as_multi(shapes), 4326),
            "lo": areas.column("code"),
            "hi": pa.array(code + spans - 1),
            "valid": same(valid, len(code)),
        }
    )


def shape_rows(
    shapes: pa.Table, geometries: NDArray[np.object_], areas: pa.Table, valid: str
) -> pa.Table:
    """Rows of `area_shape`.

    Args:
        shapes: code, level, zoom.
        geometries: (n,) in EPSG:3857.
        areas: the rows of `area` to which they belong.
        valid: the range of all of them.

    Raises:
        ValueError: a shape of an area that is not among `areas`.
    """
    row = pc.index_in(shapes.column("code"), value_set=areas.column("code").combine_chunks())
    if row.null_count:
        raise ValueError("a shape belongs to no area")
    return pa.table(
        {
            "area_id": areas.column("id").take(row),
            "zoom": shapes.column("zoom"),
            "level": shapes.column("level"),
            "code": shapes.column("code"),
            "geom": as_hex(as_multi(geometries), 3857),
            "valid": same(valid, shapes.num_rows),
        }
    )

"""Outlines of a plan's cells, and of today's, dissolved from base units."""

from typing import Any, NamedTuple

import numpy as np
import orjson
import shapely
from sqlalchemy.orm import Session

from app.core.errors import invalid
from app.planning.drafts import service as drafts
from app.planning.drafts.service import Draft
from app.planning.figures import service as figures
from app.planning.figures.bench import in_degrees
from app.planning.models import Plan
from geodata import codes
from geodata.codes import Level
from geodata.coverage import dissolve
from geodata.rebalance import measures
from geodata.rebalance.units import BoolArray, FloatArray, GeometryArray, IntArray


class Outlines(NamedTuple):
    """Cells side by side, by code.

    Attributes:
        changed: whether the plan changes the cell's units.
        geometry: Polygon (MultiPolygon for one in pieces), EPSG:4326, outer rings against the
            clock.
    """

    code: IntArray
    changed: BoolArray
    load: FloatArray
    deviation: FloatArray
    households: FloatArray
    geometry: GeometryArray


def outlines_of(draft: Draft, cells: IntArray) -> Outlines:
    """The cells of a draft, or of its base, with their outlines.

    Args:
        cells: (n,) the cell of each unit.
    """
    found = measures.cells_of(draft.units, draft.borders, cells)
    shapes = in_degrees(dissolve(draft.units.geometry, cells))
    return Outlines(
        found.code, np.isin(found.code, figures.changed_cells(draft)), found.load,
        found.deviation, found.households, shapely.orient_polygons(shapes),
    )  # fmt: skip


def outline_json(session: Session, plan: Plan, area_code: int | None) -> bytes:
    """The outlines of the plan's cells and of today's as the text of a FeatureCollection.

    Raises:
        Problem: 422 on `area`: it is more than a subdistrict, or not in the plan.
    """
    area = area_code or plan.area_code
    if codes.level_of(area).rank < Level.SUBDISTRICT.rank:
        raise invalid("area", "must be a subdistrict or a community")
    draft = drafts.in_area(session, plan, area)
    every = np.union1d(draft.cells, draft.base)
    name = figures.names(session, plan.base_at, every)
    features = [
        feature
        for kind, cells in (("today", draft.base), ("draft", draft.cells))
        for feature in _features(outlines_of(draft, cells), kind, name)
    ]
    return orjson.dumps(
        {"type": "FeatureCollection", "revision": draft.revision, "features": features}
    )


def _features(found: Outlines, kind: str, name: dict[int, str]) -> list[dict[str, Any]]:
    texts = shapely.to_geojson(found.geometry)
    columns = (found.code, found.changed, found.load, found.deviation, found.households)
    rows = zip(*(column.tolist() for column in columns), texts.tolist(), strict=True)
    return [
        {
            "type": "Feature",
            "id": f"{kind}-{code}",
            "geometry": orjson.Fragment(text),
            "properties": {
                "kind": kind, "code": code, "name": name[code], "changed": changed, "load": load,
                "deviation": deviation, "households": households,
            },
        }
        for code, changed, load, deviation, households, text in rows
    ]  # fmt: skip

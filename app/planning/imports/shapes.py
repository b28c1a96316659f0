"""What is wrong with a drawing, as shapes to be laid over the map."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.planning.drafts.ground import METRES
from geodata import crs
from geodata.rebalance.drawn import Kind, Trouble

MOST_OF_A_KIND = 300
MOST_NAMED = 50
MOST_CORNERS = 2_000
COARSE_M = 1.0
WORDS = {
    Kind.GAP: "gap",
    Kind.OVERLAP: "overlap",
    Kind.CUT: "sliver",
    Kind.FOREIGN: "foreign",
    Kind.OUTSIDE: "outside",
}


def features_of(troubles: Iterable[Trouble]) -> dict[str, Any]:
    """A GeoJSON FeatureCollection (EPSG:4326), the largest of each kind.

    Args:
        troubles: in EPSG:4544, the largest of each kind first.
    """
    every = list(troubles)
    chosen = [
        one
        for kind in Kind
        for one in islice((each for each in every if each.kind is kind), MOST_OF_A_KIND)
    ]
    return {"type": "FeatureCollection", "features": [_feature(one) for one in chosen]}


def _feature(trouble: Trouble) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {
            "kind": WORDS[trouble.kind],
            "area_m2": round(trouble.area_m2, 1),
            "cells": list(trouble.cells[:MOST_NAMED]),
            "units": list(trouble.units[:MOST_NAMED]),
        },
        "geometry": {"type": "MultiPolygon", "coordinates": _rings(trouble.where)},
    }


def _rings(where: BaseGeometry) -> list[list[list[list[float]]]]:
    if shapely.get_num_coordinates(where) > MOST_CORNERS:
        where = shapely.simplify(where, COARSE_M)
    moved = shapely.transform(
        where, lambda xy: np.column_stack(crs.to_wgs84(xy[:, 0], xy[:, 1], METRES))
    )
    return [
        [_corners(ring) for ring in (part.exterior, *part.interiors)]
        for part in shapely.get_parts(moved)
        if isinstance(part, shapely.Polygon)
    ]


def _corners(ring: BaseGeometry) -> list[list[float]]:
    corners: list[list[float]] = np.round(shapely.get_coordinates(ring), 7).tolist()
    return corners

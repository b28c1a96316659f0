"""GeoJSON, read strictly: what RFC 7946 does not allow is named, row by row."""

import json
import math
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from app.files.job import FileRefused
from app.files.table import RawTable, Wanted

MOST_BYTES = 400 * 2**20
_NUMBERS = (int, float)
_WGS84_NAMES = ("urn:ogc:def:crs:ogc:1.3:crs84", "urn:ogc:def:crs:ogc::crs84", "ogc:crs84")


def read(path: Path, wanted: Wanted) -> RawTable:
    """The features of a FeatureCollection, or the one Feature, with the wanted properties.

    Raises:
        FileRefused: not JSON, or no features.
    """
    if path.stat().st_size > MOST_BYTES:
        raise FileRefused(
            f"The GeoJSON is larger than {MOST_BYTES // 2**20} MB; send it as GeoPackage."
        )
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except RecursionError:
        raise FileRefused("The JSON is nested too deeply to be a map.") from None
    except UnicodeDecodeError:
        raise FileRefused("The GeoJSON is not UTF-8, which RFC 7946 asks for.") from None
    except ValueError as error:
        raise FileRefused(f"The file is not JSON: {error}.") from None
    features = _features(document)
    geometries = np.full(len(features), None, dtype=object)
    faults: dict[int, str] = {}
    for index, feature in enumerate(features):
        try:
            geometries[index] = _geometry(feature)
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            faults[index] = str(error)
    rows = [_properties(feature) for feature in features]
    names = list(dict.fromkeys(chain.from_iterable(rows)))
    return RawTable(
        numbers=np.arange(1, len(features) + 1),
        columns={name: [row.get(name) for row in rows] for name in names if wanted(name)},
        names=names,
        geometries=geometries,
        faults=faults,
        carried_crs=_crs(document),
    )


def _features(document: Any) -> list[Any]:
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "FeatureCollection" and isinstance(document.get("features"), list):
        features: list[Any] = document["features"]
        return features
    if kind == "Feature":
        return [document]
    if kind == "Topology":
        raise FileRefused("The file is TopoJSON; GeoJSON is needed.")
    raise FileRefused("The JSON is no FeatureCollection with features.")


def _crs(document: dict[str, Any]) -> str | None:
    """What the old `crs` member says, as a name that pyproj knows."""
    member = document.get("crs")
    if member is None:
        return None
    name = member.get("properties", {}).get("name") if isinstance(member, dict) else None
    if not isinstance(name, str):
        raise FileRefused("The crs member names no coordinate system; leave it out or name one.")
    return "EPSG:4326" if name.lower() in _WGS84_NAMES else name


def _properties(feature: Any) -> dict[str, Any]:
    found = feature.get("properties") if isinstance(feature, dict) else None
    return found if isinstance(found, dict) else {}


def _geometry(feature: Any) -> Any:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise ValueError("is not a Feature")
    geometry = feature.get("geometry")
    if geometry is None:
        return None
    if not isinstance(geometry, dict):
        raise ValueError("geometry is not an object")
    coordinates = geometry.get("coordinates")
    match geometry.get("type"):
        case "Point":
            return shapely.points(_positions([coordinates])[0])
        case "Polygon":
            return _polygon(coordinates)
        case "MultiPolygon":
            parts = [_polygon(part) for part in _list(coordinates, "polygons")]
            return shapely.multipolygons(parts)
        case other:
            raise ValueError(f"is a {str(other)[:40]}, which is not asked for here")


def _polygon(coordinates: Any) -> Any:
    rings = [_ring(ring) for ring in _list(coordinates, "rings")]
    return shapely.polygons(rings[0], rings[1:] or None)


def _ring(ring: Any) -> Any:
    positions = _positions(_list(ring, "positions"))
    if len(positions) < 4:
        raise ValueError(f"a ring has {len(positions)} positions, at least 4 are needed")
    if not np.array_equal(positions[0], positions[-1]):
        raise ValueError("a ring is not closed: its last position must be its first")
    return shapely.linearrings(positions)


def _list(value: Any, of: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"coordinates hold no list of {of}")
    return value


def _positions(values: list[Any]) -> Any:
    for index, position in enumerate(values):
        if not isinstance(position, list) or len(position) not in (2, 3):
            raise ValueError(f"position {index + 1} is not [lon, lat] or [lon, lat, height]")
        # type(), because True is an int as well; and 10**400 is an int that no float holds.
        if not all(type(number) in _NUMBERS for number in position):
            raise ValueError(f"position {index + 1} holds something that is not a number")
        if not (math.isfinite(position[0]) and math.isfinite(position[1])):
            raise ValueError(f"position {index + 1} is not finite")
    return np.array([position[:2] for position in values], dtype=np.float64)

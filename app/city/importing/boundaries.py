"""Writing new boundaries: one level at a time, under a new boundary version."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.city.importing import mosaic, queries
from app.city.importing.drawn import GeometryArray
from app.city.importing.work import Work
from app.core.copying import copy_table
from app.core.db import driver_of
from app.places import rows as area_rows
from app.places import versions
from geodata import codes, shapes
from geodata.codes import Level


@dataclass(frozen=True)
class NewAreas:
    """Areas of one level, as a file brings them; all of the same length.

    Attributes:
        index: each one's place in the file; -1 for one that we made ourselves.
        code, name, name_en, kind, households, residents, locked: as in the table `area`.
        geometries: Polygon or MultiPolygon, EPSG:4326.
    """

    index: NDArray[np.int64]
    code: NDArray[np.int64]
    name: list[str]
    name_en: list[str | None]
    kind: list[str]
    households: list[int]
    residents: list[int]
    locked: list[bool]
    geometries: GeometryArray


def refuse_overlaps(work: Work, areas: NewAreas) -> None:
    """Refuse areas of one level that cover the same ground."""
    for overlap in mosaic.overlaps(areas.geometries):
        first, second = areas.code[overlap.first], areas.code[overlap.second]
        work.refuse(
            int(areas.index[overlap.second]),
            "geometry",
            f"{second} overlaps {first} by {overlap.area_m2:,.0f} m²",
        )


@dataclass(frozen=True)
class PreparedLevel:
    """Areas of one level in the order of their codes, with everything that is computed of them.

    Attributes:
        level: of all of them.
        plain: a row each, without outline.
        geometries: (n,) Polygon or MultiPolygon, EPSG:4326.
        shapes: a row for each area and zoom: `code`, `level`, `zoom`.
        outlines: (rows of `shapes`,) simplified, EPSG:3857.
    """

    level: Level
    plain: pa.Table
    geometries: GeometryArray
    shapes: pa.Table
    outlines: GeometryArray


def prepare_level(work: Work, level: Level, areas: NewAreas) -> PreparedLevel:
    """Compute what is to be written of a level; asks the database nothing."""
    order = np.argsort(areas.code, kind="stable")
    geometries = areas.geometries[order]
    code = areas.code[order]
    plain = pa.table(
        {
            "code": code,
            "level": pa.repeat(level.value, len(code)),
            "parent_code": pa.array([codes.parent_of(int(one)) for one in code], pa.int64()),
            **{
                name: pa.array([getattr(areas, name)[row] for row in order])
                for name in ("name", "name_en", "kind", "households", "residents", "locked")
            },
        }
    )
    work.progress.step("prepare shapes", 0, 1)
    frame = gpd.GeoDataFrame(
        {"code": code, "level": level.value}, geometry=geometries, crs="EPSG:4326"
    )
    drawn = shapes.for_zooms(frame, shapes.zooms_of(level))
    table = pa.table({name: drawn[name].to_numpy() for name in ("code", "level", "zoom")})
    work.progress.step("prepare shapes", 1, 1)
    return PreparedLevel(level, plain, geometries, table, drawn.geometry.to_numpy())


def write_level(work: Work, prepared: PreparedLevel) -> None:
    """Close what the level held and open these areas in its place."""
    session, level = work.session, prepared.level
    is_first = not queries.has_level(session, level)
    valid = area_rows.since(queries.opening(session) if is_first else work.now)
    queries.close_areas(session, level, work.now)
    first = versions.first_free_id(session, "area")
    content = area_rows.area_rows(prepared.plain, prepared.geometries, first, valid)
    driver = driver_of(session)
    copy_table(driver, "area", content)
    shape_rows = area_rows.shape_rows(prepared.shapes, prepared.outlines, content, valid)
    copy_table(driver, "area_shape", shape_rows)
    work.report.written += prepared.plain.num_rows


def open_version(work: Work, note: str) -> None:
    """Begin a new state of all boundaries now."""
    version = versions.next_boundary_version(work.session, work.now)
    versions.close_boundary_version(work.session, work.now)
    versions.write_boundary_version(work.session, version, area_rows.since(work.now), note)

"""Writing new boundaries: one level at a time, under a new boundary version."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.city.importing import mosaic, queries
from app.city.importing.work import GeometryArray, Work
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


def write_level(work: Work, level: Level, areas: NewAreas) -> None:
    """Close what the level held and open these areas in its place."""
    session = work.session
    is_first = not queries.has_level(session, level)
    valid = area_rows.since(queries.opening(session) if is_first else work.now)
    queries.close_areas(session, level, work.now)
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
    content = area_rows.area_rows(plain, geometries, versions.first_free_id(session, "area"), valid)
    driver = driver_of(session)
    copy_table(driver, "area", content)
    work.progress.step("prepare shapes", 0, 1)
    frame = gpd.GeoDataFrame(
        {"code": code, "level": level.value}, geometry=geometries, crs="EPSG:4326"
    )
    drawn = shapes.for_zooms(frame, shapes.zooms_of(level))
    table = pa.table({name: drawn[name].to_numpy() for name in ("code", "level", "zoom")})
    copy_table(
        driver, "area_shape", area_rows.shape_rows(table, drawn.geometry.to_numpy(), content, valid)
    )
    work.progress.step("prepare shapes", 1, 1)
    work.report.written += len(code)


def open_version(work: Work, note: str) -> None:
    """Begin a new state of all boundaries now."""
    version = versions.next_boundary_version(work.session, work.now)
    versions.close_boundary_version(work.session, work.now)
    versions.write_boundary_version(work.session, version, area_rows.since(work.now), note)

"""Tiles and GeoJSON of base units, decoded by a third party and held against plain SQL."""

from collections.abc import Iterator

import psycopg
import pytest
import shapely
from sqlalchemy import URL, text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import conninfo, reading, writing
from app.core.scope import Scope
from app.identity.rules import Role
from app.main import create_app
from app.maps import geojson
from tests import staff
from tests.app.maps import picture
from tests.waiting import wait_until
from tiles import vector

UNITS = """
SELECT unit_id, cell_code, ST_AsBinary(ST_Transform(geom, 3857)) FROM base_unit
WHERE upper_inf(valid)
"""


@pytest.fixture(scope="module")
def units(city_database: URL) -> dict[int, tuple[int, shapely.Geometry]]:
    """Cell and outline (EPSG:3857) of every unit."""
    found = picture.rows(city_database, UNITS)
    return {unit: (cell, shapely.from_wkb(bytes(wkb))) for unit, cell, wkb in found}


@pytest.fixture(scope="module")
def place(city_database: URL) -> tuple[float, float]:
    """The middle of an ordinary cell: lon, lat."""
    query = (
        "SELECT ST_X(label), ST_Y(label) FROM published.area WHERE level = 'cell'"
        " ORDER BY md5(code::text) LIMIT 1"
    )
    lon, lat = picture.rows(city_database, query)[0]
    return lon, lat


@pytest.mark.parametrize("zoom", [13, 14, 15, 17])
def test_tiles_hold_the_units_that_meet_them(
    client: TestClient,
    units: dict[int, tuple[int, shapely.Geometry]],
    place: tuple[float, float],
    zoom: int,
) -> None:
    """Each once, with its cell."""
    tile = picture.tile_at(*place, zoom)
    found = [one["properties"] for one in picture.features(client, "units", tile)]
    assert all(one.keys() == {"id", "c"} for one in found)
    assert all(units[one["id"]][0] == one["c"] for one in found)
    inner, outer = picture.tile_box(tile), picture.tile_box(tile, 65 / 4096)
    unit_m2 = (inner.length / 4 / 4096) ** 2
    must = {u for u, (_, g) in units.items() if g.intersection(inner).area > 4 * unit_m2}
    may = {u for u, (_, g) in units.items() if g.intersects(outer)}
    ids = [one["id"] for one in found]
    assert must <= set(ids) <= may
    assert len(ids) == len(set(ids)) > 0


def test_far_tiles_are_empty(client: TestClient, place: tuple[float, float]) -> None:
    """Far away cells are looked at, not units."""
    assert picture.fetch(client, "units", picture.tile_at(*place, 12)).status_code == 204


def test_a_version_stays(own_client: TestClient, own_context: Context) -> None:
    """Under its number a tile is of that version for ever; without it, of now."""
    with writing(own_context.engine) as session:
        unit, cell, version, lon, lat = session.execute(
            text("""SELECT unit_id, cell_code, (SELECT id FROM boundary_version), ST_X(p), ST_Y(p)
                    FROM base_unit, ST_PointOnSurface(geom) p ORDER BY unit_id LIMIT 1""")
        ).one()
        tile = picture.tile_at(lon, lat, 15)
        before = own_client.get("/tiles/units/{}/{}/{}.mvt".format(*tile), params={"v": version})
        assert before.headers["cache-control"] == "private, no-cache"
        session.execute(
            text("""WITH gone AS (
                        UPDATE boundary_version SET valid = tstzrange(lower(valid), now())
                        WHERE upper_inf(valid)
                    ), ended AS (
                        UPDATE base_unit SET valid = tstzrange(lower(valid), now())
                        WHERE unit_id = :unit RETURNING *
                    )
                    INSERT INTO base_unit (unit_id, community_code, cell_code, households,
                        incidents, street_block, locked, geom, valid)
                    SELECT unit_id, community_code, cell_code + 1, households, incidents,
                        street_block, locked, geom, tstzrange(now(), NULL) FROM ended"""),
            {"unit": unit},
        )
    with writing(own_context.engine) as session:
        session.execute(
            text("""INSERT INTO boundary_version (id, valid, note)
                    SELECT id + 1, tstzrange(upper(valid), NULL), '' FROM boundary_version""")
        )

    def cell_of(**words: int) -> int:
        found = picture.features(own_client, "units", tile, **words)
        return next(one["properties"]["c"] for one in found if one["properties"]["id"] == unit)

    wait_until(lambda: cell_of() == cell + 1)
    assert cell_of(v=version) == cell
    assert cell_of(v=version + 1) == cell + 1


def test_the_index_finds_them(own_context: Context) -> None:
    """However many units there are, a tile looks at those in its window."""
    engine = own_context.engine
    with writing(engine) as session:
        session.execute(text("ANALYZE base_unit"))
        z, x, y = picture.tile_at(*session.execute(
            text("SELECT ST_X(p), ST_Y(p) FROM base_unit, ST_PointOnSurface(geom) p LIMIT 1")
        ).one(), 16)  # fmt: skip
    token = staff.headers_of(engine)["Cookie"].partition("=")[2]
    with reading(own_context.request_engine, Scope(0, 10**15, token)) as session:
        plan = "\n".join(
            session.scalars(
                text(f"EXPLAIN SELECT * FROM tiles.units({z}, {x}, {y}, now(), 0, {10**15})")
            )
        )
    assert "base_unit_geom" in plan, plan


def test_units_as_geojson(client: TestClient, city_database: URL) -> None:
    """The fields of the definition, of an area and a window, counted."""
    area = 620_111_001_000_000
    with psycopg.connect(conninfo(city_database)) as connection:
        expected = connection.execute(
            "SELECT unit_id, cell_code, community_code, households, incidents, locked, area_m2"
            " FROM (SELECT *, ST_Area(geom::geography) AS area_m2 FROM base_unit) u"
            " WHERE cell_code BETWEEN %s AND %s ORDER BY unit_id",
            (area, area + 999_999),
        ).fetchall()
    said = client.get("/api/v1/layers/units.geojson", params={"area": area, "limit": 50}).json()
    assert (said["numberMatched"], said["numberReturned"]) == (len(expected), 50)
    for feature, row in zip(said["features"], expected, strict=False):
        assert feature["id"] == row[0]
        names = ("unit_id", "cell_code", "community_code", "households", "incidents", "locked")
        assert feature["properties"] == dict(zip(names, row, strict=False))
        assert shapely.geometry.shape(feature["geometry"]).is_valid


@pytest.fixture
def dispatcher(own_context: Context) -> Iterator[TestClient]:
    """Somebody who does not plan."""
    staff.add_account(own_context.engine, "somebody", Role.DISPATCHER, 620_111_000_000_000)
    with TestClient(create_app(own_context), base_url="http://127.0.0.1") as client:
        staff.sign_in(client, "somebody")
        yield client


def test_units_are_for_planners(dispatcher: TestClient, place: tuple[float, float]) -> None:
    """Others see cells."""
    assert picture.fetch(dispatcher, "units", picture.tile_at(*place, 15)).status_code == 403
    assert dispatcher.get("/api/v1/layers/units.geojson").status_code == 403


MINE, FOREIGN = 620_111_001_000_000, 620_111_101_000_000
"""Two subdistricts."""


def _unit_places(context: Context, area: int) -> tuple[float, float]:
    with reading(context.engine) as session:
        lon, lat = session.execute(
            text("""SELECT ST_X(p), ST_Y(p) FROM base_unit, ST_PointOnSurface(geom) p
                    WHERE cell_code BETWEEN :lo AND :hi AND upper_inf(valid) LIMIT 1"""),
            {"lo": area, "hi": area + 999_999},
        ).one()
    return lon, lat


def _told(client: TestClient, context: Context) -> set[int]:
    """Cells of all units that tiles and GeoJSON tell of, there and here."""
    cells = set()
    for area in (MINE, FOREIGN):
        tile = picture.tile_at(*_unit_places(context, area), 15)
        cells |= {one["properties"]["c"] for one in picture.features(client, "units", tile)}
        said = client.get("/api/v1/layers/units.geojson", params={"area": area, "limit": 50})
        cells |= {one["properties"]["cell_code"] for one in said.json()["features"]}
    return cells


def _is_mine(cell: int) -> bool:
    return MINE <= cell <= MINE + 999_999


def test_a_streets_planner_sees_the_units_of_the_street(
    own_client: TestClient, own_context: Context
) -> None:
    """On the map and taken out; also where somebody who sees more has looked at the same tile."""
    staff.add_account(own_context.engine, "street_planner", Role.PLANNER, MINE)
    assert {_is_mine(cell) for cell in _told(own_client, own_context)} == {True, False}
    staff.sign_in(own_client, "street_planner")
    told = _told(own_client, own_context)
    assert told and all(map(_is_mine, told))
    staff.sign_in(own_client)
    assert {_is_mine(cell) for cell in _told(own_client, own_context)} == {True, False}


@pytest.mark.parametrize("left", ["app", "database"])
def test_each_filter_of_units_alone_is_enough(
    own_context: Context, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    """The query's without the database's, and the other way round; without both it leaks."""
    engine = own_context.engine
    everything = (0, 10**15)
    staff.add_account(engine, "street_planner", Role.PLANNER, MINE)

    def no_app_filter() -> None:
        built = vector.units_query
        monkeypatch.setattr(vector, "units_query", lambda tile, at, _: built(tile, at, everything))
        monkeypatch.setattr(geojson, "narrowed", lambda asked, _: asked)

    def no_database_filter() -> None:
        with writing(engine) as session:
            session.execute(text("CREATE OR REPLACE VIEW published.base_unit WITH"
                                 " (security_invoker = true) AS SELECT unit_id, community_code,"
                                 " cell_code, households, incidents, street_block, locked, geom,"
                                 " valid FROM base_unit"))  # fmt: skip

    def leaks() -> bool:
        with TestClient(create_app(own_context), base_url="http://127.0.0.1") as client:
            staff.sign_in(client, "street_planner")
            told = _told(client, own_context)
        assert told
        return not all(map(_is_mine, told))

    first, second = no_app_filter, no_database_filter
    if left == "app":
        first, second = second, first
    first()
    assert not leaks()
    second()
    assert leaks()

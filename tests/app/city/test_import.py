"""A city's own files through every importer."""

import csv
import uuid
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from app.city import service
from app.city.importing.report import ImportReport
from app.core.clock import utc_now
from geodata import crs
from tests.app.city.samples import Importer, Samples
from tests.app.city.test_loading import ask, contents
from tests.app.maps import picture
from tests.app.planning import hand
from tests.waiting import wait_until

CURRENT_VERSION = "SELECT id FROM boundary_version WHERE upper_inf(valid)"


def reasons(report: ImportReport) -> str:
    """Everything that speaks against a file, as one text."""
    return "\n".join(
        [*report.problems, *(f"{r.row} {r.field} {r.reason}" for r in report.refusals)]
    )


def moved(frame: gpd.GeoDataFrame, system: crs.Crs) -> gpd.GeoDataFrame:
    """The frame with its coordinates written in another system, without saying so."""
    geometries = shapely.transform(
        frame.geometry.to_numpy(),
        lambda xy: np.column_stack(crs.from_wgs84(xy[:, 0], xy[:, 1], system)),
    )
    return frame.set_geometry(gpd.GeoSeries(geometries, index=frame.index))


def test_a_real_city_grows_from_nothing(empty_engine: Engine, samples: Samples) -> None:
    take = Importer(empty_engine)
    assert take("areas", samples.shapefile(samples.areas, encoding="gbk")).written == 65
    assert take("cells", samples.geopackage(samples.cells.to_crs(4544))).written == 336
    units = take("units", samples.geopackage(samples.units))
    assert units.written == len(samples.units), reasons(units)
    stations = samples.stations.drop(columns="geometry")
    assert take("stations", samples.csv(stations), crs="wgs84").written == len(stations)
    assert take("incidents", samples.xlsx(samples.cases(50)), crs="wgs84").written == 50
    status = service.city_status(empty_engine, utc_now())
    assert status is not None
    assert not status.demo
    assert status.areas == {
        "city": 1, "district": 1, "subdistrict": 7, "community": 56, "cell": 336
    }  # fmt: skip
    assert (status.incidents, status.open_incidents, status.stations) == (50, 50, len(stations))
    for level, zooms in (("cell", 8), ("community", 8), ("district", 9), ("city", 9)):
        shapes = "SELECT count(*) FROM area_shape WHERE level = :level"
        areas = "SELECT count(*) FROM area WHERE level = :level"
        expected = zooms * ask(empty_engine, areas, level=level)
        assert ask(empty_engine, shapes, level=level) == expected
    assert ask(empty_engine, "SELECT count(*) FROM category") > 80
    assert ask(empty_engine, "SELECT count(*) FROM incident_event WHERE step = 'report'") == 50
    assert ask(empty_engine, "SELECT count(*) FROM report_receipt") == 50


@pytest.mark.parametrize(
    ("write", "system"),
    [
        ("geojson", "gcj02"),
        ("geopackage", "EPSG:4523"),  # a zone with its number in the easting
        ("shapefile", "bd09"),
    ],
)
def test_cells_arrive_from_every_format_in_every_system(
    take: Importer, samples: Samples, write: str, system: str
) -> None:
    known = crs.parse(system)
    frame = moved(samples.cells, known)
    frame = frame.set_crs(known.epsg or 4326, allow_override=True)
    report = take("cells", getattr(samples, write)(frame), crs=system)
    assert report.written == 336, reasons(report)
    before, after = [
        shapely.from_wkb(
            ask(take.engine, "SELECT ST_AsBinary(ST_Collect(geom ORDER BY code)) FROM area"
                f" WHERE level = 'cell' AND {which} upper_inf(valid)")
        )
        for which in ("NOT", "")
    ]  # fmt: skip
    assert shapely.hausdorff_distance(before, after) < 1e-8


def test_gbk_texts_arrive(take: Importer, samples: Samples) -> None:
    cells = "SELECT count(*) FROM area WHERE level = 'cell' AND upper_inf(valid)"
    for path, declared in (
        (samples.shapefile(samples.cells, "gbk"), {}),
        (samples.shapefile(samples.cells, "gbk", without=(".cpg",)), {"encoding": "gbk"}),
    ):
        report = take("cells", path, **declared)
        assert report.written == 336, reasons(report)
        assert ask(take.engine, f"{cells} AND name LIKE '%第%网格'") == 336
    stations = samples.stations.drop(columns="geometry")
    report = take("stations", samples.csv(stations, "gbk"), crs="wgs84", encoding="GBK")
    assert report.written == len(stations), reasons(report)
    assert ask(take.engine, "SELECT name FROM station WHERE kind = 'city_centre'").startswith(
        "兰州"
    )


def test_wrong_encodings_are_refused(take: Importer, samples: Samples) -> None:
    stations = samples.stations.drop(columns="geometry")
    report = take("stations", samples.csv(stations, "gbk"), crs="wgs84")
    assert "--encoding gbk" in reasons(report)
    path = samples.shapefile(samples.cells, "gbk")
    assert "encoding" in reasons(take("cells", path, encoding="utf-8"))
    assert "'klingon' is not known" in reasons(take("cells", path, encoding="klingon"))


def test_the_coordinate_system_is_never_guessed(take: Importer, samples: Samples) -> None:
    stations = samples.stations.drop(columns="geometry")
    for path in (samples.csv(stations), samples.xlsx(stations)):
        assert "Write --crs wgs84, cgcs2000, gcj02" in reasons(take("stations", path))
    bare = samples.shapefile(samples.cells, without=(".prj",))
    assert "does not say its coordinate system" in reasons(take("cells", bare))
    member = {"type": "name", "properties": {"name": "EPSG:4544"}}
    labelled = samples.geojson(samples.cells.to_crs(4544), crs=member)
    assert "RFC 7946 says WGS84" in reasons(take("cells", labelled))
    assert "--crs says EPSG:4526" in reasons(take("cells", labelled, crs="EPSG:4526"))
    assert take("cells", labelled, crs="EPSG:4544").written == 336
    carried = samples.geopackage(samples.cells.to_crs(4544))
    assert "the file says EPSG:4544" in reasons(take("cells", carried, crs="wgs84"))
    assert "not a coordinate system known here" in reasons(take("cells", bare, crs="EPSG:3857"))
    mercator = samples.geopackage(samples.cells.to_crs(3857))
    assert "EPSG:3857 is not" in reasons(take("cells", mercator))
    assert ask(take.engine, "SELECT count(*) FROM boundary_version") == 3


@pytest.mark.parametrize(
    ("change", "declared", "advice"),
    [
        (lambda f: moved(f, crs.GCJ02), {}, "--crs gcj02"),
        (lambda f: moved(f, crs.BD09), {}, "--crs bd09"),
        (lambda f: f, {"crs": "gcj02"}, "--crs wgs84"),
        (lambda f: f, {"crs": "EPSG:4544"}, "looks like degrees"),
        (lambda f: f.to_crs(4544), {}, "looks like metres"),
        (
            lambda f: f.set_geometry(shapely.transform(f.geometry, lambda xy: xy[:, ::-1])),
            {}, "swapped",
        ),
    ],
)  # fmt: skip
def test_cells_elsewhere_are_refused_with_advice(
    take: Importer, samples: Samples, change: Any, declared: dict[str, str], advice: str
) -> None:
    before = contents(take.engine)
    report = take("cells", samples.geojson(change(samples.cells)), **declared)
    assert advice in reasons(report)
    assert not report.fits and report.written == 0
    assert contents(take.engine) == before


def test_points_elsewhere_are_refused_with_advice(take: Importer, samples: Samples) -> None:
    cases = samples.cases(20).rename(columns={"lon": "lat", "lat": "lon"})
    assert "swapped" in reasons(take("incidents", samples.csv(cases), crs="wgs84"))
    cases = samples.cases(20)
    cases.loc[:5, "lon"] += 1
    report = take("incidents", samples.csv(cases), crs="wgs84")
    assert report.outside_share == pytest.approx(0.3)
    assert "30% of the rows lie outside" in reasons(report)
    assert ask(take.engine, "SELECT count(*) FROM incident") == 0


def test_a_new_state_of_cells_closes_the_old_one(take: Importer, samples: Samples) -> None:
    cells = samples.cells
    first, second = cells.index[:2]
    assert cells.loc[first, "code"] // 1000 == cells.loc[second, "code"] // 1000
    merged = cells.drop(index=second)
    both = shapely.union(cells.geometry[first], cells.geometry[second])
    merged.loc[merged.index == first, "geometry"] = gpd.GeoSeries([both], index=[first], crs=4326)
    report = take("cells", samples.geojson(merged))
    assert report.written == 335, reasons(report)
    assert "335 cells keep their code, 0 are new, 1 are dissolved." in report.notes
    gone = int(cells.loc[second, "code"])
    rows = "SELECT count(*) FROM area WHERE code = :code AND "
    assert ask(take.engine, rows + "upper_inf(valid)", code=gone) == 0
    assert ask(take.engine, rows + "NOT upper_inf(valid)", code=gone) == 1
    again = take("cells", samples.geojson(cells))
    assert f"{gone} was dissolved; a dissolved code is never used again" in reasons(again)
    versions = "SELECT count(*) FROM boundary_version WHERE upper_inf(valid)"
    assert ask(take.engine, versions) == 1


def test_gaps_overlaps_and_strangers_are_named(take: Importer, samples: Samples) -> None:
    cells = samples.cells
    codes = cells["code"].tolist()
    assert "uncovered" in reasons(take("cells", samples.geojson(cells.drop(index=3))))
    wide = cells.copy()
    grown = shapely.intersection(
        shapely.buffer(cells.geometry[4], 0.001),
        shapely.union_all(cells.geometry[cells["code"] // 1000 == codes[4] // 1000]),
    )
    wide.loc[4, "geometry"] = grown
    found = reasons(take("cells", samples.geojson(wide)))
    assert f"overlaps {codes[4]}" in found or f"{codes[4]} overlaps" in found
    double = cells.copy()
    double.loc[7, "code"] = codes[6]
    assert f"8 code is the same as in row 7: {codes[6]}" in reasons(
        take("cells", samples.geojson(double))
    )
    orphan = cells.copy()
    orphan.loc[0, "code"] = 620111999001001
    assert "there is no community 620111999001000" in reasons(
        take("cells", samples.geojson(orphan))
    )
    alien = cells.copy()
    alien.loc[0, "code"] = 620111001001000
    assert "1 code is the code of a community" in reasons(take("cells", samples.geojson(alien)))


def test_a_sliver_is_taken_for_inaccuracy(take: Importer, samples: Samples) -> None:
    rough = samples.cells
    rough["geometry"] = shapely.transform(rough.geometry, lambda xy: xy.round(6) + 1e-8)
    report = take("cells", samples.geojson(rough))
    assert report.written == 336, reasons(report)


def test_areas_come_level_by_level_with_the_city_made_of_districts(
    empty_engine: Engine, samples: Samples
) -> None:
    take, areas = Importer(empty_engine), samples.areas
    level = areas["code"].map(lambda code: len(str(code).rstrip("0")))
    district = areas[areas["kind"] == "district"]
    towns = areas[areas["kind"].isin(["subdistrict", "township"])]
    communities = areas[areas["kind"].isin(["community", "village"])]
    assert len(district) == 1 and len(level) == 65
    assert "begins with its own outline" in reasons(take("areas", samples.geojson(towns)))
    assert "--city-name" in reasons(take("areas", samples.geojson(district)))
    assert take("areas", samples.geojson(district), city_name="兰州市").written == 2
    early = take("areas", samples.geojson(communities))
    assert "its subdistrict 620111001000000 is neither in the file nor loaded" in reasons(early)
    plain = towns.assign(code=towns["code"].map(lambda code: str(code)[:9])).drop(columns="kind")
    assert take("areas", samples.geojson(plain)).written == 7
    assert take("areas", samples.geojson(communities)).written == 56
    kinds = "SELECT count(*) FROM area WHERE kind = 'township' AND upper_inf(valid)"
    assert ask(empty_engine, kinds) == int((towns["kind"] == "township").sum())
    lost = take("areas", samples.geojson(towns.iloc[1:]))
    assert "would lose its parent 620111001000000" in reasons(lost)
    towns_now = "SELECT count(*) FROM area WHERE level = 'subdistrict' AND upper_inf(valid)"
    assert (lost.written, ask(empty_engine, towns_now)) == (0, 7)


def test_a_demo_city_is_not_mixed_with_a_real_one(engine: Engine, samples: Samples) -> None:
    take, path = Importer(engine), samples.geojson(samples.areas)
    before = contents(engine)
    assert "The demo city is loaded" in reasons(take("areas", path))
    assert contents(engine) == before
    assert take("areas", path, replace=True).written == 65
    status = service.city_status(engine, utc_now())
    assert status is not None and not status.demo
    assert (status.incidents, status.areas.get("cell", 0)) == (0, 0)


def test_dry_run_checks_everything_and_writes_nothing(take: Importer, samples: Samples) -> None:
    before = contents(take.engine)
    report = take("cells", samples.geojson(samples.cells), dry_run=True)
    assert report.fits and report.written == 0
    assert contents(take.engine) == before


def test_a_file_imported_twice_counts_once(take: Importer, samples: Samples) -> None:
    cases = samples.cases(30)
    for frame in (cases, cases.drop(columns="id")):
        path = samples.xlsx(frame)
        first, second = take("incidents", path, crs="wgs84"), take("incidents", path, crs="wgs84")
        assert (first.written, first.known) == (30, 0), reasons(first)
        assert (second.written, second.known) == (0, 30), reasons(second)
    assert ask(take.engine, "SELECT count(*) FROM incident") == 60
    changed = cases.assign(title="另一件事")
    assert "was already used for a different report" in reasons(
        take("incidents", samples.xlsx(changed), crs="wgs84")
    )
    assert ask(take.engine, "SELECT count(*) FROM incident_event") == 60


def test_each_case_is_checked_as_a_report_is(take: Importer, samples: Samples) -> None:
    cases = samples.cases(14).astype(object)
    faults: list[tuple[str, object, str]] = [
        ("category", "9999", "filing standard"),
        ("title", "", "is missing"),
        ("title", "x" * 201, "200"),
        ("title", "a\x07b", "control"),
        ("severity", "5", "less than or equal to 4"),
        ("severity", "-1", "whole number"),
        ("source", "rumour", "not one of visit"),
        ("occurred_at", "2999-01-01", "future"),
        ("occurred_at", "1999-01-01", "ten years"),
        ("occurred_at", "2026-13-01", "not a time"),
        ("occurred_at", "yesterday", "not a time"),
        ("id", "7", "badly formed"),
        ("lon", "NaN", "not a finite number"),
        ("lat", "1e999", "not a finite number"),
    ]
    for row, (name, value, _) in enumerate(faults):
        cases.loc[row, name] = value
    report = take("incidents", samples.csv(cases), crs="wgs84")
    found = {refusal.row: refusal for refusal in report.refusals}
    for row, (name, _, reason) in enumerate(faults):
        # Line 1 of a table names the columns.
        refusal = found[row + 2]
        assert refusal.field in (name, "geometry"), refusal
        assert reason in refusal.reason, refusal
    assert ask(take.engine, "SELECT count(*) FROM incident") == 0


def test_local_times_and_lost_zeros_are_understood(take: Importer, samples: Samples) -> None:
    cases = samples.cases(1).drop(columns=["reported_at", "id", "severity", "source"])
    cases["occurred_at"], cases["category"] = "2026/3/5 8:00", "110"
    report = take("incidents", samples.csv(cases), crs="wgs84")
    assert report.written == 1, reasons(report)
    row = "SELECT to_char(reported_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM incident"
    assert ask(take.engine, row) == "2026-03-05 00:00"
    assert (
        ask(take.engine, "SELECT category || source || severity FROM incident") == "0110transfer2"
    )


def test_addresses_are_found(take: Importer, samples: Samples) -> None:
    community = ask(take.engine, "SELECT name FROM area WHERE level = 'community' ORDER BY code")
    town = ask(take.engine, "SELECT name FROM area WHERE level = 'subdistrict' ORDER BY code")
    cases = samples.cases(3).drop(columns=["lon", "lat"])
    cases["address"] = [f"红古区{town}{community}", "火星基地", None]
    report = take("incidents", samples.csv(cases), crs="wgs84")
    assert Counter(refusal.row for refusal in report.refusals).keys() == {3, 4}, reasons(report)
    report = take("incidents", samples.csv(cases.head(1)), crs="wgs84")
    assert report.written == 1, reasons(report)
    assert ask(take.engine, "SELECT location_uncertainty_m > 0 FROM incident")


def test_columns_are_named_by_their_sender(take: Importer, samples: Samples) -> None:
    cells = samples.cells.rename(columns={"code": "WGBM", "name": "WGMC"})
    path = samples.geojson(cells)
    assert "code is missing" in reasons(take("cells", path))
    assert take("cells", path, columns={"code": "WGBM", "name": "wgmc"}).written == 336
    assert "There is no column 'XX'" in reasons(take("cells", path, columns={"code": "XX"}))
    assert "have no field colour" in reasons(take("cells", path, columns={"colour": "XX"}))
    chinese = samples.cells.rename(columns={"code": "网格编码", "name": "网格名称"})
    assert take("cells", samples.geojson(chinese)).written == 336


def test_sheets_and_layers_are_named(take: Importer, samples: Samples) -> None:
    stations = samples.stations.drop(columns="geometry")
    book = samples.xlsx(stations, ("甲", "乙"))
    assert "甲, 乙" in reasons(take("stations", book, crs="wgs84"))
    assert "no sheet '丙'" in reasons(take("stations", book, crs="wgs84", layer="丙"))
    assert take("stations", book, crs="wgs84", layer="乙").written == len(stations)
    package = samples.geopackage(samples.cells, "cells")
    samples.cells.to_file(package, layer="old", driver="GPKG")
    assert "cells, old" in reasons(take("cells", package))
    assert take("cells", package, layer="old").written == 336


def test_stations_are_checked_against_the_areas(take: Importer, samples: Samples) -> None:
    stations = samples.stations.drop(columns="geometry").astype(object)
    bad = stations.head(4).copy()
    bad.loc[0, "kind"] = "castle"
    bad.loc[1, "area_code"] = "620111999000000"
    bad.loc[2, "code"] = bad.loc[3, "code"]
    found = reasons(take("stations", samples.csv(bad), crs="wgs84"))
    for expected in ("'castle', not one of", "there is no area 620111999000000", "same as in row"):
        assert expected in found
    plain = stations.drop(columns="area_code")
    assert take("stations", samples.csv(plain), crs="wgs84").written == len(stations)
    right = "SELECT count(*) FROM station s JOIN area a ON a.code = s.area_code"
    assert ask(take.engine, f"{right} WHERE ST_Covers(a.geom, s.geom)") == len(stations)
    fewer = take("stations", samples.csv(plain.iloc[:-10]), crs="wgs84")
    assert fewer.written == len(stations) - 10
    in_force = "SELECT count(*) FROM station WHERE upper_inf(valid)"
    assert ask(take.engine, in_force) == len(stations) - 10


def test_units_come_under_a_boundary_version_of_their_own(
    own_client: TestClient, engine: Engine, samples: Samples
) -> None:
    """A tile kept for ever under the old number stays true; the new number has the new units."""
    units = samples.units
    old_id = int(units["unit_id"].iloc[0])
    point = units.geometry.iloc[0].representative_point()
    tile = picture.tile_at(point.x, point.y, 15)
    before = ask(engine, CURRENT_VERSION)

    def seen(**words: int) -> set[int]:
        return {one["properties"]["id"] for one in picture.features(own_client, "units", tile,
                                                                    **words)}  # fmt: skip

    kept = seen(v=before)
    assert old_id in kept
    new_id = int(units["unit_id"].max()) + 1
    units.loc[units.index[0], "unit_id"] = new_id
    take = Importer(engine)
    assert not take("units", samples.geopackage(units), dry_run=True).written
    assert ask(engine, CURRENT_VERSION) == before
    report = take("units", samples.geopackage(units))
    assert report.written == len(units), reasons(report)
    version = ask(engine, CURRENT_VERSION)
    assert version > before
    wait_until(lambda: seen() == kept - {old_id} | {new_id})
    assert seen(v=version) == seen()
    assert seen(v=before) == kept


def test_a_plan_begun_while_a_file_is_read_keeps_its_ground(
    own_client: TestClient, engine: Engine, samples: Samples
) -> None:
    """The units of the file begin after the instant from which the plan was drawn."""
    began = utc_now() - timedelta(seconds=30)
    hand.begin(own_client, hand.DISTRICT)
    report = Importer(engine, lambda: began)("units", samples.geopackage(samples.units))
    assert report.written == len(samples.units), reasons(report)
    later = "SELECT count(*) FROM base_unit, plan WHERE lower(base_unit.valid) > plan.base_at"
    assert ask(engine, later) == len(samples.units)


def test_an_import_that_waited_for_its_turn(engine: Engine, samples: Samples) -> None:
    """Boundaries drawn meanwhile are not older than those that come after them."""
    began = utc_now() - timedelta(seconds=30)
    file = samples.geopackage(samples.units)
    assert Importer(engine)("units", file).written
    meanwhile = ask(engine, CURRENT_VERSION)
    assert Importer(engine, lambda: began)("units", file).written
    assert ask(engine, CURRENT_VERSION) > meanwhile
    assert ask(engine, "SELECT count(*) FROM base_unit WHERE isempty(valid)") == 0


def test_duty_units_follow_their_station(engine: Engine, samples: Samples) -> None:
    stations = samples.stations.drop(columns="geometry")
    lost = stations["code"].iloc[-1]
    units = "SELECT count(*) FROM duty_unit u JOIN station s ON s.id = u.station_id WHERE"
    before = ask(engine, f"{units} upper_inf(u.valid)")
    with_lost = ask(engine, f"{units} s.code = :code", code=lost)
    report = Importer(engine)("stations", samples.csv(stations.iloc[:-1]), crs="wgs84")
    assert report.fits, reasons(report)
    assert ask(engine, f"{units} upper_inf(u.valid) AND upper_inf(s.valid)") == before - with_lost


def test_a_report_opens_safely_in_a_spreadsheet(
    take: Importer, samples: Samples, tmp_path: Path
) -> None:
    cases = samples.cases(2)
    cases["source"] = ["=cmd|' /C calc'!A0", "@SUM(1)"]
    report = take("incidents", samples.csv(cases), crs="wgs84")
    path = tmp_path / "report.csv"
    report.write_csv(path)
    rows = list(csv.reader(path.open(encoding="utf-8-sig", newline="")))
    assert rows[0] == ["row", "field", "reason"] and len(rows) == 3
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


def test_the_stream_begins_anew_after_an_import(take: Importer, samples: Samples) -> None:
    epoch = ask(take.engine, "SELECT epoch FROM stream_state")
    take("incidents", samples.csv(samples.cases(1)), crs="wgs84")
    assert ask(take.engine, "SELECT epoch FROM stream_state") != epoch


def test_ids_are_unique_against_reports(engine: Engine, samples: Samples) -> None:
    taken = ask(engine, "SELECT id FROM report_receipt LIMIT 1")
    cases = samples.cases(1).assign(id=str(uuid.UUID(str(taken))))
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE report_receipt SET body_hash = 'x' WHERE id = :id"), {"id": taken}
        )
    report = Importer(engine)("incidents", samples.csv(pd.DataFrame(cases)), crs="wgs84")
    assert "already used" in reasons(report)

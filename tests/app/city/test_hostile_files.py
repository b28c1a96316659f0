"""Files that mean harm, or are merely broken: refused in words, and nothing else happens."""

import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
import shapely

from app.files import sandbox
from app.files.job import FileRefused, Job, Shape
from geodata.progress import Cancelled, Silent
from tests.app.city.samples import Samples

SQUARE = [[103.8, 36.0], [103.81, 36.0], [103.81, 36.01], [103.8, 36.01], [103.8, 36.0]]
ROOT = Path(__file__).resolve().parents[3]


def read(path: Path, shape: str = "polygon", **declared: Any) -> sandbox.FileRows:
    """Have a file read, as every import does."""
    names = ("code", "name", "lon", "lat")
    words: dict[str, Any] = {
        "path": "", "name": "", "shape": Shape(shape), "fields": {name: [name] for name in names},
        "columns": {}, "crs": None, "layer": None, "encoding": None, "may_have_address": False,
    }  # fmt: skip
    return sandbox.read(path, Job(**{**words, **declared}), Silent())


def refused(path: Path, shape: str = "polygon", **declared: Any) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(FileRefused) as caught:
        read(path, shape, **declared)
    return str(caught.value)


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Writes bytes under a name."""

    def write_file(name: str, content: bytes | str) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


def polygon(*rings: list[list[Any]]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def circle(corners: int) -> list[list[float]]:
    angle = np.linspace(0, 2 * np.pi, corners)
    ring = np.column_stack([103.8 + 0.1 * np.cos(angle), 36 + 0.1 * np.sin(angle)])
    ring[-1] = ring[0]
    return list(ring.tolist())


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


HOSTILE_GEOMETRIES: list[tuple[str, Any, str]] = [
    ("nothing", None, "no geometry"),
    ("a text", "POLYGON EMPTY", "not an object"),
    ("empty", polygon(), "no list of rings"),
    ("bow-tie", polygon([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]), "Self-inters"),
    ("unclosed", polygon(SQUARE[:-1]), "not closed"),
    ("three positions", polygon([SQUARE[0], SQUARE[1], SQUARE[0]]), "at least 4"),
    ("zero area", polygon([SQUARE[0], SQUARE[1], SQUARE[0], SQUARE[0]]), "not a valid polygon"),
    ("speck", polygon((np.array(SQUARE) * 1e-7 + [103.8, 36]).tolist()), "no area"),
    (
        "hole outside",
        polygon(SQUARE, (np.array(SQUARE) + 1).tolist()),
        "Hole lies outside",
    ),
    ("a hole as large", polygon(SQUARE, SQUARE), "not a valid polygon"),
    ("NaN", polygon([[float("nan"), 36.0], *SQUARE[1:4], [float("nan"), 36.0]]), "not finite"),
    ("infinite", polygon([[float("inf"), 36.0], *SQUARE[1:4], SQUARE[0]]), "not finite"),
    ("text numbers", polygon([["103.8", "36.0"], *SQUARE[1:]]), "not a number"),
    ("null", polygon([[None, 36.0], *SQUARE[1:]]), "not a number"),
    ("boolean", polygon([[True, 36.0], *SQUARE[1:]]), "not a number"),
    ("huge integer", polygon([[10**400, 36.0], *SQUARE[1:]]), "too large"),
    ("no member", polygon([[], *SQUARE[1:]]), "is not [lon, lat]"),
    ("one member", polygon([[103.8], *SQUARE[1:]]), "is not [lon, lat]"),
    ("five members", polygon([[103.8, 36.0, 1, 2, 3], *SQUARE[1:]]), "is not [lon, lat]"),
    ("positions too deep", polygon([[SQUARE]]), "is not [lon, lat]"),  # type: ignore[list-item]
    ("an object", {"type": "Polygon", "coordinates": {"0": SQUARE}}, "no list of rings"),
    ("latitude", polygon([[103.8, 136.0], *SQUARE[1:4], [103.8, 136.0]]), "beyond 90"),
    ("longitude", polygon([[203.8, 36.0], *SQUARE[1:4], [203.8, 36.0]]), "beyond 180"),
    ("metres", polygon((np.array(SQUARE) * 1e5).tolist()), "looks like metres"),
    ("a line", {"type": "LineString", "coordinates": SQUARE}, "is a LineString"),
    ("a point", {"type": "Point", "coordinates": SQUARE[0]}, "is a Point"),
    (
        "a collection",
        {"type": "GeometryCollection", "geometries": [polygon(SQUARE)]},
        "is a GeometryCollection",
    ),
    ("no type", {"coordinates": [SQUARE]}, "is a None"),
    ("a type of another type", {"type": ["Polygon"], "coordinates": [SQUARE]}, "not asked for"),
    ("corners", polygon(circle(100_002)), "100,002 corners"),
    (
        "overlapping parts",
        {"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE]]},
        "not a valid polygon",
    ),
]


def test_every_hostile_geometry_is_named_with_its_row(write: Any) -> None:
    features = [
        {"type": "Feature", "properties": {"code": name}, "geometry": geometry}
        for name, geometry, _ in HOSTILE_GEOMETRIES
    ]
    good = {"type": "Feature", "properties": {"code": "good"}, "geometry": polygon(SQUARE)}
    tall = polygon([[*corner, 1_500.0] for corner in SQUARE])
    heights = {"type": "Feature", "properties": None, "geometry": tall}
    rest = [good, heights, 7, {"type": "Point"}]
    document = {"type": "FeatureCollection", "features": [*features, *rest]}
    found = read(write("x.geojson", json.dumps(document)))
    said = {refusal.row: refusal.reason for refusal in found.answer.refusals}
    for row, (name, _, reason) in enumerate(HOSTILE_GEOMETRIES, 1):
        assert reason in said.get(row, "was taken"), name
    rows = len(HOSTILE_GEOMETRIES)
    assert set(said) == {*range(1, rows + 1), rows + 3, rows + 4}
    assert found.geometries[rows].equals(shapely.Polygon(SQUARE))
    assert not shapely.has_z(found.geometries[rows + 1])
    assert all(geometry is None for geometry in found.geometries[:rows])


def test_numbers_that_json_should_not_hold_are_named(write: Any) -> None:
    text = json.dumps(
        {"type": "FeatureCollection", "features": [
            {"type": "Feature", "properties": {}, "geometry": polygon([[7, 36.0], *SQUARE[1:]])}]}
    ).replace("[7, 36.0]", "[1e999, 36.0]")  # fmt: skip
    found = read(write("x.geojson", text))
    assert "not finite" in found.answer.refusals[0].reason


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("{", "not JSON"),
        ("{}", "no FeatureCollection"),
        ("[1, 2]", "no FeatureCollection"),
        ('{"type": "FeatureCollection", "features": {}}', "no FeatureCollection"),
        ('{"type": "Topology", "objects": {}}', "TopoJSON"),
        ('{"type": "FeatureCollection", "features": ' + nested(100_000) + "}", "deeply"),
        ('{"type": "FeatureCollection", "features": [], "crs": {"type": "link"}}', "crs member"),
        (b'{"type": "Feature", "properties": {"name": "\xba\xcd"}}', "not UTF-8"),
        ('<?xml version="1.0"?><!DOCTYPE k [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
         '<kml xmlns="http://www.opengis.net/kml/2.2"><NetworkLink/></kml>', "is KML"),
        ('<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/vsicurl/http://localhost/x'
         "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>", "GDAL VRT"),
        ("<gml:FeatureCollection/>", "GML"),
        ("<svg/>", "SVG"),
        (b"\x00\x00\x27\x0a" + bytes(96), "zip it with"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "no known kind"),
        (b"\x1f\x8b\x08" + bytes(100), "no known kind"),
        (b"PK\x03\x04" + bytes(100), "damaged"),
        (b"SQLite format 3\x00" + os.urandom(5000), "GeoPackage cannot be read"),
    ],
)  # fmt: skip
def test_files_that_are_no_map_are_refused(write: Any, content: Any, sentence: str) -> None:
    assert sentence in refused(write("map.geojson", content))


@pytest.mark.parametrize(
    "name",
    ["/vsicurl/http://127.0.0.1/x.geojson", "http://127.0.0.1/x.geojson", "x\0y", "/vsizip/x"],
)
def test_virtual_paths_are_only_names_of_missing_files(name: str) -> None:
    assert "cannot be opened" in refused(Path(name))


def test_only_plain_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "not a plain file" in refused(tmp_path / "pipe")
    assert "not a plain file" in refused(Path("/dev/zero"))
    assert "not a plain file" in refused(tmp_path)


def test_a_large_file_is_not_even_copied(tmp_path: Path) -> None:
    path = tmp_path / "large.geojson"
    with path.open("wb") as file:
        file.truncate(sandbox.MOST_BYTES + 1)
    assert "larger than 1024 MB" in refused(path)


class Parts:
    """The parts of a good Shapefile, to be packed in bad ways."""

    def __init__(self, samples: Samples, folder: Path) -> None:
        self.path = folder / "bad.zip"
        with zipfile.ZipFile(samples.shapefile(samples.cells.head(3))) as good:
            self.content = {Path(name).suffix: good.read(name) for name in good.namelist()}

    def pack(self, **renamed: str) -> zipfile.ZipFile:
        """An archive with the parts, some under other names (key: ending without its dot)."""
        archive = zipfile.ZipFile(self.path, "w", zipfile.ZIP_DEFLATED)
        for suffix, content in self.content.items():
            archive.writestr(renamed.get(suffix[1:], f"map{suffix}"), content)
        return archive


@pytest.fixture
def parts(samples: Samples, tmp_path: Path) -> Parts:
    return Parts(samples, tmp_path)


@pytest.mark.parametrize(
    "name",
    ["../../map.shx", "/etc/map.shx", "a/../../map.shx", "..\\map.shx", "C:\\map.shx", "C:map.shx"],
)
def test_names_that_lead_elsewhere_are_refused(parts: Parts, name: str) -> None:
    parts.pack(shx=name).close()
    assert "outside itself" in refused(parts.path)


def test_links_are_refused(parts: Parts) -> None:
    with parts.pack() as archive:
        link = zipfile.ZipInfo("passwords.dbf")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert "holds a link" in refused(parts.path)


def test_archives_in_archives_are_refused(parts: Parts) -> None:
    with parts.pack() as archive:
        archive.writestr("more.zip", b"PK\x03\x04")
    assert "another archive" in refused(parts.path)


def test_zip_bombs_are_refused(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    with parts.pack() as archive, archive.open("map.sbn", "w") as entry:
        for _ in range(40):
            entry.write(bytes(1 << 20))
    assert "times its size" in refused(parts.path)
    with parts.pack() as archive:
        for number in range(2_100):
            archive.writestr(f"{number}.txt", "")
    assert "at most 2,000" in refused(parts.path)


def test_an_entry_that_lies_about_its_size_is_refused(parts: Parts) -> None:
    parts.pack().close()
    raw = bytearray(parts.path.read_bytes())
    with zipfile.ZipFile(parts.path) as archive:
        info = archive.getinfo("map.shp")
    true_size = info.file_size.to_bytes(4, "little")
    at = raw.find(b"PK\x01\x02")
    while at >= 0:
        if raw[at + 46 : at + 46 + 7] == b"map.shp":
            assert raw[at + 24 : at + 28] == true_size
            raw[at + 24 : at + 28] = (10).to_bytes(4, "little")
        at = raw.find(b"PK\x01\x02", at + 1)
    parts.path.write_bytes(raw)
    assert "map.shp" in refused(parts.path)


def test_encrypted_archives_are_refused(parts: Parts) -> None:
    parts.pack().close()
    raw = bytearray(parts.path.read_bytes())
    at = raw.find(b"PK\x01\x02")
    raw[at + 8] |= 1
    parts.path.write_bytes(raw)
    assert "encrypted" in refused(parts.path)


@pytest.mark.parametrize("part", ["shx", "dbf"])
def test_a_shapefile_without_a_part_is_refused(parts: Parts, part: str) -> None:
    del parts.content[f".{part}"]
    parts.pack().close()
    assert f"without its .{part}" in refused(parts.path)


def test_a_truncated_shapefile_is_refused(parts: Parts) -> None:
    parts.content[".shp"] = parts.content[".shp"][:150]
    parts.pack().close()
    try:
        found = read(parts.path)
    except FileRefused:
        return
    assert len(found.answer.refused_rows) == found.answer.rows == 3


def test_kml_in_an_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "map.kmz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("doc.kml", "<kml/>")
    assert "KML" in refused(path)


def test_a_geopackage_that_attaches_or_calls_is_refused(samples: Samples, tmp_path: Path) -> None:
    path = samples.geopackage(samples.cells.head(3))
    canary = tmp_path / "canary.db"
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("ALTER TABLE layer RENAME TO hidden")
        base.execute(
            "CREATE VIEW layer AS SELECT fid, geom, load_extension('/tmp/evil') AS code,"
            " readfile('/etc/passwd') AS name FROM hidden"
        )
    try:
        found = read(path)
    except FileRefused:
        pass
    else:
        assert not any("root:" in (text or "") for text in found.fields.get("name", []))
    assert not canary.exists()


def endless(samples: Samples) -> Path:
    """A GeoPackage whose layer, a view, never comes to an end."""
    path = samples.geopackage(samples.cells.head(3))
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("ALTER TABLE layer RENAME TO hidden")
        base.execute(
            "CREATE VIEW layer AS WITH RECURSIVE n(fid) AS (SELECT 1 UNION ALL SELECT fid + 1"
            " FROM n) SELECT n.fid, geom FROM n, hidden"
        )
        # Without its note of how many there are, GDAL has to count them.
        base.execute("DELETE FROM gpkg_ogr_contents")
    return path


def test_views_of_a_geopackage_are_not_asked(samples: Samples) -> None:
    """Nor those of its own tables' names, nor one beside a layer that is one."""
    assert "layer is a view" in refused(endless(samples))
    for name in ("gpkg_spatial_ref_sys", "other"):
        path = samples.geopackage(samples.cells.head(3))
        with closing(sqlite3.connect(path)) as base, base:
            if name != "other":
                base.execute(f"ALTER TABLE {name} RENAME TO hidden")
            base.execute(
                f"CREATE VIEW {name} AS WITH RECURSIVE n(srs_id) AS (SELECT 1 UNION ALL"
                " SELECT srs_id + 1 FROM n) SELECT srs_id, 'x' AS srs_name FROM n"
            )
        if name == "other":
            assert read(path).answer.rows == 3
        else:
            refused(path)


def test_columns_that_nobody_wants_are_not_gathered(
    write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty thousand names of properties, and a sheet with one cell in the last column of the last
    row there can be, within seconds of computing."""
    monkeypatch.setattr(sandbox, "CPU_S", 20)
    names = [{f"p{row * 10 + place}": place for place in range(10)} for row in range(3_000)]
    features = [
        {"type": "Feature", "properties": {**more, "code": "c"}, "geometry": polygon(SQUARE)}
        for more in names
    ]
    content = json.dumps({"type": "FeatureCollection", "features": features})
    found = read(write("cells.geojson", content))
    assert (found.answer.rows, set(found.fields)) == (3_000, {"code"})
    path = write("places.xlsx", b"")
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["code", "lon", "lat"])
    sheet.append(["a", 103.8, 36.0])
    sheet["XFD1048576"] = "far"
    book.save(path)
    found = read(path, "point", crs="wgs84")
    assert found.fields["code"] == ["a"]


def test_a_file_without_end_is_given_up(samples: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that takes longer than anybody waits."""
    monkeypatch.setattr(sandbox, "PATIENCE_S", 0.0)
    assert "split the file" in refused(samples.geopackage(samples.cells))


def test_a_file_that_takes_all_computing_is_given_up(
    write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "CPU_S", 2)
    path = write("places.csv", "code,lon,lat\n" + "a,103.8,36.0\n" * 2_000_000)
    assert "more computing" in refused(path, "point", crs="wgs84")


def test_a_cancelled_reader_is_killed(samples: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    real = subprocess.Popen

    def remember(*args: Any, **named: Any) -> Any:
        started.append(real(*args, **named))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", remember)
    job = Job("", "", Shape.POLYGON, {"code": ["code"]}, {}, None, None, None, False)
    with pytest.raises(Cancelled):
        sandbox.read(endless(samples), job, StopAtOnce())
    assert started[0].returncode == -signal.SIGKILL


def test_a_workbook_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook>" + "&a;" * 10 + "</workbook>")
    assert "workbook cannot be read" in refused(path, "point", crs="wgs84")


def test_entities_in_a_workbook_are_not_expanded(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["code", "lon", "lat"])  # type: ignore[union-attr]
    book.active.append(["x", 103.8, 36.0])  # type: ignore[union-attr]
    good, path = tmp_path / "good.xlsx", tmp_path / "bad.xlsx"
    book.save(good)
    bomb = '<!DOCTYPE s [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9)
    )
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/workbook.xml":
                content = f"<?xml version='1.0'?>{bomb}]><workbook>&j;</workbook>".encode()
            new.writestr(name, content)
    assert "workbook cannot be read" in refused(path, "point", crs="wgs84")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("code,code\n1,2\n", "Two columns have the same name"),
        (",,\n1,2,3\n", "names no columns"),
        ('code,lon,lat\n"unfinished,1,2\n', "cannot be read"),
        ("code\n1\n", "neither the columns lon and lat nor address"),
        ("code,lon,lat\n" + "x" * (2 << 20) + ",1,2\n", "cannot be read"),
        (",".join(f"c{i}" for i in range(301)) + "\n", "more than 300"),
    ],
)
def test_tables_that_are_none_are_refused(write: Any, content: str, sentence: str) -> None:
    assert sentence in refused(write("t.csv", content), "point", crs="wgs84")


def test_numbers_of_a_table_are_read_strictly(write: Any) -> None:
    bad = ["NaN,36", "1e999,36", "１０３.8,36", "103_8,36", "0x67,36", ",36", "103.8,", "true,36",
           "36,103.8", "500,36", "103.8,36,extra,more"]  # fmt: skip
    lines = "\n".join(f"a,{pair}" for pair in ["103.8,36.0", *bad])
    found = read(write("t.csv", f"code,lon,lat\n{lines}\n"), "point", crs="wgs84")
    assert found.answer.refused_rows == list(range(3, 3 + len(bad)))
    assert "swapped" in found.answer.refusals[8].reason


def test_a_table_holds_no_outlines(write: Any) -> None:
    assert "no outlines" in refused(write("t.csv", "code,lon,lat\n1,2,3\n"), crs="wgs84")


def confined(statements: str) -> subprocess.CompletedProcess[str]:
    """Run statements in a process that has confined itself."""
    start = "from pathlib import Path; from app.core.confine import confine\n"
    start += "print(confine(Path('/tmp')) and 'partly' or 'whole', flush=True)\n"
    return subprocess.run(
        [sys.executable, "-c", start + statements],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_child_reaches_no_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        threading.Thread(target=listener.accept, daemon=True).start()
        done = confined(
            f"import socket; socket.create_connection(('127.0.0.1', {port}), timeout=5)"
        )
    if done.stdout.strip() != "whole":
        pytest.skip("this machine has no Landlock or no libseccomp to confine a process with")
    assert "PermissionError" in done.stderr


def test_the_child_cannot_grow_without_end() -> None:
    done = confined("x = bytearray(6 << 30)")
    assert "MemoryError" in done.stderr


def test_the_child_has_limits_of_time_files_and_dumps() -> None:
    done = confined(
        "import resource as r; print(*(r.getrlimit(w)[0] for w in"
        " (r.RLIMIT_CPU, r.RLIMIT_FSIZE, r.RLIMIT_NOFILE, r.RLIMIT_CORE)))"
    )
    assert done.stdout.split()[1:] == ["180", str(2 << 30), "256", "0"]
    assert resource.getrlimit(resource.RLIMIT_CPU)[0] != 180


def test_gdal_knows_two_formats_only(samples: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    path = samples.geopackage(samples.cells.head(1))
    monkeypatch.setattr(sandbox, "drivers_to_skip", lambda: "KML")
    assert "could not be limited" in refused(path)


class StopAtOnce:
    """Cancels as soon as it is asked."""

    def step(self, name: str, done: int, total: int) -> None:
        """Cancel."""
        raise Cancelled


def test_a_cancelled_reading_leaves_nothing_behind(
    samples: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = samples.geojson(samples.cells)
    own = tmp_path / "temporary"
    own.mkdir()
    monkeypatch.setattr(sandbox.tempfile, "tempdir", str(own))
    job = Job("", "", Shape.POLYGON, {"code": ["code"]}, {}, None, None, None, False)
    with pytest.raises(Cancelled):
        sandbox.read(path, job, StopAtOnce())
    assert list(own.iterdir()) == []
    assert sandbox.read(path, job, Silent()).answer.rows == 336
    assert list(own.iterdir()) == []
    shutil.rmtree(own)

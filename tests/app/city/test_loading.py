"""A bundle becomes the city: all of it, once, or nothing."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import URL, Engine, text

from app.city import bundle, rows, service, timeline
from app.city.errors import BundleError
from app.city.queries import CITY_TABLES
from app.core.clock import utc_now
from app.core.db import make_engine
from app.incidents.reading import checking
from geodata.progress import Cancelled, Silent
from tests import staff as httpx
from tests.server import ServerProcess

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def reader(context: Any) -> Engine:
    engine: Engine = context.engine
    return engine


def ask(engine: Engine, statement: str, **words: object) -> Any:
    """The one value that a query answers."""
    with engine.connect() as connection:
        return connection.execute(text(statement), words).scalar()


def contents(engine: Engine) -> dict[str, str]:
    """A fingerprint of every table of the city."""
    return {
        table: ask(
            engine,
            f"SELECT count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)), 0)"
            f" FROM {table} t",
        )
        for table in (*CITY_TABLES, "stream_state")
    }


def test_every_row_of_the_bundle_arrives(reader: Engine, test_city_bundle: Path) -> None:
    manifest = json.loads((test_city_bundle / "manifest.json").read_text())
    status = service.city_status(reader, utc_now())
    assert status is not None
    assert status.areas == manifest["counts"] == {
        "city": 1, "district": 1, "subdistrict": 7, "community": 56, "cell": 336,
    }  # fmt: skip
    for table, file in {
        "area": "areas", "area_shape": "shapes", "base_unit": "units", "station": "stations",
        "station_cover": "station_covers", "duty_unit": "duty_units",
        "assignment": "assignments", "map_feature": "features",
    }.items():  # fmt: skip
        expected = pq.read_metadata(test_city_bundle / f"{file}.parquet").num_rows
        assert ask(reader, f"SELECT count(*) FROM {table}") == expected, table


def test_areas_are_measured_on_the_ground(reader: Engine) -> None:
    worst = ask(reader, "SELECT max(abs(area_m2 / ST_Area(geom::geography) - 1)) FROM area")
    assert worst < 1e-5


def test_labels_lie_inside_and_ranges_hold_the_children(reader: Engine) -> None:
    assert ask(reader, "SELECT count(*) FROM area WHERE NOT ST_Contains(geom, label)") == 0
    strays = "SELECT count(*) FROM area c JOIN area p ON p.code = c.parent_code"
    assert ask(reader, f"{strays} WHERE NOT (c.lo >= p.lo AND c.hi <= p.hi)") == 0
    assert ask(reader, strays) == 400


def test_nothing_lies_in_the_future_and_states_follow_the_events(reader: Engine) -> None:
    for column in ("incident.reported_at", "incident.occurred_at", "incident_event.at"):
        table = column.split(".")[0]
        assert ask(reader, f"SELECT count(*) FROM {table} WHERE {column} > now()") == 0
    wrong = """
        SELECT count(*) FROM incident i
        JOIN LATERAL (SELECT e.status, e.at FROM incident_event e WHERE e.no = i.no
                      ORDER BY e.ordinal DESC LIMIT 1) e ON true
        JOIN incident_status s ON s.status = e.status
        WHERE i.status <> e.status
           OR i.closed_at IS DISTINCT FROM CASE WHEN NOT s.is_open THEN e.at END"""
    assert ask(reader, wrong) == 0
    assert ask(reader, "SELECT count(*) FROM incident WHERE closed_at IS NOT NULL") > 100


def test_every_case_lies_in_its_cell_and_has_a_receipt(reader: Engine) -> None:
    inside = "SELECT count(*) FROM incident i JOIN area a ON a.code = i.cell_code"
    total = ask(reader, "SELECT count(*) FROM incident")
    assert ask(reader, f"{inside} WHERE ST_Covers(a.geom, i.geom)") == total
    receipts = "SELECT count(*) FROM report_receipt r JOIN incident i USING (id, no, reported_at)"
    assert ask(reader, receipts) == total


def test_closed_warnings_are_loaded_at_the_place_of_their_cell(reader: Engine) -> None:
    """The trigger that sees to it is off while rows are copied, and on again afterwards."""
    closed = """
        FROM incident i CROSS JOIN LATERAL coarse_place(i.cell_code, i.geom) c
        WHERE i.category LIKE '11%' AND i.closed_at IS NOT NULL"""
    exact = f"{closed} AND NOT (i.geom = c.place AND i.location_uncertainty_m = c.uncertainty_m)"
    assert ask(reader, f"SELECT count(*) {closed}") > 10
    assert ask(reader, f"SELECT count(*) {exact}") == 0
    enabled = "SELECT array_agg(DISTINCT tgenabled::text) FROM pg_trigger WHERE tgname = :name"
    assert ask(reader, enabled, name="incident_coarsen_warning") == ["O"]


def indexes(engine: Engine) -> set[tuple[str, str]]:
    """Every index of the tables of the city, with the partitions of theirs."""
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT pg_get_indexdef(indexrelid), coalesce(pg_get_constraintdef(c.oid), '')"
                " FROM pg_index LEFT JOIN pg_constraint c ON c.conindid = indexrelid"
                " WHERE indrelid::regclass::text ~ '^(incident|report_receipt)'"
            )
        )
        return {(row[0], row[1]) for row in rows}


def test_a_load_leaves_every_index_as_it_was(engine: Engine, test_city_bundle: Path) -> None:
    before = indexes(engine)
    service.load_bundle(engine, test_city_bundle, Silent(), utc_now())
    assert indexes(engine) == before
    assert len(before) > 100
    invalid = "SELECT count(*) FROM pg_index WHERE NOT (indisvalid AND indisready)"
    assert ask(engine, invalid) == 0


def test_cases_are_the_same_however_many_are_read_at_once(test_city_bundle: Path) -> None:
    cells = pq.read_table(test_city_bundle / "areas.parquet", columns=["code"])["code"].to_numpy()
    places = np.sort(cells)
    coarse = rows.CoarsePlaces(places, places * 1e-14, places * 1e-14, places * 0.0 + 10.0)
    manifest = bundle.read_manifest(test_city_bundle)
    now = utc_now()
    shift = timeline.shift_to(manifest.anchor_on, now)

    def read(at_once: int) -> tuple[list[dict[str, pa.Table]], int]:
        parts = list(rows.read_cases(test_city_bundle, shift, now, coarse, at_once=at_once))
        return [part.tables for part in parts], sum(part.later for part in parts)

    whole, later = read(10_000)
    parts, later_of_parts = read(7)
    assert len(whole) == 1 and len(parts) == -(-3_000 // 7)
    assert later == later_of_parts > 0
    for table, expected in whole[0].items():
        found = pa.concat_tables(part[table] for part in parts)
        assert found.to_pylist() == expected.to_pylist(), table


def assert_numbers_go_on(engine: Engine) -> None:
    last = ask(engine, "SELECT max(no) FROM incident")
    assert ask(engine, "SELECT nextval('incident_no_seq')") == last + 1
    for table in ("area", "station", "duty_unit", "boundary_version"):
        following = ask(engine, f"SELECT nextval(pg_get_serial_sequence('{table}', 'id'))")
        assert following == ask(engine, f"SELECT max(id) + 1 FROM {table}"), table


def test_numbers_go_on_after_the_last(engine: Engine) -> None:
    assert_numbers_go_on(engine)


def test_the_year_moves_with_now(engine: Engine, test_city_bundle: Path) -> None:
    before = ask(engine, "SELECT min(reported_at) FROM incident")
    now = utc_now() + timedelta(weeks=30)
    report = service.load_bundle(engine, test_city_bundle, Silent(), now)
    after = ask(engine, "SELECT min(reported_at) FROM incident")
    assert after - before in {timedelta(weeks=29), timedelta(weeks=30), timedelta(weeks=31)}
    assert report.shift_weeks * timedelta(weeks=1) >= after - before - timedelta(weeks=1)
    assert ask(engine, "SELECT max(at) FROM incident_event") <= now
    assert now - ask(engine, "SELECT max(reported_at) FROM incident") < timedelta(days=2)
    span = "SELECT bool_and(valid @> (SELECT min(occurred_at) FROM incident)) FROM"
    for table in ("area", "station", "duty_unit", "assignment", "category", "boundary_version"):
        assert ask(engine, f"{span} {table}"), table


def test_loading_twice_gives_the_same_city_under_a_new_version_and_epoch(
    engine: Engine, test_city_bundle: Path
) -> None:
    now = utc_now()
    service.load_bundle(engine, test_city_bundle, Silent(), now)
    first, epoch = contents(engine), ask(engine, "SELECT epoch FROM stream_state")
    again = service.load_bundle(engine, test_city_bundle, Silent(), now)
    second = contents(engine)
    # Tiles are kept for ever under the version, so a number is never used twice.
    changed = {table for table in first if first[table] != second[table]}
    assert changed == {"boundary_version", "stream_state"}
    assert ask(engine, "SELECT count(*) FROM boundary_version") == 1
    assert ask(engine, "SELECT id FROM boundary_version") == again.boundary_version
    assert ask(engine, "SELECT epoch FROM stream_state") != epoch


def test_the_stream_forgets_what_the_old_city_told(engine: Engine, test_city_bundle: Path) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO outbox (topic, area_code, audience, payload)"
                " VALUES ('incident.reported', 620111001001001, 'cases', '{}')"
            )
        )
    service.load_bundle(engine, test_city_bundle, Silent(), utc_now())
    assert ask(engine, "SELECT count(*) FROM outbox") == 0
    assert ask(engine, "SELECT count(*) FROM stream_event") == 0


class StopAt:
    """Cancels at the named step."""

    def __init__(self, name: str) -> None:
        self.name = name

    def step(self, name: str, done: int, total: int) -> None:
        """Cancel when it is time."""
        if name == self.name:
            raise Cancelled


@pytest.mark.parametrize(
    "step",
    ["read cases", "load area", "load incident_event", "index incident", "finish", "analyze"],
)
def test_a_cancelled_load_leaves_the_old_city(
    engine: Engine, test_city_bundle: Path, step: str
) -> None:
    before = contents(engine)
    with pytest.raises(Cancelled):
        service.load_bundle(engine, test_city_bundle, StopAt(step), utc_now())
    assert contents(engine) == before


@pytest.mark.parametrize(
    "step", ["load area ", "load incident_event ", "index incident_event 300/", "finish 3/"]
)
def test_a_load_killed_halfway_leaves_the_old_city(
    engine: Engine, database: URL, test_city_bundle: Path, step: str
) -> None:
    for _ in range(3):
        handed_out = ask(engine, "SELECT nextval('incident_no_seq')")
    before = contents(engine)
    url = database.render_as_string(hide_password=False)
    loader = subprocess.Popen(
        [sys.executable, "-m", "tests.app.city.slow_load", url, str(test_city_bundle)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert loader.stdout is not None and loader.stdin is not None
    reached = False
    for line in loader.stdout:
        reached = line.startswith(step)
        if reached:
            break
        loader.stdin.write("\n")
        loader.stdin.flush()
    assert reached
    loader.kill()
    loader.wait()
    # The tables are locked until PostgreSQL has seen that the loader is gone.
    assert contents(engine) == before
    assert ask(engine, "SELECT nextval('incident_no_seq')") == handed_out + 1
    service.load_bundle(engine, test_city_bundle, Silent(), utc_now())


@pytest.fixture
def damaged(test_city_bundle: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "damaged"
    shutil.copytree(test_city_bundle, copy)
    return copy


@pytest.mark.parametrize("file", ["manifest.json", "areas.parquet", "incident_events.parquet"])
def test_a_bundle_without_a_file_is_refused(engine: Engine, damaged: Path, file: str) -> None:
    before = contents(engine)
    (damaged / file).unlink()
    with pytest.raises(BundleError, match=file):
        service.load_bundle(engine, damaged, Silent(), utc_now())
    assert contents(engine) == before


def test_a_truncated_file_is_refused(engine: Engine, damaged: Path) -> None:
    before = contents(engine)
    path = damaged / "duty_units.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BundleError, match="duty_units"):
        service.load_bundle(engine, damaged, Silent(), utc_now())
    assert contents(engine) == before


def test_rows_that_the_database_refuses_leave_the_old_city(engine: Engine, damaged: Path) -> None:
    before = contents(engine)
    path = damaged / "assignments.parquet"
    table = pq.read_table(path)
    pq.write_table(table.slice(0, 1).set_column(0, "unit_id", [[10**12]]), path)
    with pytest.raises(BundleError, match="assignment"):
        service.load_bundle(engine, damaged, Silent(), utc_now())
    assert contents(engine) == before


def rewritten(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """A file of the bundle with other rows."""
    pq.write_table(change(pq.read_table(path)), path)


@pytest.mark.parametrize("file", ["incidents", "incident_events"])
def test_cases_out_of_order_are_refused(engine: Engine, damaged: Path, file: str) -> None:
    before = contents(engine)
    rewritten(damaged / f"{file}.parquet", lambda table: table.take(np.arange(len(table))[::-1]))
    with pytest.raises(BundleError, match=rf"{file}.parquet.* order"):
        service.load_bundle(engine, damaged, Silent(), utc_now())
    assert contents(engine) == before


def test_a_case_outside_every_cell_is_refused(engine: Engine, damaged: Path) -> None:
    def moved(table: pa.Table) -> pa.Table:
        at = table.column_names.index("cell_code")
        codes = [990100001001001, *table.column("cell_code").to_pylist()[1:]]
        return table.set_column(at, "cell_code", pa.array(codes, pa.int64()))

    rewritten(damaged / "incidents.parquet", moved)
    with pytest.raises(BundleError, match="990100001001001"):
        service.load_bundle(engine, damaged, Silent(), utc_now())


def test_an_id_that_stands_twice_is_refused(engine: Engine, damaged: Path) -> None:
    """Keys are looked at when all rows are there; nothing stays of a load that fails there."""
    before = contents(engine)

    def doubled(table: pa.Table) -> pa.Table:
        ids = table.column("id").to_pylist()
        at = table.column_names.index("id")
        return table.set_column(at, "id", pa.array([ids[1], *ids[1:]]))

    rewritten(damaged / "incidents.parquet", doubled)
    with pytest.raises(BundleError, match="report_receipt"):
        service.load_bundle(engine, damaged, Silent(), utc_now())
    assert contents(engine) == before


def set_words(table: pa.Table, column: str, words: list[str | None]) -> pa.Table:
    """A table with another column of words."""
    return table.set_column(table.column_names.index(column), column, pa.array(words, pa.string()))


@pytest.mark.parametrize(
    ("file", "column", "word"),
    [
        ("incidents", "id", "0a1b2c3d-0000-0000-0000-00000000000g"),
        ("incidents", "id", "0a1b2c3d00000000000000000000000000000000"),
        ("incidents", "category", "x110"),
        ("incident_events", "step", "dance"),
        ("incident_events", "status", "danced"),
        ("incident_events", "tier", "heaven"),
    ],
)
def test_words_that_nobody_knows_are_refused(
    engine: Engine, damaged: Path, file: str, column: str, word: str
) -> None:
    """The file and the column are named, and nothing stays."""
    before = contents(engine)

    def changed(table: pa.Table) -> pa.Table:
        return set_words(table, column, [word, *table.column(column).to_pylist()[1:]])

    rewritten(damaged / f"{file}.parquet", changed)
    with pytest.raises(BundleError, match=rf"{file}.parquet.*{column}"):
        service.load_bundle(engine, damaged, Silent(), utc_now())
    assert contents(engine) == before


def test_the_past_is_what_the_log_says_whatever_the_course(engine: Engine, damaged: Path) -> None:
    """Suspended, opened again, and events of a case in any order: as folded from the log."""
    seed = np.random.default_rng(5)

    def changed(table: pa.Table) -> pa.Table:
        steps, states = (table.column(name).to_pylist() for name in ("step", "status"))
        for row in np.flatnonzero(np.array(steps) == "handle")[::3]:
            steps[row], states[row] = "suspend", "suspended"
        for row in np.flatnonzero(np.array(steps) == "acknowledge")[1::5]:
            steps[row], states[row] = "close", "closed"
        table = set_words(set_words(table, "step", steps), "status", states)
        no = table.column("no").to_numpy()
        return table.take(np.lexsort((seed.random(len(no)), no)))

    rewritten(damaged / "incident_events.parquet", changed)
    service.load_bundle(engine, damaged, Silent(), utc_now())
    assert checking.differences(engine) == []
    suspended = "SELECT count(*) FROM case_past WHERE status = 9"
    assert ask(engine, suspended) > 100
    reopened = "SELECT count(*) FROM incident_event a JOIN incident_event b USING (no)"
    assert ask(engine, f"{reopened} WHERE a.status = 'closed' AND b.ordinal > a.ordinal") > 100


def test_a_city_without_a_case_can_be_loaded(engine: Engine, damaged: Path) -> None:
    for file in ("incidents", "incident_events"):
        rewritten(damaged / f"{file}.parquet", lambda table: table.slice(0, 0))
    report = service.load_bundle(engine, damaged, Silent(), utc_now())
    assert report.rows.get("incident", 0) == 0
    assert ask(engine, "SELECT count(*) FROM incident") == 0


def test_a_manifest_of_another_format_is_refused(engine: Engine, damaged: Path) -> None:
    path = damaged / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 2}))
    with pytest.raises(BundleError, match="format 2"):
        service.load_bundle(engine, damaged, Silent(), utc_now())


def test_an_empty_database_can_be_loaded(empty_database: URL, test_city_bundle: Path) -> None:
    engine = make_engine(empty_database)
    assert service.city_status(engine, utc_now()) is None
    report = service.load_bundle(engine, test_city_bundle, Silent(), utc_now())
    status = service.city_status(engine, utc_now())
    assert status is not None and status.demo and status.incidents == report.rows["incident"]
    assert report.rows["incident"] + report.later_incidents == 3_000
    engine.dispose()


def test_viewers_are_told_to_begin_anew(server: ServerProcess, test_city_bundle: Path) -> None:
    engine = make_engine(server.database_url)
    with httpx.stream("GET", f"{server.base_url}/api/v1/stream", timeout=30) as stream:
        lines = stream.iter_lines()
        assert "event: hello" in next(line for line in lines if line.startswith("event:"))
        service.load_bundle(engine, test_city_bundle, Silent(), utc_now())
        assert "event: reset" in next(line for line in lines if line.startswith("event:"))
    assert httpx.get(f"{server.base_url}/api/v1/city", timeout=10).json()["counts"]["cell"] == 336
    engine.dispose()

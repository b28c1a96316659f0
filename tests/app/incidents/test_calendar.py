"""A year of working days over HTTP and on the command line: shown, tried, taken, refused.

Seen to fail: the killed taking, without its task; the second year, with the file as it was.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import URL, Engine, text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import DATA_DIR, reading, writing
from app.core.errors import Problem
from app.identity.deps import get_now
from app.identity.rules import Role
from app.incidents.calendar import service
from app.incidents.calendar.writing import write_taken
from app.incidents.clocks import statutory
from app.incidents.clocks.limits import ZONE
from app.incidents.clocks.own_days import OwnDays
from app.incidents.clocks.workdays import CityCalendar, city_calendar, untaken_year
from app.incidents.reading import checking
from app.incidents.rules import Step
from app.incidents.steps import service as steps
from tests import staff
from tests.app.identity.canary import client_of
from tests.app.incidents.reports import a_report
from tests.conftest import run_command
from tests.server import serving
from tests.waiting import wait_until

PATH = "/api/v1/calendar"
CSV = {"Content-Type": "text/csv; charset=utf-8"}
YEAR = datetime.now(UTC).year + 1
"""A year to come: cases of today with long limits reach into it, whatever day it is."""


@pytest.fixture
def folder(own_context: Context, tmp_path: Path) -> Iterator[Path]:
    """The data dir of the city, of this test's own."""
    settings = own_context.settings.model_copy(update={"data_dir": tmp_path})
    object.__setattr__(own_context, "settings", settings)
    yield tmp_path


@pytest.fixture
def city(own_client: TestClient, folder: Path) -> TestClient:
    """The test admin's client of a city whose data lie in a folder of its own."""
    assert list(folder.iterdir()) == []
    return own_client


def a_year(year: int, *more: dict[str, str]) -> dict[str, Any]:
    """A year as it is expected, as JSON."""
    days = [
        {"day": str(day), "kind": "holiday", "note": name}
        for day, name in statutory.free_weekdays(year).items()
    ]
    return {"note": "after the notice", "days": [*days, *more]}


def as_csv(year: int, given: dict[str, Any]) -> str:
    """The same as a file."""
    lines = [f"{one['day']},{one['kind']},{one['note']}" for one in given["days"]]
    return "\n".join(["day,kind,note", f"{year},covered,{given['note']}", *lines, ""])


def take(client: TestClient, given: Any, year: int = YEAR, **words: Any) -> Any:
    """The answer to whoever takes a year."""
    return client.put(f"{PATH}/{year}", json=given, params=words)


def next_days_free(count: int) -> dict[str, Any]:
    """A year in which so many days from 1 January on are free."""
    days = [date(YEAR, 1, 1) + timedelta(days=n) for n in range(count)]
    return {"days": [{"day": str(day), "kind": "holiday"} for day in days]}


def a_long_case(engine: Engine, report: Callable[[dict[str, Any]], Any]) -> int:
    """The number of a case that is registered now and due in January of the next year.

    Args:
        report: sends a report and gives the answer.
    """
    today = datetime.now(UTC).astimezone(ZONE).date()
    days = (date(YEAR, 1, 20) - today).days
    limit = sum(CityCalendar().is_working(today + timedelta(days=n)) for n in range(1, days))
    with writing(engine) as session:
        session.execute(
            text('UPDATE filing_line SET "limit" = :limit, unit = :unit WHERE code = :code'),
            {"limit": limit, "unit": "work_day", "code": "0110"},
        )
    no: int = report(a_report(category="0110")).json()["no"]
    with writing(engine) as session:
        steps.advance(session, no, Step.REGISTER, datetime.now(UTC))
    return no


def test_the_days_of_years(city: TestClient) -> None:
    """Published, expected, and one that nobody can tell."""
    published = city.get(f"{PATH}/2026").json()
    assert (published["source"], published["is_provisional"]) == ("national", False)
    assert {"day": "2026-10-10", "kind": "working", "source": "national", "note": "国庆节"} in (
        published["days"]
    )
    expected = city.get(f"{PATH}/2029").json()
    assert (expected["source"], expected["is_provisional"]) == ("provisional", True)
    assert len(expected["days"]) == 13
    assert city.get(f"{PATH}/2100").status_code == 404
    for year in ("1899", "3000", "x", "2027.5"):
        answer = city.get(f"{PATH}/{year}")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "year")


def test_a_year_is_tried_and_taken(city: TestClient, own_context: Context, folder: Path) -> None:
    """The trial says which deadline moves from when to when and leaves everything; then it is so,
    in the file, on the case, and in the audit."""
    no = a_long_case(own_context.engine, lambda body: city.post("/api/v1/incidents", json=body))
    before = city.get(f"/api/v1/incidents/no/{no}").json()["clock"]
    assert before["is_provisional"] is True
    given = next_days_free(60)
    tried = take(city, given, dry_run=True).json()
    assert (tried["taken"], tried["days"]) == (False, 60)
    assert 0 < tried["moved"] <= tried["examined"]
    (moved,) = [item for item in tried["items"] if item["no"] == no]
    assert moved["due_before"] == before["due_at"] < moved["due_after"]
    assert list(folder.iterdir()) == []
    assert take(city, given).json() == tried | {"taken": True}
    after = city_calendar(folder)
    assert not after.is_working(date(YEAR, 2, 26)) and not after.is_provisional(YEAR)
    assert [path.name for path in folder.iterdir()] == ["working_days.csv"]
    shown = city.get(f"{PATH}/{YEAR}").json()
    assert (shown["source"], len(shown["days"])) == ("city", 60)
    audit = city.get("/api/v1/audit", params={"kind": "working_days_taken"}).json()["items"]
    assert [(row["account"], row["detail"]) for row in audit] == [
        (staff.ADMIN, f"{YEAR}, 60 days, {tried['moved']} deadlines moved")
    ]
    again = take(city, given, dry_run=True).json()
    assert again["moved"] == 0 and again["examined"] > 0


def test_as_csv_and_as_json_it_is_the_same(city: TestClient, folder: Path) -> None:
    """One file in the end; what the city said of other years stays, and of this year goes."""
    (folder / "working_days.csv").write_text(
        f"day,kind,note\n2026-12-07,holiday,city day\n{YEAR}-03-03,working,old\n", encoding="utf-8"
    )
    given = a_year(YEAR, {"day": f"{YEAR}-12-25", "kind": "holiday", "note": "说明, 带逗号"})
    assert take(city, given).status_code == 200
    first = (folder / "working_days.csv").read_bytes()
    quoted = as_csv(YEAR, given).replace("说明, 带逗号", '"说明, 带逗号"').encode()
    answer = city.put(f"{PATH}/{YEAR}", content=quoted, headers=CSV)
    assert answer.json()["worked_holidays"] == []
    assert (folder / "working_days.csv").read_bytes() == first
    lines = first.decode().splitlines()
    assert lines[:2] == ["day,kind,note", "2026-12-07,holiday,city day"]
    assert f"{YEAR},covered,after the notice" in lines
    assert f"{YEAR}-03-03,working,old" not in lines
    assert city.get(f"{PATH}/{YEAR}").json()["note"] == "after the notice"


def test_forgotten_holidays_are_named(city: TestClient) -> None:
    """A year without them may be taken, but whoever tries it is told."""
    tried = take(city, {"days": []}, year=2029, dry_run=True).json()
    assert {"day": "2029-10-01", "name": "国庆节"} in tried["worked_holidays"]
    weekdays = [day for h in statutory.holidays(2029) for day in h.days if day.weekday() < 5]
    assert len(tried["worked_holidays"]) == len(weekdays)


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ("2027-01-01,holiday,\n2027-01-01,holiday,", "line 3, day", "given twice"),
        ("2027-01-01,holiday,\n2027-01-01,working,", "line 3, day", "both holiday and working"),
        ("2027-02-29,holiday,", "line 2, day", "not a day of the calendar"),
        ("2028-01-01,holiday,", "line 1, day", "is not of 2027"),
        ("2028,covered,", "line 1, day", "is not of 2027"),
        ("2027-01-01,free,", "line 2, kind", "none of holiday"),
        ("2027-01-01,holiday,a\x00b", "line 2, note", "no text"),
        ({"days": [{"day": "2027-01-01", "kind": "holiday"}] * 2}, "days.1.day", "given twice"),
        ({"days": [{"day": "2027-13-01", "kind": "holiday"}]}, "days.0.day", "not a day"),
        ({"days": [{"day": "1.1.2027", "kind": "holiday"}]}, "days.0.day", "such as"),
    ],
)
def test_days_that_are_refused(
    city: TestClient, folder: Path, body: Any, field: str, said: str
) -> None:
    """By line or place, in words; the trial refuses them, too, and nothing is written."""
    if isinstance(body, str):
        sent: dict[str, Any] = {"content": f"day,kind,note\n{body}\n".encode(), "headers": CSV}
    else:
        sent = {"json": body}
    for words in ({}, {"dry_run": True}):
        answer = city.put(f"{PATH}/2027", params=words, **sent)
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["field"]) == (422, field)
        assert said in error["message"]
    assert list(folder.iterdir()) == []


def test_what_is_no_year_is_refused(city: TestClient, folder: Path) -> None:
    """Other bodies, other kinds of body, years out of reach, words that the path does not know."""
    for body in ({}, {"days": 1}, {"days": [{"day": "2027-01-01", "kind": "free"}]},
                 {"days": [], "more": 1}, [], 7):  # fmt: skip
        assert take(city, body).status_code == 422, body
    columns = city.put(f"{PATH}/{YEAR}", content=b"day,kind\n", headers=CSV)
    assert columns.json()["errors"][0]["field"] == "line 1"
    for kind in ("text/plain", "multipart/form-data", "application/xml"):
        answer = city.put(f"{PATH}/{YEAR}", content=b"day", headers={"Content-Type": kind})
        assert answer.status_code == 415
    for year in (2003, 2100):
        assert take(city, {"days": []}, year=year).json()["errors"][0]["field"] == "year"
    assert take(city, {"days": []}, colour="red").json()["errors"][0]["field"] == "colour"
    assert city.put(f"{PATH}/{YEAR}", content=b"x" * 70_000, headers=CSV).status_code == 413
    assert list(folder.iterdir()) == []


def test_who_may(city: TestClient, own_context: Context, folder: Path) -> None:
    """Everybody reads it; the city's admin takes it, for the whole city only."""
    district = 620_111_000_000_000
    for role in Role:
        staff.add_account(own_context.engine, f"the_{role.value}", role, staff.CITY)
        with client_of(own_context, f"the_{role.value}") as client:
            assert client.get(f"{PATH}/{YEAR}").status_code == 200
            assert client.get(PATH).status_code == 200
            status = take(client, {"days": []}, dry_run=True).status_code
            assert status == (200 if role is Role.CITY_ADMIN else 403), role
    staff.add_account(own_context.engine, "part", Role.CITY_ADMIN, district)
    with client_of(own_context, "part") as client:
        answer = take(client, {"days": []})
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/outside-scope")
    assert list(folder.iterdir()) == []


def test_a_file_that_cannot_be_read_is_not_replaced(city: TestClient, folder: Path) -> None:
    """What somebody wrote by hand is mended by hand."""
    file = folder / "working_days.csv"
    file.write_text("day,kind,note\n2026-13-01,holiday,\n", encoding="utf-8")
    answer = take(city, {"days": []})
    assert answer.status_code == 503 and "line 2" in answer.json()["detail"]
    assert "2026-13-01" in file.read_text("utf-8")


@pytest.mark.parametrize(
    ("now", "taken", "expected"),
    [
        ("2026-09-30T15:59:59Z", [], None),
        ("2026-09-30T16:00:00Z", [], 2027),  # 1 October in the city
        ("2026-12-31T15:59:59Z", [], 2027),
        ("2026-12-31T16:00:00Z", [], 2027),
        ("2026-11-29T00:00:00Z", [2027], None),
        ("2027-10-01T00:00:00Z", [2027], 2028),
        ("2027-06-01T00:00:00Z", [2027], None),
    ],
)
def test_from_october_on_the_city_is_told(
    city: TestClient, folder: Path, now: str, taken: list[int], expected: int | None
) -> None:
    """Of the next year, until it is taken; of the present one all year round."""
    at = datetime.fromisoformat(now)
    years = "".join(f"{year},covered,\n" for year in taken)
    (folder / "working_days.csv").write_text(f"day,kind,note\n{years}", encoding="utf-8")
    city.app.dependency_overrides[get_now] = lambda: at  # type: ignore[attr-defined]
    assert city.get(PATH).json() == {"untaken_year": expected}
    if not taken:
        assert untaken_year(CityCalendar(), at) == expected


def test_every_server_notices(database: URL, tmp_path: Path, own_context: Context) -> None:
    """Taken by the command line, the next answer of a server that runs already goes by it."""
    env = {
        "MINQING_DATA_DIR": str(tmp_path),
        "MINQING_DATABASE_URL": database.render_as_string(hide_password=False),
    }
    file = tmp_path / "given.csv"
    file.write_text(as_csv(YEAR, a_year(YEAR)), encoding="utf-8")
    with serving(database, MINQING_DATA_DIR=str(tmp_path)) as server:
        incidents = f"{server.base_url}/api/v1/incidents"
        summary = f"{server.base_url}/api/v1/clocks/summary"
        a_long_case(own_context.engine, lambda body: staff.post(incidents, json=body))
        wait_until(lambda: staff.get(summary).json()["provisional"] > 0)
        url = f"{server.base_url}{PATH}/{YEAR}"
        assert staff.get(url).json()["is_provisional"] is True
        tried = run_command("clock", "year", str(YEAR), str(file), "--dry-run", env=env)
        assert (tried.returncode, tried.stderr) == (0, "")
        assert f"{YEAR} would be taken: 0 of " in tried.stdout
        assert staff.get(url).json()["is_provisional"] is True
        taken = run_command("clock", "year", str(YEAR), str(file), env=env)
        assert taken.returncode == 0 and f"{YEAR} is taken" in taken.stdout
        assert staff.get(url).json()["source"] == "city"
        # The reading model is written anew behind the scenes.
        wait_until(lambda: staff.get(summary).json()["provisional"] == 0)
    shown = run_command("clock", "calendar", str(YEAR), env=env)
    assert shown.stdout.splitlines()[0] == f"{YEAR}: city"
    assert len(shown.stdout.splitlines()) == 1 + len(a_year(YEAR)["days"])
    with writing(own_context.engine) as session:
        kinds = session.scalars(text("SELECT kind FROM audit_row WHERE account IS NULL")).all()
    assert "working_days_taken" in kinds


LOCK = "SELECT pg_advisory_xact_lock(hashtext('minqing.working_days'))"


def waiting_for_days(engine: Engine) -> int:
    """How many transactions wait for their turn to change the city's days."""
    with reading(engine) as session:
        found = session.scalar(
            text(
                "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                " WHERE d.datname = current_database() AND l.locktype = 'advisory'"
                " AND NOT l.granted AND l.mode = 'ExclusiveLock' AND l.objid::bigint ="
                " hashtext('minqing.working_days')::bigint & 4294967295"
            )
        )
    return int(found or 0)


def test_killed_between_audit_and_file(database: URL, tmp_path: Path, own_context: Context) -> None:
    """kill -9 once the year is taken, before the file is written: the next server writes it."""
    engine, folder = own_context.engine, {"MINQING_DATA_DIR": str(tmp_path)}
    with (
        serving(database, **folder) as server,
        psycopg.connect(own_context.conninfo) as first,
        psycopg.connect(own_context.conninfo) as second,
        ThreadPoolExecutor(2) as pool,
    ):
        no = a_long_case(
            engine, lambda body: staff.post(f"{server.base_url}/api/v1/incidents", json=body)
        )
        first.execute(LOCK)
        admin = staff.Client(base_url=server.base_url, timeout=60)
        taking = pool.submit(admin.put, f"{PATH}/{YEAR}", json=next_days_free(60))
        wait_until(lambda: waiting_for_days(engine) == 1)
        # In line behind the taking and before the writing.
        between = pool.submit(second.execute, LOCK)
        wait_until(lambda: waiting_for_days(engine) == 2)
        first.rollback()
        between.result()
        wait_until(lambda: waiting_for_days(engine) > 0)
        server.kill()
        with pytest.raises(staff.TransportError):
            taking.result()
    assert list(tmp_path.glob("working_days*")) == []
    with reading(engine) as session:
        assert session.scalar(text(TAKEN_ROWS)) == 1
    with serving(database, **folder) as server:
        wait_until(lambda: staff.get(f"{server.base_url}{PATH}/{YEAR}").json()["source"] == "city")
        case = f"{server.base_url}/api/v1/incidents/no/{no}"
        assert staff.get(case).json()["clock"]["is_provisional"] is False
        # The reading model follows the file, not the one of before.
        here = engine.execution_options(**{DATA_DIR: tmp_path})
        wait_until(lambda: no not in {one.no for one in checking.differences(here)})
    assert not city_calendar(tmp_path).is_working(date(YEAR, 2, 26))
    with reading(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM taken_days")) == 0
        assert session.scalar(text(TAKEN_ROWS)) == 1


TAKEN_ROWS = "SELECT count(*) FROM audit_row WHERE kind = 'working_days_taken'"


def test_a_year_taken_after_one_that_is_not_written_keeps_it(
    city: TestClient, own_context: Context, folder: Path
) -> None:
    """What was taken counts, although the file does not have it yet."""
    first, second = OwnDays().with_year(YEAR, (), "one"), OwnDays().with_year(YEAR + 1, (), "two")
    for year, days in ((YEAR, first), (YEAR + 1, second)):
        with writing(own_context.engine) as session:
            service.take(
                session, None, folder, year=year, days=days, now=datetime.now(UTC), dry_run=False
            )
    write_taken(own_context.engine, folder)
    assert city_calendar(folder).own.covered == {YEAR: "one", YEAR + 1: "two"}
    assert not write_taken(own_context.engine, folder)
    assert city.get(f"{PATH}/{YEAR}").json()["note"] == "one"


def test_what_could_not_be_written_is_not_taken(
    city: TestClient, own_context: Context, folder: Path
) -> None:
    """503, no row in the audit, nothing beside the file."""
    with writing(own_context.engine) as session:
        days = OwnDays().with_year(YEAR, (), "")
        with pytest.raises(Problem) as refused:
            (folder / "a file").touch()
            service.take(
                session, None, folder / "a file" / "beneath", year=YEAR, days=days,
                now=datetime.now(UTC), dry_run=False,
            )  # fmt: skip
        session.rollback()
    assert refused.value.status == 503
    assert city.get("/api/v1/audit", params={"kind": "working_days_taken"}).json()["items"] == []
    assert [path.name for path in folder.iterdir()] == ["a file"]


def test_the_command_refuses(database: URL, tmp_path: Path) -> None:
    """In sentences that name file and line, with exit code 1."""
    env = {
        "MINQING_DATA_DIR": str(tmp_path),
        "MINQING_DATABASE_URL": database.render_as_string(hide_password=False),
    }
    file = tmp_path / "given.csv"
    file.write_text("day,kind,note\n2027-01-01,holiday,\n2027-01-01,holiday,\n", encoding="utf-8")
    for words, said in (
        (("year", "2027", str(file)), "given.csv, line 3, day: 2027-01-01 is given twice"),
        (("year", "2027", str(tmp_path / "none.csv")), "cannot be read"),
        (("calendar", "2100"), "2100"),
    ):
        answer = run_command("clock", *words, env=env)
        assert (answer.returncode, answer.stdout) == (1, "")
        assert said in answer.stderr and "Traceback" not in answer.stderr
    assert not (tmp_path / "working_days.csv").exists()

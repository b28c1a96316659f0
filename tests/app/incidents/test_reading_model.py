"""The reading model over a database: every event of the demo's year, steps, faults, rewriting.

Seen to fail with the thing it guards removed: a deadline changed behind our back.
"""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from app.city import publishing
from app.core.clock import CITY_ZONE, utc_now
from app.core.context import Context
from app.core.db import reading, writing
from app.incidents.clocks import queries as clock_queries
from app.incidents.clocks.rules import ClockState, clock_of
from app.incidents.clocks.workdays import CityCalendar
from app.incidents.reading import checking, rewriting
from app.incidents.rules import Step
from app.incidents.steps import service as steps
from geodata.progress import Silent
from tests.app.incidents.reports import a_report

PATH = "/api/v1/incidents"


def execute(engine: Engine, statement: str, **words: Any) -> Any:
    """Run a statement as the owner."""
    with writing(engine) as session:
        return session.execute(text(statement), words)


def scalar(engine: Engine, statement: str, **words: Any) -> Any:
    """One value."""
    with reading(engine) as session:
        return session.scalar(text(statement), words)


def test_every_event_of_the_year(context: Context) -> None:
    """What was loaded, event by event: nothing differs, and nothing is missing."""
    assert checking.differences(context.engine) == []
    events = scalar(
        context.engine,
        "SELECT count(*) FROM (SELECT status, at, lead(at) OVER (PARTITION BY no ORDER BY ordinal)"
        " AS until FROM incident_event) e JOIN incident_status s USING (status)"
        " WHERE s.is_open AND until > at",
    )
    assert scalar(context.engine, "SELECT count(*) FROM case_past") == events > 10_000
    opened = "SELECT count(*) FROM incident JOIN incident_status USING (status) WHERE is_open"
    assert scalar(context.engine, "SELECT count(*) FROM case_now") == scalar(context.engine, opened)


@pytest.fixture
def case(own_context: Context, own_client: TestClient) -> int:
    """A fresh case, through its course to the check and back once, escalated, and handled."""
    no: int = own_client.post(PATH, json=a_report()).json()["no"]
    for step in (Step.REGISTER, Step.ASSIGN, Step.ACKNOWLEDGE, Step.ESCALATE, Step.ASSIGN,
                 Step.ACKNOWLEDGE, Step.HANDLE, Step.HAND_BACK, Step.CHECK, Step.RETURN,
                 Step.ASSIGN):  # fmt: skip
        take(own_context, no, step)
    return no


def take(context: Context, no: int, step: Step) -> None:
    """Take a step as a program."""
    with writing(context.engine) as session:
        reason = "because" if step in (Step.ESCALATE, Step.RETURN, Step.REOPEN) else None
        steps.advance(session, no, step, utc_now(), reason)


def test_each_step_writes_it(own_context: Context, case: int) -> None:
    """A row for now and one for each time before; none for the time in which it is closed."""
    engine = own_context.engine
    assert checking.differences(engine, since=utc_now() - timedelta(hours=1)) == []
    past = "SELECT count(*) FROM case_past WHERE no = :no"
    assert scalar(engine, past, no=case) == 11
    for step in (Step.ACKNOWLEDGE, Step.HANDLE, Step.HAND_BACK, Step.CHECK, Step.CLOSE):
        take(own_context, case, step)
    assert scalar(engine, "SELECT count(*) FROM case_now WHERE no = :no", no=case) == 0
    assert scalar(engine, past, no=case) == 16
    take(own_context, case, Step.REOPEN)
    assert scalar(engine, "SELECT status FROM case_now WHERE no = :no", no=case) == 4
    assert scalar(engine, past, no=case) == 16
    assert checking.differences(engine, since=utc_now() - timedelta(hours=1)) == []


FAULTS = {
    "row": "DELETE FROM case_now WHERE no = :no",
    "due_at": "UPDATE case_now SET due_at = due_at + interval '1 hour' WHERE no = :no",
    "waits_leaders": "UPDATE case_now SET waits_leaders = 5 WHERE no = :no",
    "tier": "UPDATE case_past SET tier = 5 WHERE no = :no AND version = 2",
    "until": "UPDATE case_past SET until = until + interval '1 s' WHERE no = :no AND version = 2",
}


@pytest.mark.parametrize("column", FAULTS)
def test_what_somebody_changes_behind_it_is_named(
    own_context: Context, case: int, column: str
) -> None:
    """By case, event and column; nothing is mended but by command, and then that alone."""
    engine = own_context.engine
    before = fingerprint(engine)
    execute(engine, FAULTS[column], no=case)
    for _ in range(2):
        found = checking.differences(engine, since=utc_now() - timedelta(hours=1))
        assert [(one.no, one.column) for one in found] == [(case, column)]
    with pytest.raises(rewriting.ReadingDiffers, match=f"case {case}, .*{column}"):
        rewriting.check(own_context, utc_now())
    assert checking.mend(engine, [case]) == found
    assert checking.differences(engine, since=utc_now() - timedelta(hours=1)) == []
    assert fingerprint(engine) == before


def fingerprint(engine: Engine) -> list[Any]:
    """Everything that both tables hold."""
    return [
        scalar(engine, f"SELECT md5(string_agg(t::text, '|' ORDER BY no, version)) FROM {table} t")
        for table in ("case_now", "case_past")
    ]


def test_limits_change_while_steps_go_on(
    own_context: Context, own_client: TestClient, tmp_path: Path
) -> None:
    """A hundred steps meet a standard with other limits from today on: in the end every row says
    what the log and the new limits say."""
    engine = own_context.engine
    nos = [own_client.post(PATH, json=a_report()).json()["no"] for _ in range(20)]
    file = tmp_path / "standard.csv"
    publishing.export_standard(engine, file, utc_now())
    content = file.read_text(encoding="utf-8-sig")
    file.write_text(content.replace(",4,work_hour,", ",9,work_hour,"), encoding="utf-8-sig")
    course = (Step.REGISTER, Step.ASSIGN, Step.ACKNOWLEDGE, Step.HANDLE, Step.HAND_BACK)

    def walk(no: int) -> None:
        for step in course:
            take(own_context, no, step)

    with ThreadPoolExecutor(4) as pool:
        walking = [pool.submit(walk, no) for no in nos]
        report = publishing.publish(
            engine, file, datetime.now(CITY_ZONE).date(), utc_now(), dry_run=False
        )
        assert report.written, report
        for each in walking:
            each.result()
    rewriting.rewrite(engine, report.effective_at, Silent())
    assert checking.differences(engine, since=utc_now() - timedelta(hours=1)) == []
    limit = "SELECT DISTINCT limit_thousandths FROM case_now WHERE no = ANY (:nos)"
    assert scalar(engine, limit, nos=nos) == 9_000


def test_publishing_a_standard_asks_for_it(own_context: Context, tmp_path: Path) -> None:
    """The task stands in the queue, with the day from which it counts."""
    file = tmp_path / "standard.csv"
    publishing.export_standard(own_context.engine, file, utc_now())
    today: date = datetime.now(CITY_ZONE).date()
    report = publishing.publish(own_context.engine, file, today, utc_now(), dry_run=False)
    asked = scalar(
        own_context.engine,
        "SELECT args ->> 'row_id' FROM jobs.procrastinate_jobs WHERE task_name = :name",
        name=rewriting.REWRITE,
    )
    assert int(asked) == int(report.effective_at.timestamp())


def test_an_upgrade_from_before_fills_it(own_context: Context) -> None:
    """Emptied, as a database of the version before has it, the next start writes the same."""
    from app.city import service as city

    before = fingerprint(own_context.engine)
    execute(own_context.engine, "TRUNCATE case_now, case_past")
    city.prepare_database(own_context.engine)
    assert fingerprint(own_context.engine) == before


def test_any_minute_of_the_year(context: Context, client: TestClient) -> None:
    """The figures of clocks as of random minutes: what folding every log up to then gives."""
    now = utc_now()
    with reading(context.engine) as session:
        rows = session.execute(
            text("SELECT no, at, ordinal, step, status, tier, until FROM incident_event")
        ).all()
        cases = session.execute(text("SELECT no, category, cell_code FROM incident")).all()
        limits = clock_queries.limits_of(session, {case.category for case in cases})
    logs: dict[int, list[Any]] = {}
    for row in rows:
        logs.setdefault(row.no, []).append(clock_queries.event_of(row))
    areas = [None, cases[0].cell_code // 10**6 * 10**6]
    chosen = random.Random(5)
    for _ in range(12):
        at = now - timedelta(minutes=chosen.randint(0, 300 * 1440))
        for area in areas:
            expected = Counter[str]()
            for case in cases:
                if area is None or case.cell_code // 10**6 * 10**6 == area:
                    log = [event for event in logs[case.no] if event.at <= at]
                    clock = clock_of(log, limits[case.category], CityCalendar(), at)
                    if clock.is_running:
                        expected.update({"running": 1, clock.state: 1, "paused": clock.is_paused})
                        expected["raw_overdue"] += clock.raw_state is ClockState.OVERDUE
            words = {"at": at.isoformat()} | ({"area": area} if area else {})
            found = client.get("/api/v1/clocks/summary", params=words).json()
            for name in ("running", "overdue", "due_soon", "ok", "no_limit", "raw_overdue"):
                assert found[name] == expected[name], (at, area, name)

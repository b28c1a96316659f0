"""The demo city's queues are not empty, and say what could have happened."""

from datetime import datetime

from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import reading
from app.mediation import queries as tables
from app.mediation import rules as at_table
from app.warnings import queries as warnings
from app.warnings import rules as visits

ORDER = list(visits.WarningStep)


def test_every_recent_fraud_case_is_a_warning(context: Context, client: TestClient) -> None:
    """With its police station and a log in order, nothing of it in the future."""
    now = utc_now()
    with reading(context.engine) as session:
        rows = session.execute(text("SELECT id, station_id FROM warning")).all()
        logs = warnings.logs(session, [row.id for row in rows])
    assert rows and all(row.station_id is not None for row in rows)
    assert set(logs) == {row.id for row in rows}
    for log in logs.values():
        steps = [ORDER.index(visits.WarningStep(event.step)) for event in log]
        instants: list[datetime] = [event.at for event in log]
        assert steps == sorted(steps) and instants == sorted(instants) and instants[-1] <= now
    page = client.get("/api/v1/warnings").json()
    assert page["total"] == len(rows) and page["items"]


def test_some_disputes_have_a_table(context: Context, client: TestClient) -> None:
    """Each log is one that the rules allow, and the row says what it comes to."""
    with reading(context.engine) as session:
        rows = session.execute(text("SELECT id, state FROM mediation")).all()
        logs = tables.logs(session, [row.id for row in rows])
    assert rows
    for row in rows:
        table = None
        for event in map(tables.event_of, logs[row.id]):
            if table is not None:
                assert at_table.why_not(table, at_table.Act(event.what)) is None
            table = at_table.apply(table, event)
        assert table is not None and table.state == row.state
    assert client.get("/api/v1/mediations").json()["total"] == len(rows)


def test_there_are_rooms(client: TestClient) -> None:
    """At every command post and sub-centre."""
    rooms = client.get("/api/v1/rooms").json()["items"]
    assert {room["station"]["kind"] for room in rooms} == {"command_post", "sub_centre"}
    assert len(rooms) == 7 + 2
